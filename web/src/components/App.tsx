// The page's frame: side bar, chat, dialogs, and the keys that work everywhere.
import { effect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { current, newChat, reloadAll, reportFailure } from '../state/chats';
import { online } from '../state/service';
import type { ChatSession } from '../state/session';
import {
  announcement,
  closeBeside,
  dialog,
  drawerOpen,
  focusComposer,
  focusSearch,
  inLibrary,
  isNarrow,
  labAddress,
  sidebarOpen,
  toggleSidebar,
} from '../state/ui';
import { ChatPane } from './ChatPane';
import { Dialogs } from './Dialogs';
import { Sidebar } from './Sidebar';
import { Toasts } from './Toasts';

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(?:input|textarea|select)$/i.test(target.tagName));

function openSearch() {
  toggleSidebar(true);
  focusSearch.value += 1;
}

function onKey(event: KeyboardEvent) {
  if (event.defaultPrevented || event.isComposing || dialog.peek() || document.querySelector('dialog[open]')) return;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (command && !event.shiftKey && key === 'k') {
    event.preventDefault();
    openSearch();
  } else if (command && event.shiftKey && key === 'o') {
    event.preventDefault();
    newChat();
  } else if (event.key === 'Escape') {
    if (drawerOpen.peek()) toggleSidebar(false);
    else if (closeBeside.peek()) closeBeside.peek()!();
    else if (current.peek().busy.peek()) current.peek().stop();
  } else if (event.key === '?' && !command && !isTyping(event.target)) {
    event.preventDefault();
    dialog.value = 'help';
  }
}

type Pane = ComponentType<{ session: ChatSession; inert: boolean; sidebarOpen: boolean }>;

/** What is fetched when it is opened; the chat itself is always there. */
const panes = {
  lab: async (): Promise<Pane> => (await import('../lab/LabPane')).LabPane,
  library: async (): Promise<Pane> => (await import('../search/LibraryPane')).LibraryPane,
  search: async (): Promise<Pane> => (await import('../search/SearchPane')).SearchPane,
};

type PaneName = keyof typeof panes;

function paneToShow(session: ChatSession): PaneName | null {
  if (labAddress.value !== null) return 'lab';
  if (inLibrary.value) return 'library';
  return session.hasSources.value ? 'search' : null;
}

function usePane(wanted: PaneName | null): Pane | null {
  const [fetched, setFetched] = useState<Partial<Record<PaneName, Pane>>>({});
  useEffect(() => {
    if (!wanted || fetched[wanted]) return;
    panes[wanted]().then((pane) => setFetched((known) => ({ ...known, [wanted]: pane })), reportFailure);
  }, [wanted]);
  return (wanted && fetched[wanted]) ?? null;
}

function useReloadWhenBack() {
  useEffect(() => {
    let was = online.peek();
    return effect(() => {
      const is = online.value;
      if (is && !was) queueMicrotask(reloadAll);
      was = is;
    });
  }, []);
}

export function App() {
  useReloadWhenBack();
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  const session = current.value;
  const title = session.title.value;
  const other = paneToShow(session);
  const talks = other === null || other === 'search';
  const Other = usePane(other);
  useEffect(() => {
    if (talks) document.title = title ? `${title} · Pioneer` : 'Pioneer';
  }, [title, talks]);
  const drawer = isNarrow.value && drawerOpen.value;
  const open = isNarrow.value ? drawer : sidebarOpen.value;

  return (
    <div class={`frame${open ? ' with-sidebar' : ''}`}>
      {talks && (
        <a
          class="skip"
          href="#message"
          onClick={(event) => {
            event.preventDefault();
            focusComposer.value += 1;
          }}
        >
          {t('skipToMessage')}
        </a>
      )}
      <Sidebar open={open} />
      {drawer && <div class="scrim" onClick={() => toggleSidebar(false)} />}
      {Other && <Other key={other === 'search' ? session.key : other} session={session} inert={drawer} sidebarOpen={open} />}
      {!other && <ChatPane key={session.key} session={session} inert={drawer} sidebarOpen={open} />}
      <Dialogs />
      <Toasts />
      <div class="visually-hidden" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </div>
  );
}
