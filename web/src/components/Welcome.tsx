// What a new chat shows: a greeting, an honest word about the model, and questions to start with.
import { t } from '../i18n';
import type { Key } from '../i18n/en';
import { setDraft } from '../state/chats';
import type { ChatSession } from '../state/session';
import { Logo } from './icons';

const suggestions: Key[] = ['suggestion1', 'suggestion2', 'suggestion3', 'suggestion4'];

export function Welcome() {
  return (
    <div class="welcome">
      <Logo size={52} />
      <h2>{t('emptyTitle')}</h2>
    </div>
  );
}

export function Suggestions({ session }: { session: ChatSession }) {
  return (
    <div class="suggestions">
      <ul aria-label={t('suggestions')}>
        {suggestions.map((key) => (
          <li key={key}>
            <button
              type="button"
              class="suggestion"
              onClick={() => {
                setDraft('');
                void session.ask(t(key));
              }}
            >
              {t(key)}
            </button>
          </li>
        ))}
      </ul>
      <p class="note">{t('emptyNote')}</p>
    </div>
  );
}
