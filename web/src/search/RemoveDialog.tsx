// Removing a source asks first, because it cannot be undone.
import { useState } from 'preact/hooks';
import { Dialog } from '../components/Dialog';
import { whole } from '../i18n/numbers';
import { noticeFailure } from '../state/service';
import { problemOf } from './failures';
import { showToast } from '../state/ui';
import { searchApi, type Source } from './api';
import { refreshLibrary } from './state';
import { l } from './texts';

export function RemoveDialog({ source, onClose }: { source: Source; onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState('');
  const { name } = source;
  async function remove() {
    setBusy(true);
    try {
      await searchApi.remove(source.id);
      await refreshLibrary();
      onClose();
      showToast(l('removed', { name }));
    } catch (error) {
      noticeFailure(error);
      setProblem(l('didNotWork', { message: problemOf(error) }));
      setBusy(false);
    }
  }
  return (
    <Dialog title={l('removeTitle', { name })} onClose={onClose}>
      <p>{l('removeNote', { n: whole(source.documents) })}</p>
      <p class="field-problem" role="alert">
        {problem}
      </p>
      <div class="buttons">
        <button type="button" class="button" autoFocus onClick={onClose}>
          {l('cancel')}
        </button>
        <button type="button" class="button danger" disabled={busy} onClick={() => void remove()}>
          {l('remove')}
        </button>
      </div>
    </Dialog>
  );
}
