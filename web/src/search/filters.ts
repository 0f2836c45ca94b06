// What narrows a search: dates as people choose them, and settings that carry nothing they do not need.
import type { SearchSettings } from './api';

export type Period = 'any' | 'day' | 'week' | 'month' | 'year' | 'custom';

const kDay_ms = 86_400_000;
const kDays: Partial<Record<Period, number>> = { day: 1, week: 7, month: 31, year: 366 };
export const periods: Period[] = ['any', 'day', 'week', 'month', 'year'];

const midnight = (time: number) => new Date(time).setHours(0, 0, 0, 0);

/** From the beginning of a day, so that asking twice asks the same. */
export function fromOf(period: Period, now: number): number | undefined {
  const days = kDays[period];
  return days === undefined ? undefined : midnight(now - days * kDay_ms);
}

/** The period that these dates were chosen by; a chat of last week still says "since" its own date. */
export function periodOf({ from, until }: SearchSettings, now: number): Period {
  if (from === undefined && until === undefined) return 'any';
  const found = periods.find((period) => period !== 'any' && until === undefined && fromOf(period, now) === from);
  return found ?? 'custom';
}

/** "2026-03-05" of a date box, at local midnight; undefined where it is empty or wrong. */
export function dateFrom(box: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(box);
  if (!match) return undefined;
  const time = new Date(Number(match[1]), Number(match[2]) - 1, Number(match[3])).getTime();
  return Number.isFinite(time) ? time : undefined;
}

export function boxFrom(time: number | undefined): string {
  if (time === undefined) return '';
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The last moment of that day. */
export const endOfDay = (time: number | undefined) => (time === undefined ? undefined : new Date(time).setHours(23, 59, 59, 999));

export function toggled<T>(list: readonly T[] | undefined, item: T): T[] {
  const all = list ?? [];
  return all.includes(item) ? all.filter((other) => other !== item) : [...all, item];
}

/** Without empty lists and undefined values. */
export function compact(settings: { [Name in keyof SearchSettings]: SearchSettings[Name] | undefined }): SearchSettings {
  const kept = Object.entries(settings).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false,
  );
  return Object.fromEntries(kept) as SearchSettings;
}
