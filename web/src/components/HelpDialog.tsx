// The keys, and which Pioneer this is.
import { t } from '../i18n';
import type { Key } from '../i18n/en';
import { service } from '../state/service';
import { Dialog } from './Dialog';

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const command = isMac ? '⌘' : 'Ctrl';

const keys: [Key, string[]][] = [
  ['keySend', ['Enter']],
  ['keyNewline', ['Shift', 'Enter']],
  ['keyStop', ['Esc']],
  ['keyEditLast', ['↑']],
  ['keySearch', [command, 'K']],
  ['keyNew', [command, 'Shift', 'O']],
  ['keyCitations', ['←', '→']],
  ['keyHelp', ['?']],
];

export function HelpDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('shortcuts')} onClose={onClose}>
      <dl class="keys">
        {keys.map(([key, parts]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>
              {parts.map((part) => (
                <kbd key={part}>{part}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <p class="hint">{t('version', { version: service.value?.version ?? '' })}</p>
    </Dialog>
  );
}
