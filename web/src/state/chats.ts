// The list in the side bar, the chat that is shown, and what can be done with a chat from outside it.
import { computed, effect, signal } from '@preact/signals';
import { ApiError, api, type ChatSummary } from '../api';
import { t } from '../i18n';
import { ChatSession } from './session';
import type { SearchSettings } from '../search/api';
import { messageOf, noticeFailure, whenOnline } from './service';
import { readDraft, writeDraft } from './storage';
import { firstSettings } from './thinking';
import { atNewSearch, drawerOpen, focusComposer, inLibrary, isNarrow, labAddress, showToast } from './ui';

const kPage = 50;
const kSearchPause_ms = 180;

export type ListState = 'loading' | 'ready' | 'failed';

export const list = signal<ChatSummary[]>([]);
export const more = signal(false);
export const listState = signal<ListState>('loading');
export const query = signal('');
const sessions = new Map<string, ChatSession>();

// --- drafts -------------------------------------------------------------------------------------

export const draft = signal('');

const draftOf = (session: ChatSession) => session.id.peek() ?? (session.searches.peek() ? 'search' : 'new');

export function setDraft(text: string) {
  draft.value = text;
  writeDraft(draftOf(current.peek()), text);
}

function giveBack(session: ChatSession, text: string) {
  if (session === current.peek()) {
    if (!draft.peek()) setDraft(text);
  } else {
    writeDraft(draftOf(session), text);
  }
}

// --- the chat that is shown -------------------------------------------------------------------------

const chatIdInHash = () => /^#\/c\/([^/?#]+)/.exec(location.hash)?.[1] ?? null;

function sessionChanged(session: ChatSession) {
  const id = session.id.peek();
  if (id === null) return;
  sessions.set(id, session);
  const elsewhere = labAddress.peek() !== null || inLibrary.peek();
  if (session === current.peek() && !elsewhere && chatIdInHash() !== encodeURIComponent(id)) {
    history.pushState(null, '', `#/c/${encodeURIComponent(id)}`);
  }
  const known = list.peek().find((chat) => chat.id === id);
  const now = Date.now();
  const search = session.searches.peek();
  const summary = { id, title: session.title.peek(), created_at: known?.created_at ?? now, updated_at: now, search };
  if (!query.peek() || known) list.value = [summary, ...list.peek().filter((chat) => chat.id !== id)];
}

function freshSession(search = false): ChatSession {
  const session = new ChatSession(null, sessionChanged, giveBack);
  session.settings.value = search ? { search: {} } : firstSettings();
  return session;
}

export const current = signal<ChatSession>(freshSession());
export const currentId = computed(() => current.value.id.value);

function sessionFor(id: string): ChatSession {
  let session = sessions.get(id);
  if (!session) {
    session = new ChatSession(id, sessionChanged, giveBack);
    sessions.set(id, session);
    void session.load();
  }
  return session;
}

