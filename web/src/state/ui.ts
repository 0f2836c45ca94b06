// What is open on the page: dialogs, the side bar, toasts, the theme, and what a screen reader is told.
import { computed, effect, signal } from '@preact/signals';
import { readSetting, writeSetting } from './storage';

export type DialogName = 'help' | 'preferences' | 'settings' | 'delete-all';
export type Theme = 'auto' | 'light' | 'dark';

export interface Toast {
  id: number;
  text: string;
  action?: { label: string; run: () => void };
}

/** What the address names, for pages that are no chat. */
const address = signal(location.hash);
const readAddress = () => (address.value = location.hash);
addEventListener('hashchange', readAddress);
addEventListener('popstate', readAddress);

/** What stands after `#/lab?`; null while something else is shown. */
export const labAddress = computed(() => {
  const found = /^#\/lab(?:\?(.*))?$/.exec(address.value);
  return found ? (found[1] ?? '') : null;
});
export const inLibrary = computed(() => address.value === '#/library');
/** Read at the moment, because a search that begins moves the address without an event. */
export const atNewSearch = () => location.hash === '#/search';

export const dialog = signal<DialogName | null>(null);

// On a wide screen the side bar stands beside the chat; on a phone it is a drawer above it.
const narrow = matchMedia('(max-width: 47.99rem)');
export const isNarrow = signal(narrow.matches);
export const sidebarOpen = signal(readSetting('sidebar') !== 'closed');
export const drawerOpen = signal(false);
narrow.addEventListener('change', () => {
  isNarrow.value = narrow.matches;
  drawerOpen.value = false;
});

export function toggleSidebar(open?: boolean) {
  if (isNarrow.peek()) {
    drawerOpen.value = open ?? !drawerOpen.peek();
    return;
  }
  sidebarOpen.value = open ?? !sidebarOpen.peek();
  writeSetting('sidebar', sidebarOpen.peek() ? null : 'closed');
}

function storedTheme(): Theme {
  const value = readSetting('theme');
  return value === 'light' || value === 'dark' ? value : 'auto';
}

export const theme = signal<Theme>(storedTheme());
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(systemDark.matches);
systemDark.addEventListener('change', () => (systemIsDark.value = systemDark.matches));

effect(() => {
  const choice = theme.value;
  const root = document.documentElement;
  if (choice === 'auto') delete root.dataset['theme'];
  else root.dataset['theme'] = choice;
  writeSetting('theme', choice === 'auto' ? null : choice);
  const dark = choice === 'dark' || (choice === 'auto' && systemIsDark.value);
  document.querySelector('meta[name=theme-color]')?.setAttribute('content', dark ? '#15181a' : '#faf9f6');
});

/** Whether thoughts are shown open until the reader closes them. */
export const thoughtsOpen = signal(readSetting('thoughts') === 'open');

export function showThoughts(open: boolean) {
  thoughtsOpen.value = open;
  writeSetting('thoughts', open ? 'open' : null);
}

const kToast_ms = 7000;
const kToastWithAction_ms = 12000;
export const toasts = signal<Toast[]>([]);
let toastCount = 0;

export function dismissToast(id: number) {
  toasts.value = toasts.peek().filter((toast) => toast.id !== id);
}

export function showToast(text: string, action?: Toast['action']) {
  const id = ++toastCount;
  toasts.value = [...toasts.peek().slice(-2), action ? { id, text, action } : { id, text }];
  setTimeout(() => dismissToast(id), action ? kToastWithAction_ms : kToast_ms);
}

/** Read out politely by screen readers; whole answers, never single tokens. */
export const announcement = signal('');

export function announce(text: string) {
  announcement.value = text;
}

/** Bumped to move the focus: to the message box, or to the search box. */
export const focusComposer = signal(0);
export const focusSearch = signal(0);

/** Closes what stands beside the chat, before Escape stops an answer. */
export const closeBeside = signal<(() => void) | null>(null);

/** The question that is being edited in place. */
export const editing = signal<string | null>(null);
