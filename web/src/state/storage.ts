// The browser's storage, which may be full or switched off: then choices last only until reload.
const prefix = 'pioneer.';

export function readSetting(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    return null;
  }
}

export function writeSetting(name: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, value);
  } catch {
    // Nothing to do: the choice still holds for this page.
  }
}

/** Drafts live as long as the tab: a reload keeps them, another person's session does not see them. */
export function readDraft(chat: string): string {
  try {
    return sessionStorage.getItem(`${prefix}draft.${chat}`) ?? '';
  } catch {
    return '';
  }
}

export function writeDraft(chat: string, text: string) {
  try {
    if (text) sessionStorage.setItem(`${prefix}draft.${chat}`, text);
    else sessionStorage.removeItem(`${prefix}draft.${chat}`);
  } catch {
    // As above.
  }
}
