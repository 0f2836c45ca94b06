// Makes sure before everything is deleted.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { deleteEverything } from '../state/chats';
import { messageOf } from '../state/service';
import { showToast } from '../state/ui';
import { Dialog } from './Dialog';

export function DeleteAllDialog({ onClose }: { onClose: () => void }) {
  const [problem, setProblem] = useState('');
  async function confirm() {
    try {
      await deleteEverything();
      onClose();
      showToast(t('deleteAllDone'));
    } catch (error) {
      setProblem(t('failed', { message: messageOf(error) }));
    }
  }
  return (
    <Dialog title={t('deleteAllTitle')} onClose={onClose}>
      <p>{t('deleteAllWarning')}</p>
      <p class="field-problem" role="alert">
        {problem}
      </p>
      <div class="buttons">
        <button type="button" class="button" autoFocus onClick={onClose}>
          {t('cancel')}
        </button>
        <button type="button" class="button danger" onClick={() => void confirm()}>
          {t('deleteAll')}
        </button>
      </div>
    </Dialog>
  );
}
