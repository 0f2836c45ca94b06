import { describe, expect, it } from 'vitest';
import type { Job, Passage } from './api';
import { boxFrom, compact, dateFrom, endOfDay, fromOf, periodOf, toggled } from './filters';
import { addressOf, headingsBelow, openable, placeOf } from './places';
import { Speedometer } from './speed';

const now = new Date(2026, 2, 5, 14, 30).getTime();

describe('dates', () => {
  it('a period begins with a day and is recognised on that day', () => {
    const from = fromOf('week', now)!;
    expect(from).toBe(new Date(2026, 1, 26).getTime());
    expect(periodOf({ from }, now)).toBe('week');
    expect(periodOf({ from }, now + 86_400_000)).toBe('custom');
    expect(periodOf({ from, until: now }, now)).toBe('custom');
    expect(periodOf({}, now)).toBe('any');
  });

  it('a date box goes there and back', () => {
    expect(boxFrom(dateFrom('2026-03-05'))).toBe('2026-03-05');
    expect(dateFrom('')).toBeUndefined();
    expect(dateFrom('05.03.2026')).toBeUndefined();
    expect(boxFrom(undefined)).toBe('');
    expect(endOfDay(dateFrom('2026-03-05'))! - dateFrom('2026-03-05')!).toBe(86_400_000 - 1);
  });
});

it('toggled and compact leave nothing that filters nothing', () => {
  expect(toggled(['a', 'b'], 'a')).toEqual(['b']);
  expect(toggled(undefined, 'a')).toEqual(['a']);
  expect(compact({ sources: [], languages: ['ko'], from: undefined, web: false })).toEqual({ languages: ['ko'] });
});

describe('places', () => {
  const passage = (uri: string, page: number | null = null) =>
    ({ uri, page, document_id: 7, title: 'T', headings: ['T', 'Below'] }) as unknown as Passage;

  it('names a site or a file', () => {
    expect(placeOf('https://www.example.org/a/b')).toBe('example.org');
    expect(placeOf('file:///srv/a%20b/%EA%B7%9C%EC%A0%95.pdf')).toBe('규정.pdf');
    expect(placeOf('odd')).toBe('odd');
    expect(addressOf('file:///srv/a%20b')).toBe('/srv/a b');
    expect(addressOf('https://example.org/a%ZZ/')).toBe('example.org/a%ZZ');
  });

  it('opens pages where they are and files through the service, at the very place', () => {
    const page = passage('https://example.org/a');
    expect(openable(page, 'https://example.org/a#:~:text=x')).toBe('https://example.org/a#:~:text=x');
    expect(openable(page, '#:~:text=x')).toBe('https://example.org/a#:~:text=x');
    expect(openable(passage('file:///a.pdf', 3), 'file:///a.pdf')).toBe('/api/search/documents/7/original#page=3');
    expect(openable(passage('file:///a.pdf', 3), '#page=4')).toBe('/api/search/documents/7/original#page=4');
    expect(openable(passage('file:///a.pdf'), '/api/search/documents/7/original#page=2')).toBe('/api/search/documents/7/original#page=2');
  });

  it('never opens anything else', () => {
    expect(openable(passage('javascript:alert(1)'), 'javascript:alert(1)')).toBeNull();
    expect(openable(passage('data:text/html,x'), '')).toBeNull();
    expect(openable(passage('https://example.org/'), 'javascript:alert(1)')).toBe('https://example.org/');
    expect(openable(passage('https://example.org/'), '/api/visitor')).toBe('https://example.org/');
  });

  it('headingsBelow', () => {
    expect(headingsBelow(passage('x'))).toEqual(['Below']);
  });
});

describe('Speedometer', () => {
  const job = (items_done: number, created_at = 1) => ({ items_done, bytes_read: items_done * 1000, created_at }) as Job;

  it('says nothing before it knows', () => {
    const speed = new Speedometer();
    speed.take(job(0), 0);
    expect(speed.speed).toBeNull();
    speed.take(job(5), 500);
    expect(speed.speed).toBeNull();
  });

  it('measures the last seconds', () => {
    const speed = new Speedometer();
    for (let second = 0; second <= 60; ++second) speed.take(job(second < 30 ? second * 100 : 3000 + (second - 30) * 2), second * 1000);
    expect(speed.speed?.itemsPerSecond).toBeCloseTo(2, 5);
    expect(speed.speed?.bytesPerSecond).toBeCloseTo(2000, 5);
  });

  it('begins anew with another job', () => {
    const speed = new Speedometer();
    speed.take(job(100), 0);
    speed.take(job(200), 5000);
    speed.take(job(0, 2), 6000);
    expect(speed.speed).toBeNull();
  });
});
