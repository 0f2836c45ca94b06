// The shown chat: bar on top, messages (or a welcome), and the box to write in.
import { t } from '../i18n';
import { newChat } from '../state/chats';
import { online } from '../state/service';
import type { ChatSession } from '../state/session';
import { Composer } from './Composer';
import { Suggestions, Welcome } from './Welcome';
import { Thread } from './Thread';
import { TopBar } from './TopBar';

function Problem({ text, label, act }: { text: string; label: string; act: () => void }) {
  return (
    <div class="problem" role="alert">
      <p>{text}</p>
      <button type="button" class="button" onClick={act}>
        {label}
      </button>
    </div>
  );
}

function Content({ session }: { session: ChatSession }) {
  switch (session.loadState.value) {
    case 'loading':
      return (
        <div class="problem" aria-busy="true">
          <p class="late">{t('loading')}</p>
        </div>
      );
    case 'missing':
      return <Problem text={t('chatMissing')} label={t('newChat')} act={newChat} />;
    case 'failed':
      return <Problem text={t('loadFailed')} label={t('retry')} act={() => void session.load()} />;
    default:
      return <Thread session={session} />;
  }
}

interface Props {
  session: ChatSession;
  inert: boolean;
  sidebarOpen: boolean;
}

export function ChatPane({ session, inert, sidebarOpen }: Props) {
  const state = session.loadState.value;
  const usable = state === 'new' || state === 'ready';
  const empty = usable && !session.path.value.length && !session.pending.value;
  return (
    <div class={`pane${empty ? ' empty' : ''}`} inert={inert}>
      <TopBar session={session} sidebarOpen={sidebarOpen} />
      <main class="content" aria-label={t('conversation')}>
        <h1 class="visually-hidden">{session.title.value || t('newChat')}</h1>
        {!online.value && (
          <div class="banner" role="status">
            <span class="dot" />
            {t('offline')}
          </div>
        )}
        {empty ? <Welcome /> : <Content session={session} />}
        {usable && <Composer session={session} />}
        {empty && <Suggestions session={session} />}
      </main>
    </div>
  );
}
