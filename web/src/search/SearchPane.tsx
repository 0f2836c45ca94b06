// A conversation that searches: a start page with one question box, then questions and answers, with the
// passage that a citation names beside them.
import { useEffect } from 'preact/hooks';
import { AnswerView, type AnswerProps } from '../components/AnswerView';
import { ChatMenu, ModelPicker } from '../components/TopBar';
import { Composer } from '../components/Composer';
import { LibraryIcon, Logo, PlusIcon, SidebarIcon } from '../components/icons';
import { Thread } from '../components/Thread';
import { t } from '../i18n';
import { whole } from '../i18n/numbers';
import { newSearch } from '../state/chats';
import { online } from '../state/service';
import type { ChatSession } from '../state/session';
import { isNarrow, toggleSidebar } from '../state/ui';
import { Filters } from './Filters';
import { HoverCard } from './Hover';
import { PassagePanel } from './PassagePanel';
import { SearchAnswer } from './SearchAnswer';
import { adding, hidePassage, isAdministrator, library, libraryProblem, openPassage, refreshLibrary } from './state';
import { l } from './texts';
import './search.css';

function TopBar({ session, sidebarOpen }: { session: ChatSession; sidebarOpen: boolean }) {
  const id = session.id.value;
  return (
    <header class="topbar">
      {!sidebarOpen && (
        <button type="button" class="icon-button" aria-label={t('openSidebar')} title={t('openSidebar')} onClick={() => toggleSidebar(true)}>
          <SidebarIcon />
        </button>
      )}
      <ModelPicker session={session} />
      <span class="space" />
      <a class="button quiet with-icon" href="#/library" aria-label={l('library')} title={l('library')}>
        <LibraryIcon />
        <span>{l('library')}</span>
      </a>
      {id !== null && (
        <button type="button" class="icon-button" aria-label={l('newSearch')} title={l('newSearch')} onClick={() => newSearch()}>
          <PlusIcon />
        </button>
      )}
      {id !== null && session.loadState.value === 'ready' && <ChatMenu session={session} id={id} />}
    </header>
  );
}

/** What answers come from. */
function Basis({ web }: { web: boolean }) {
  const found = library.value;
  if (libraryProblem.value) {
    return (
      <p class="note" role="alert">
        {l('libraryFailed', { message: libraryProblem.value })}
      </p>
    );
  }
  if (!found) return <p class="note" />;
  const reading = found.sources.some(({ job }) => job?.state === 'running' || job?.state === 'waiting');
  const counts = { sources: whole(found.sources.length), documents: whole(found.documents) };
  return (
    <p class="note">
      {l(web ? 'startNoteWeb' : 'startNote')}
      <br />
      <a href="#/library">{l(found.sources.length === 1 ? 'basisOne' : 'basis', counts)}</a>
      {reading && ` · ${l('stillReading')}`}
    </p>
  );
}

function EmptyLibrary() {
  return (
    <div class="search-empty">
      <p>{l(isAdministrator.value ? 'emptyAdmin' : 'emptyVisitor')}</p>
      {isAdministrator.value && (
        <a class="button primary" href="#/library" onClick={() => (adding.value = true)}>
          {l('addFirst')}
        </a>
      )}
    </div>
  );
}

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

/** Answers of the model alone may stand among those that were searched for. */
function EitherAnswer(props: AnswerProps) {
  const { message, session, generation } = props;
  const growing = message.status === 'streaming' && session.searches.value;
  const searched = generation ? generation.searching : message.search != null || growing;
  return searched ? <SearchAnswer {...props} /> : <AnswerView {...props} />;
}

function Conversation({ session }: { session: ChatSession }) {
  const state = session.loadState.value;
  if (state === 'missing') return <Problem text={t('chatMissing')} label={l('newSearch')} act={() => newSearch()} />;
  if (state === 'failed') return <Problem text={t('loadFailed')} label={t('retry')} act={() => void session.load()} />;
  return <Thread session={session} Answer={EitherAnswer} />;
}

interface Props {
  session: ChatSession;
  inert: boolean;
  sidebarOpen: boolean;
}

export function SearchPane({ session, inert, sidebarOpen }: Props) {
  useEffect(() => {
    void refreshLibrary();
    return hidePassage;
  }, []);
  const state = session.loadState.value;
  const usable = state === 'new' || state === 'ready';
  const empty = usable && !session.path.value.length && !session.pending.value;
  const beside = openPassage.value;
  const found = library.value;
  const web = session.settings.value.search?.web === true;
  const searches = session.searches.value;
  const nothingThere = empty && searches && found !== null && !found.sources.length && !found.provider;
  return (
    <div class={`pane searches${empty ? ' empty' : ''}${beside ? ' with-passage' : ''}`} inert={inert}>
      <TopBar session={session} sidebarOpen={sidebarOpen} />
      <div class="search-body">
        <main class="content" aria-label={l('search')}>
          <h1 class="visually-hidden">{session.title.value || l('newSearch')}</h1>
          {!online.value && (
            <div class="banner" role="status">
              <span class="dot" />
              {t('offline')}
            </div>
          )}
          {empty ? (
            <div class="welcome">
              <Logo size={isNarrow.value ? 44 : 52} />
              <h2>{l(nothingThere ? 'emptyTitle' : 'startTitle')}</h2>
            </div>
          ) : (
            <Conversation session={session} />
          )}
          {nothingThere && <EmptyLibrary />}
          {usable && !nothingThere && (
            <div class="ask">
              {searches ? (
                <Composer session={session} label={l('askLabel')} placeholder={l(!empty ? 'followUpPlaceholder' : web ? 'askPlaceholderWeb' : 'askPlaceholder')} />
              ) : (
                <Composer session={session} />
              )}
              {searches && <Filters session={session} />}
            </div>
          )}
          {empty && !nothingThere && (
            <div class="suggestions">
              <Basis web={web} />
            </div>
          )}
          <HoverCard />
        </main>
        {beside && <PassagePanel shown={beside} />}
      </div>
    </div>
  );
}
