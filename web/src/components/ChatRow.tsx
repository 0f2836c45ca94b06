// One chat in the side bar: open it, rename it in place, export or delete it.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { api, type ChatSummary } from '../api';
import { t } from '../i18n';
import { currentId, deleteChat, openChat, renameChat } from '../state/chats';
import { AskIcon, DownloadIcon, MoreIcon, PencilIcon, TrashIcon } from './icons';
import { Menu } from './Menu';

const kLongestTitle = 200;

function RenameBox({ chat, close }: { chat: ChatSummary; close: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  const closed = useRef(false);
  useLayoutEffect(() => {
    box.current?.focus();
    box.current?.select();
  }, []);

  function finish(save: boolean) {
    if (closed.current) return;
    closed.current = true;
    const title = box.current?.value.trim();
    if (save && title && title !== chat.title) void renameChat(chat.id, title);
    close();
  }

  return (
    <input
      ref={box}
      class="rename"
      aria-label={t('chatName')}
      maxLength={kLongestTitle}
      defaultValue={chat.title ?? ''}
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        if (event.isComposing || event.keyCode === 229) return;
        if (event.key === 'Enter') finish(true);
        if (event.key === 'Escape') {
          event.preventDefault();
          event.stopPropagation();
          finish(false);
        }
      }}
    />
  );
}

export function ChatRow({ chat }: { chat: ChatSummary }) {
  const [renaming, setRenaming] = useState(false);
  const row = useRef<HTMLLIElement>(null);
  const shown = currentId.value === chat.id;
  const title = chat.title || t('untitled');

  function endRename() {
    setRenaming(false);
    setTimeout(() => {
      if (document.activeElement === document.body) row.current?.querySelector('a')?.focus();
    });
  }

  if (renaming) {
    return (
      <li ref={row} class="chat-row renaming">
        <RenameBox chat={chat} close={endRename} />
      </li>
    );
  }
  return (
    <li ref={row} class={`chat-row${shown ? ' shown' : ''}`}>
      <a
        href={`#/c/${encodeURIComponent(chat.id)}`}
        title={title}
        aria-current={shown ? 'page' : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          openChat(chat.id);
        }}
      >
        {chat.search && <AskIcon />}
        {chat.search && <span class="visually-hidden">{t('searchPage')}: </span>}
        {title}
      </a>
      <Menu
        label={t('chatActions', { title })}
        buttonClass="icon-button small row-menu"
        button={<MoreIcon />}
        items={[
          { label: t('rename'), icon: <PencilIcon />, run: () => setRenaming(true) },
          { label: t('export'), icon: <DownloadIcon />, href: api.exportUrl(chat.id) },
          { label: t('delete'), icon: <TrashIcon />, danger: true, run: () => void deleteChat(chat) },
        ]}
      />
    </li>
  );
}
