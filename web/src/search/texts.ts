// The texts of the search and the library, which come with them and not with the chat.
import { language, type Language } from '../i18n';
import { en, type SearchKey } from './texts/en';
import { ja } from './texts/ja';
import { ko } from './texts/ko';

export type { SearchKey };

const texts: Record<Language, Record<SearchKey, string>> = { en, ko, ja };

export const has = (key: string): boolean => Object.hasOwn(en, key);

export function l(key: SearchKey, values: Record<string, string | number> = {}): string {
  return texts[language.value][key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export const day = (time: number) => new Intl.DateTimeFormat(language.value, { dateStyle: 'medium' }).format(time);

/** Facts on one line, which breaks between them and not within. */
export const line = (facts: readonly string[]) =>
  facts
    .filter(Boolean)
    .map((fact) => (fact.length < 32 ? fact.replaceAll(' ', '\u00a0') : fact))
    .join(' · ');

/** The name of a language that is not the page's own; "" otherwise. */
export const foreign = (code: string | null) => (code && code !== language.value ? languageName(code) : '');

/** The name of a passage's language, in the page's. */
export function languageName(code: string): string {
  if (code === 'code') return l('code');
  return new Intl.DisplayNames(language.value, { type: 'language' }).of(code) ?? code;
}
