// The runs on the page: the list, those that are looked at with their growing curves, and how they are
// looked at. What is shown stands in the address, so that a link or a reload shows it again.
import { computed, effect, signal } from '@preact/signals';
import { ApiError, messageOf, noticeFailure, whenOnline } from './service';
import { labApi, type LiveEvent, type Run, type RunDetails, type SampleStep, type Series } from './api';
import { labAddress } from '../state/ui';
import { append, stepsBetween, type Axis } from './series';

export const kMostCompared = 8;
const kListAgain_ms = 2500;
const kReconnect_ms = 1000;

export interface OpenRun {
  summary: Run | null;
  series: Series | null;
  samples: SampleStep[];
}

export type Tab = 'curves' | 'samples' | 'recipe' | 'data';

export const runs = signal<Run[]>([]);
export const folder = signal('');
export const listState = signal<'loading' | 'ready' | 'refused' | 'failed'>('loading');
export const problem = signal('');

/** Which runs are looked at, the first above all. */
export const shown = computed<string[]>(() => {
  const names = new URLSearchParams(labAddress.value ?? '').getAll('run');
  return [...new Set(names)].slice(0, kMostCompared);
});
export const tab = signal<Tab>('curves');
export const axis = signal<Axis>('step');
export const logarithmic = signal(false);
export const smoothing = signal(20);
/** A stretch of the axis that is seen closely, and the curves there. */
export const zoom = signal<{ from: number; to: number } | null>(null);
export const closeUp = signal<Record<string, Series>>({});
/** Where the pointer or the keys are on the axis, on all charts at once. */
export const cursor = signal<number | null>(null);
export const open = signal<Record<string, OpenRun>>({});
export const details = signal<RunDetails | null>(null);
export const beginning = signal(false);

export const addressOf = (names: string[]) =>
  `#/lab${names.length ? `?${new URLSearchParams(names.map((name) => ['run', name]))}` : ''}`;

export function show(names: string[]) {
  location.hash = addressOf(names);
}

export function toggleCompared(name: string) {
  const names = shown.peek();
  show(names.includes(name) ? names.filter((other) => other !== name) : [...names, name]);
}

/** The curves as they are to be drawn. */
export function seriesOf(name: string): Series | null {
  return (zoom.value && closeUp.value[name]) ?? open.value[name]?.series ?? null;
}

export async function refreshRuns(): Promise<void> {
  try {
    const list = await labApi.list();
    runs.value = list.runs;
    folder.value = list.folder;
    listState.value = 'ready';
  } catch (error) {
    if (error instanceof ApiError && error.status === 403) {
      listState.value = 'refused';
    } else if (!noticeFailure(error)) {
      listState.value = 'failed';
      problem.value = messageOf(error);
    }
  }
}

/** Keeps the list fresh while the lab is open. */
export function watchList(): () => void {
  let timer = 0;
  let ended = false;
  const again = async () => {
    await whenOnline();
    if (!document.hidden) await refreshRuns();
    if (!ended) timer = window.setTimeout(() => void again(), kListAgain_ms);
  };
  void again();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}

function change(name: string, part: Partial<OpenRun>) {
  const known = open.peek()[name] ?? { summary: null, series: null, samples: [] };
  open.value = { ...open.peek(), [name]: { ...known, ...part } };
}

function take({ event, data }: LiveEvent) {
  switch (event) {
    case 'series':
      return change(data.run, { series: data.series });
    case 'points': {
      const known = open.peek()[data.run]?.series;
      return change(data.run, { series: known ? append(known, data.series) : data.series });
    }
    case 'summary':
      return change(data.run, { summary: data.summary });
    case 'samples':
      return change(data.run, { samples: data.samples });
  }
}

async function follow(names: string[], signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      for await (const event of labApi.live(names, signal)) take(event);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
        problem.value = messageOf(error);
        return;
      }
      noticeFailure(error);
    }
    await new Promise((resolve) => setTimeout(resolve, kReconnect_ms));
    await whenOnline();
  }
}

/** Follows the shown runs while the lab is open. */
export function watchShown(): () => void {
  return effect(() => {
    const names = shown.value;
    problem.value = '';
    zoom.value = null;
    cursor.value = null;
    open.value = Object.fromEntries(Object.entries(open.peek()).filter(([name]) => names.includes(name)));
    if (!names.length) return;
    const stop = new AbortController();
    void follow(names, stop.signal);
    return () => stop.abort();
  });
}

const keyState = computed(() => {
  const first = shown.value[0];
  return first === undefined ? '' : `${first}/${open.value[first]?.summary?.state}`;
});

/** The recipe and data of the first shown run, again when its state changes. */
export function watchDetails(): () => void {
  return effect(() => {
    keyState.value;
    const name = shown.peek()[0];
    if (details.peek()?.name !== name) details.value = null;
    if (name === undefined) return;
    labApi.run(name).then(
      (found) => {
        if (shown.peek()[0] === name) details.value = found;
      },
      (error) => noticeFailure(error),
    );
  });
}

export async function zoomTo(from: number, to: number) {
  const wanted = { from, to };
  zoom.value = wanted;
  closeUp.value = {};
  for (const name of shown.peek()) {
    const whole = open.peek()[name]?.series;
    if (!whole) continue;
    const [first, last] = stepsBetween(whole, axis.peek(), from, to);
    try {
      const series = await labApi.series(name, first, last);
      if (zoom.peek() !== wanted) return;
      closeUp.value = { ...closeUp.peek(), [name]: series };
    } catch (error) {
      noticeFailure(error);
    }
  }
}

export function resetZoom() {
  zoom.value = null;
  closeUp.value = {};
}
