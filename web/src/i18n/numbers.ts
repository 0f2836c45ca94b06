// Counts, sizes and times as people read them, in the page's language.
import { language } from '.';

/** 1234567 -> "1.23M"; small numbers with as many digits as say something. */
export function short(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(2);
  const options: Intl.NumberFormatOptions =
    size >= 10_000 ? { notation: 'compact', maximumSignificantDigits: 3 } : { maximumSignificantDigits: digits };
  return new Intl.NumberFormat(language.value, options).format(value);
}

export const whole = (value: number) => new Intl.NumberFormat(language.value).format(Math.round(value));

const unit = (value: number, name: string) =>
  new Intl.NumberFormat(language.value, { style: 'unit', unit: name, unitDisplay: 'narrow', maximumFractionDigits: 0 }).format(value);

export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s >= 3600) return `${unit(Math.floor(s / 3600), 'hour')} ${unit(Math.floor((s % 3600) / 60), 'minute')}`;
  if (s >= 60) return `${unit(Math.floor(s / 60), 'minute')} ${unit(s % 60, 'second')}`;
  return unit(s, 'second');
}

export function ago(time_ms: number): string {
  const format = new Intl.RelativeTimeFormat(language.value, { numeric: 'auto', style: 'short' });
  const minutes = Math.round((time_ms - Date.now()) / 60_000);
  if (minutes > -60) return format.format(Math.min(0, minutes), 'minute');
  return minutes > -48 * 60 ? format.format(Math.round(minutes / 60), 'hour') : format.format(Math.round(minutes / 1440), 'day');
}

export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  let at = 0;
  let size = value;
  for (; size >= 1000 && at < units.length - 1; ++at) size /= 1000;
  return new Intl.NumberFormat(language.value, { style: 'unit', unit: units[at]!, unitDisplay: 'short', maximumSignificantDigits: 3 }).format(size);
}
