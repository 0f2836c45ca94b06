// The side bar: new chat, search, the list of chats by day, preferences and help.
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { ChatSummary } from '../api';
import { t } from '../i18n';
import type { Key } from '../i18n/en';
import { current, list, listState, loadMore, more, newChat, newSearch, query, refreshList } from '../state/chats';
import { service } from '../state/service';
import { dialog, drawerOpen, focusSearch, inLibrary, isNarrow, labAddress, toggleSidebar } from '../state/ui';
import { ChatRow } from './ChatRow';
import { AskIcon, CloseIcon, CurveIcon, GearIcon, HelpIcon, Logo, PlusIcon, SearchIcon, SidebarIcon } from './icons';

const kDay_ms = 86_400_000;

function groupOf(time: number): Key {
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (time >= midnight) return 'today';
  if (time >= midnight - kDay_ms) return 'yesterday';
  return time >= midnight - 7 * kDay_ms ? 'lastWeek' : 'older';
}

function groups(chats: ChatSummary[]): { name: Key; chats: ChatSummary[] }[] {
  const found: { name: Key; chats: ChatSummary[] }[] = [];
  for (const chat of chats) {
    const name = groupOf(chat.updated_at);
    const last = found.at(-1);
    if (last?.name === name) last.chats.push(chat);
    else found.push({ name, chats: [chat] });
  }
  return found;
}

function SearchBox() {
  const box = useRef<HTMLInputElement>(null);
  const asked = focusSearch.value;
  useLayoutEffect(() => {
    if (!asked) return;
    box.current?.focus();
    box.current?.select();
  }, [asked]);
  return (
    <div class="search" role="search">
      <SearchIcon />
      <input
        ref={box}
        type="text"
        inputMode="search"
        enterkeyhint="search"
        autoComplete="off"
        maxLength={200}
        aria-label={t('search')}
        placeholder={t('search')}
        value={query.value}
        onInput={(event) => (query.value = event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' || event.isComposing || !query.value) return;
          event.preventDefault();
          query.value = '';
        }}
      />
      {query.value && (
        <button type="button" class="icon-button small" aria-label={t('clearSearch')} onClick={() => (query.value = '')}>
          <CloseIcon />
        </button>
      )}
    </div>
  );
}

function ChatList() {
  if (listState.value === 'failed') {
    return (
      <div class="list-note" role="alert">
        <p>{t('listFailed')}</p>
        <button type="button" class="button" onClick={() => void refreshList()}>
          {t('retry')}
        </button>
      </div>
    );
  }
  if (!list.value.length) {
    if (listState.value === 'loading') return <div class="list-note" aria-busy="true" />;
    return <p class="list-note">{query.value ? t('noResults', { q: query.value }) : t('noChats')}</p>;
  }
  return (
    <>
      {groups(list.value).map((group) => (
        <section key={group.name} aria-labelledby={`group-${group.name}`}>
          <h2 class="group" id={`group-${group.name}`}>
            {t(group.name)}
          </h2>
          <ul>
            {group.chats.map((chat) => (
              <ChatRow key={chat.id} chat={chat} />
            ))}
          </ul>
        </section>
      ))}
      {more.value && (
        <button type="button" class="button quiet show-more" onClick={() => void loadMore()}>
          {t('showMore')}
        </button>
      )}
    </>
  );
}

export function Sidebar({ open }: { open: boolean }) {
  const closeButton = useRef<HTMLButtonElement>(null);
  const narrow = isNarrow.value;
  const inLab = labAddress.value !== null;
  const atSearch = inLibrary.value || (!inLab && current.value.searches.value && current.value.id.value === null);
  useEffect(() => {
    if (open && narrow && !focusSearch.peek()) closeButton.current?.focus();
  }, [open, narrow]);
  return (
    <nav class="sidebar" aria-label={t('chats')} inert={!open}>
      <div class="sidebar-head">
        <Logo />
        <span class="wordmark">{t('appName')}</span>
        <button
          ref={closeButton}
          type="button"
          class="icon-button"
          aria-label={t('closeSidebar')}
          title={t('closeSidebar')}
          onClick={() => toggleSidebar(false)}
        >
          {narrow ? <CloseIcon /> : <SidebarIcon />}
        </button>
      </div>
      <button type="button" class="new-chat" onClick={newChat}>
        <PlusIcon />
        {t('newChat')}
      </button>
      <a
        class="new-chat"
        href="#/search"
        aria-current={atSearch ? 'page' : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          newSearch();
        }}
      >
        <AskIcon />
        {t('searchPage')}
      </a>
      {(service.value?.administrator || inLab) && (
        <a
          class="new-chat"
          href="#/lab"
          aria-current={inLab ? 'page' : undefined}
          onClick={() => (drawerOpen.value = false)}
        >
          <CurveIcon />
          {t('lab')}
        </a>
      )}
      <SearchBox />
      <div class="chat-list">
        <ChatList />
      </div>
      <div class="sidebar-foot">
        <button type="button" class="foot-button" onClick={() => (dialog.value = 'preferences')}>
          <GearIcon />
          {t('preferences')}
        </button>
        <button
          type="button"
          class="icon-button"
          aria-label={t('help')}
          title={t('help')}
          onClick={() => (dialog.value = 'help')}
        >
          <HelpIcon />
        </button>
      </div>
    </nav>
  );
}
