// "2 / 3": leads through the siblings of an edited question or an answer given again.
import { t } from '../i18n';
import type { Message } from '../api';
import type { ChatSession } from '../state/session';
import { siblingsOf } from '../tree';
import { ChevronLeftIcon, ChevronRightIcon } from './icons';

export function Versions({ message, session }: { message: Message; session: ChatSession }) {
  const { index, ids } = siblingsOf(session.messages.value, message);
  if (ids.length < 2) return null;
  const show = (to: number) => session.showVersion(ids[to]!);
  const busy = session.busy.value;
  return (
    <div class="versions" role="group">
      <button
        type="button"
        class="icon-button small"
        aria-label={t('previousVersion')}
        disabled={busy || index <= 0}
        onClick={() => show(index - 1)}
      >
        <ChevronLeftIcon />
      </button>
      <span>{t('versionOf', { index: index + 1, count: ids.length })}</span>
      <button
        type="button"
        class="icon-button small"
        aria-label={t('nextVersion')}
        disabled={busy || index >= ids.length - 1}
        onClick={() => show(index + 1)}
      >
        <ChevronRightIcon />
      </button>
    </div>
  );
}
