// Above the chat: side bar, model, settings of the chat, and what can be done with it.
import { api } from '../api';
import { formatNumber, t } from '../i18n';
import { deleteChat, newChat, reportFailure } from '../state/chats';
import { service } from '../state/service';
import type { ChatSession } from '../state/session';
import { dialog, isNarrow, toggleSidebar } from '../state/ui';
import { ChevronDownIcon, DownloadIcon, MoreIcon, PlusIcon, SidebarIcon, SlidersIcon, TrashIcon } from './icons';
import { Menu } from './Menu';

export function ModelPicker({ session }: { session: ChatSession }) {
  const models = service.value?.models ?? [];
  const chosen = session.model.value ?? models[0]?.id;
  if (!chosen) return null;
  return (
    <Menu
      label={`${t('model')}: ${chosen}`}
      buttonClass="model-button"
      button={
        <>
          <span>{chosen}</span>
          <ChevronDownIcon />
        </>
      }
      items={models.map((model) => ({
        label: model.id,
        hint: [model.description, t('tokensContext', { n: formatNumber(model.context_length) })]
          .filter(Boolean)
          .join(' · '),
        checked: model.id === chosen,
        run: () => void session.chooseModel(model.id).catch(reportFailure),
      }))}
    />
  );
}

export function ChatMenu({ session, id }: { session: ChatSession; id: string }) {
  const chat = { id, title: session.title.value, created_at: 0, updated_at: 0 };
  return (
    <Menu
      label={t('moreActions')}
      buttonClass="icon-button"
      button={<MoreIcon />}
      align="end"
      items={[
        { label: t('export'), icon: <DownloadIcon />, href: api.exportUrl(id) },
        { label: t('delete'), icon: <TrashIcon />, danger: true, run: () => void deleteChat(chat) },
      ]}
    />
  );
}

export function TopBar({ session, sidebarOpen }: { session: ChatSession; sidebarOpen: boolean }) {
  const id = session.id.value;
  const { thinking: _, ...settings } = session.settings.value; // that one is seen beside the message box
  const custom = Object.keys(settings).length > 0;
  return (
    <header class="topbar">
      {!sidebarOpen && (
        <button
          type="button"
          class="icon-button"
          aria-label={t('openSidebar')}
          title={t('openSidebar')}
          onClick={() => toggleSidebar(true)}
        >
          <SidebarIcon />
        </button>
      )}
      <ModelPicker session={session} />
      <span class="space" />
      {(!sidebarOpen || isNarrow.value) && id !== null && (
        <button type="button" class="icon-button" aria-label={t('newChat')} title={t('newChat')} onClick={newChat}>
          <PlusIcon />
        </button>
      )}
      <button
        type="button"
        class={`icon-button${custom ? ' marked' : ''}`}
        aria-label={custom ? `${t('chatSettings')} (${t('systemPromptSet')})` : t('chatSettings')}
        title={t('chatSettings')}
        onClick={() => (dialog.value = 'settings')}
      >
        <SlidersIcon />
      </button>
      {id !== null && session.loadState.value === 'ready' && <ChatMenu session={session} id={id} />}
    </header>
  );
}