function addressedId(): string | null {
  const encoded = chatIdInHash();
  try {
    return encoded === null ? null : decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/** What was being written here, before the service has answered. */
export function restoreDraft() {
  draft.value = readDraft(addressedId() ?? (atNewSearch() ? 'search' : 'new'));
}

/** Shows what the address names; called at the start and when the address changes. */
export function followAddress() {
  const id = addressedId();
  if (id !== null) {
    const session = sessionFor(id);
    if (session.loadState.peek() === 'failed' || session.loadState.peek() === 'missing') void session.load();
    current.value = session;
  } else if (current.peek().id.peek() !== null || current.peek().searches.peek() !== atNewSearch()) {
    current.value = freshSession(atNewSearch());
  }
  restoreDraft();
}

export function openChat(id: string) {
  location.hash = `#/c/${encodeURIComponent(id)}`;
  drawerOpen.value = false;
}

export function newChat() {
  if (!/^(?:#\/?)?$/.test(location.hash)) location.hash = '#/';
  else if (current.peek().id.peek() !== null || current.peek().searches.peek()) followAddress();
  drawerOpen.value = false;
  focusComposer.value += 1;
}

export function newSearch() {
  if (!atNewSearch()) location.hash = '#/search';
  if (current.peek().id.peek() !== null || !current.peek().searches.peek()) current.value = freshSession(true);
  drawerOpen.value = false;
  focusComposer.value += 1;
}

/** What was chosen to be searched, of chats that do not search now. */
const laidAside = new WeakMap<ChatSession, SearchSettings>();

/** Whether the next questions of a chat are answered from sources, or by the model alone. */
export async function setSearching(session: ChatSession, on: boolean): Promise<void> {
  const { search, ...others } = session.settings.peek();
  if (!on && search) laidAside.set(session, search);
  const isNew = session.id.peek() === null;
  if (isNew) writeDraft(draftOf(session), '');
  const saved = session.saveSettings(on ? { ...others, search: laidAside.get(session) ?? {} } : others);
  if (isNew) writeDraft(draftOf(session), draft.peek());
  await saved;
}

// --- the list -------------------------------------------------------------------------------------

let asked = 0;

export async function refreshList(): Promise<void> {
  const ticket = ++asked;
  try {
    const q = query.peek().trim();
    const page = await api.listChats(q ? { q, limit: kPage } : { limit: kPage });
    if (ticket !== asked) return;
    list.value = page.chats;
    more.value = page.more;
    listState.value = 'ready';
  } catch (error) {
    if (ticket !== asked) return;
    if (error instanceof ApiError && error.unreachable) {
      noticeFailure(error);
      await whenOnline();
      return refreshList();
    }
    noticeFailure(error);
    listState.value = 'failed';
  }
}

export async function loadMore(): Promise<void> {
  const last = list.peek().at(-1);
  if (!last) return;
  try {
    const q = query.peek().trim();
    const page = await api.listChats({ before: last.updated_at, limit: kPage, ...(q ? { q } : {}) });
    const known = new Set(list.peek().map((chat) => chat.id));
    list.value = [...list.peek(), ...page.chats.filter((chat) => !known.has(chat.id))];
    more.value = page.more;
  } catch (error) {
    reportFailure(error);
  }
}

effect(() => {
  query.value; // the only dependency
  const timer = setTimeout(() => {
    if (listState.peek() !== 'loading') void refreshList();
  }, kSearchPause_ms);
  return () => clearTimeout(timer);
});

// --- actions on a chat ----------------------------------------------------------------------------

export function reportFailure(error: unknown) {
  if (!noticeFailure(error)) showToast(t('failed', { message: messageOf(error) }));
}

export async function renameChat(id: string, title: string): Promise<void> {
  const before = list.peek();
  list.value = before.map((chat) => (chat.id === id ? { ...chat, title } : chat));
  try {
    const chat = await api.changeChat(id, { title });
    const session = sessions.get(id);
    if (session) session.title.value = chat.title;
  } catch (error) {
    list.value = before;
    reportFailure(error);
  }
}

async function restoreChat(id: string, wasShown: boolean): Promise<void> {
  try {
    await api.restoreChat(id);
    await refreshList();
    if (wasShown) openChat(id);
    showToast(t('restored'));
  } catch (error) {
    reportFailure(error);
  }
}

export async function deleteChat(chat: ChatSummary): Promise<void> {
  const wasShown = currentId.peek() === chat.id;
  try {
    sessions.get(chat.id)?.stop();
    await api.deleteChat(chat.id);
  } catch (error) {
    reportFailure(error);
    return;
  }
  sessions.delete(chat.id);
  list.value = list.peek().filter((other) => other.id !== chat.id);
  if (wasShown) location.hash = '#/';
  showToast(t('deleted', { title: chat.title || t('untitled') }), {
    label: t('undo'),
    run: () => void restoreChat(chat.id, wasShown),
  });
}

export async function deleteEverything(): Promise<void> {
  for (const session of sessions.values()) session.stop();
  await api.deleteEverything();
  sessions.clear();
  try {
    sessionStorage.clear();
  } catch {
    // Storage is switched off; there are no drafts.
  }
  list.value = [];
  more.value = false;
  location.hash = '#/';
  current.value = freshSession();
  setDraft('');
  if (isNarrow.peek()) drawerOpen.value = false;
}

/** Everything again after the service was away or a key was given. */
export function reloadAll() {
  void refreshList();
  const session = current.peek();
  if (!session.busy.peek()) void session.load();
}
