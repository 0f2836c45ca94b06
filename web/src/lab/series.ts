// What is done to curves before they are drawn: they grow, are thinned when there are too many points,
// smoothed, and laid over one another.
import type { Places, Series, Spread, Values } from './api';

export const kMostPoints = 2000;
export const metrics = ['loss', 'gradient_norm', 'learning_rate', 'tokens_per_second'] as const;
export type Metric = (typeof metrics)[number];
export const axes = ['step', 'tokens', 'seconds'] as const;
export type Axis = (typeof axes)[number];

const pick = <T>(values: T[], keep: (at: number) => boolean) => values.filter((_, at) => keep(at));

function mean(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : (a + b) / 2;
}

/** Neighbours become one; a last one without neighbour stays. */
function pairs(values: Values, join: (a: number | null, b: number | null) => number | null): Values {
  const joined: Values = [];
  for (let at = 0; at < values.length; at += 2) {
    const first = values[at]!;
    joined.push(at + 1 < values.length ? join(first, values[at + 1]!) : first);
  }
  return joined;
}

const least = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.min(a, b));
const most = (a: number | null, b: number | null) => (a === null ? b : b === null ? a : Math.max(a, b));

const thinSpread = ({ mean: means, min, max }: Spread): Spread => ({
  mean: pairs(means, mean),
  min: pairs(min, least),
  max: pairs(max, most),
});

export function thin(series: Series): Series {
  const last = series.step.length - 1;
  const isEnd = (at: number) => at % 2 === 1 || at === last;
  return {
    ...series,
    steps_per_point: series.steps_per_point * 2,
    step: pick(series.step, isEnd),
    tokens: pick(series.tokens, isEnd),
    seconds: pick(series.seconds, isEnd),
    loss: thinSpread(series.loss),
    gradient_norm: thinSpread(series.gradient_norm),
    learning_rate: thinSpread(series.learning_rate),
    tokens_per_second: thinSpread(series.tokens_per_second),
  };
}

const joinPlaces = (a: Places, b: Places): Places => ({
  step: [...a.step, ...b.step],
  tokens: [...a.tokens, ...b.tokens],
  seconds: [...a.seconds, ...b.seconds],
});

const joinSpread = (a: Spread, b: Spread): Spread => ({
  mean: [...a.mean, ...b.mean],
  min: [...a.min, ...b.min],
  max: [...a.max, ...b.max],
});

/** The curve and what came after it. */
export function append(series: Series, news: Series): Series {
  const stage = series.stages.at(-1)?.text;
  const joined: Series = {
    ...joinPlaces(series, news),
    steps_per_point: series.steps_per_point,
    loss: joinSpread(series.loss, news.loss),
    gradient_norm: joinSpread(series.gradient_norm, news.gradient_norm),
    learning_rate: joinSpread(series.learning_rate, news.learning_rate),
    tokens_per_second: joinSpread(series.tokens_per_second, news.tokens_per_second),
    held_out: {
      ...joinPlaces(series.held_out, news.held_out),
      loss: [...series.held_out.loss, ...news.held_out.loss],
      bits_per_byte: [...series.held_out.bits_per_byte, ...news.held_out.bits_per_byte],
    },
    // What is new begins with a stage, which may be the one that goes on.
    stages: [...series.stages, ...news.stages.filter((mark, at) => at > 0 || mark.text !== stage)],
    skipped: [...series.skipped, ...news.skipped].slice(-100),
    n_skipped: series.n_skipped + news.n_skipped,
  };
  return joined.step.length > kMostPoints ? thin(joined) : joined;
}

const kEnd = 3;

/** The mean of about `window` points around each, so that a falling curve does not lag. */
export function smooth(values: Values, window: number): Values {
  const reach = Math.floor(window / 2);
  if (reach < 1) return values;
  const sums = [0];
  const counts = [0];
  for (const value of values) {
    sums.push(sums.at(-1)! + (value ?? 0));
    counts.push(counts.at(-1)! + (value === null ? 0 : 1));
  }
  return values.map((value, at) => {
    if (value === null) return null;
    // As far on both sides, or the ends would bend; but no end is a single value.
    const half = Math.min(reach, Math.max(kEnd, Math.min(at, values.length - 1 - at)));
    const from = Math.max(0, at - half);
    const to = Math.min(values.length, at + half + 1);
    return (sums[to]! - sums[from]!) / (counts[to]! - counts[from]!);
  });
}

/** The index of the last place at or before `x`; -1 before the first. */
export function lastAt(places: number[], x: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The last value at or before a place, and the steps it stands for. */
export function valueAt(values: Values, places: number[], x: number): number | null {
  for (let at = lastAt(places, x); at >= 0; --at) if (values[at] !== null) return values[at]!;
  return null;
}

/** The steps that a stretch of an axis covers. */
export function stepsBetween(series: Series, axis: Axis, from: number, to: number): [number, number] {
  if (axis === 'step') return [Math.max(0, Math.floor(from)), Math.max(0, Math.ceil(to))];
  const places = series[axis];
  const first = series.step[Math.max(0, lastAt(places, from))] ?? 0;
  const last = series.step[Math.min(places.length - 1, lastAt(places, to) + 1)] ?? first;
  return [first, last];
}
