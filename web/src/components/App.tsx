// The page's frame: side bar, chat, dialogs, and the keys that work everywhere.
import { effect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { t } from '../i18n';
import { current, newChat, reloadAll, reportFailure } from '../state/chats';
import { online } from '../state/service';
import { announcement, dialog, drawerOpen, focusComposer, focusSearch, isNarrow, labAddress, sidebarOpen, toggleSidebar } from '../state/ui';
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
    else if (current.peek().busy.peek()) current.peek().stop();
  } else if (event.key === '?' && !command && !isTyping(event.target)) {
    event.preventDefault();
    dialog.value = 'help';
  }
}

type Pane = ComponentType<{ inert: boolean; sidebarOpen: boolean }>;

/** The lab is a page of its own, fetched when it is opened. */
function useLab(wanted: boolean): Pane | null {
  const [lab, setLab] = useState<Pane | null>(null);
  useEffect(() => {
    if (wanted && !lab) import('../lab/LabPane').then(({ LabPane }) => setLab(() => LabPane), reportFailure);
  }, [wanted]);
  return wanted ? lab : null;
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
  const inLab = labAddress.value !== null;
  const Lab = useLab(inLab);
  useEffect(() => {
    if (!inLab) document.title = title ? `${title} · Pioneer` : 'Pioneer';
  }, [title, inLab]);
  const drawer = isNarrow.value && drawerOpen.value;
  const open = isNarrow.value ? drawer : sidebarOpen.value;

  return (
    <div class={`frame${open ? ' with-sidebar' : ''}`}>
      {!inLab && (
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
      {Lab && <Lab inert={drawer} sidebarOpen={open} />}
      {!inLab && <ChatPane key={session.key} session={session} inert={drawer} sidebarOpen={open} />}
      <Dialogs />
      <Toasts />
      <div class="visually-hidden" role="status" aria-live="polite">
        {announcement.value}
      </div>
    </div>
  );
}
