// The language in use and its texts. English is part of the first load; the others are fetched when used.
import { computed, effect, signal } from '@preact/signals';
import { readSetting, writeSetting } from '../state/storage';
import { en, type Dictionary, type Key } from './en';

export type Language = 'en' | 'ko' | 'ja';
export type LanguageChoice = Language | 'auto';

export const languageNames: Record<Language, string> = { en: 'English', ko: '한국어', ja: '日本語' };

const isLanguage = (value: string): value is Language => value in languageNames;

function preferred(): Language {
  for (const tag of navigator.languages ?? [navigator.language]) {
    const language = tag.slice(0, 2).toLowerCase();
    if (isLanguage(language)) return language;
  }
  return 'en';
}

function stored(): LanguageChoice {
  const value = readSetting('language');
  return value && isLanguage(value) ? value : 'auto';
}

const loaders: Record<Language, () => Promise<Dictionary>> = {
  en: async () => en,
  ko: async () => (await import('./ko')).ko,
  ja: async () => (await import('./ja')).ja,
};

export const languageChoice = signal<LanguageChoice>(stored());
const wanted = computed<Language>(() => (languageChoice.value === 'auto' ? preferred() : languageChoice.value));
/** The language whose texts are shown; follows the choice once its texts have arrived. */
export const language = signal<Language>('en');
const texts = signal<Dictionary>(en);

async function load(next: Language) {
  const dictionary = await loaders[next]();
  if (wanted.peek() !== next) return;
  texts.value = dictionary;
  language.value = next;
  document.documentElement.lang = next;
}

/** Resolves when the first texts are there, so that the page never starts in the wrong language. */
export async function startLanguage(): Promise<void> {
  await load(wanted.peek()).catch(() => undefined);
  effect(() => {
    void load(wanted.value).catch(() => undefined);
  });
}

export function chooseLanguage(choice: LanguageChoice) {
  languageChoice.value = choice;
  writeSetting('language', choice === 'auto' ? null : choice);
}

export function t(key: Key, values?: Record<string, string | number>): string {
  const text = texts.value[key];
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export const formatNumber = (value: number, digits = 0) =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);
