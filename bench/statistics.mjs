// Why: what a list of measurements says, the same way in every script of bench/.

// The value below which a share of the list lies, between neighbours by proportion; null of none.
export function quantile(list, share) {
  if (list.length === 0) return null;
  const sorted = [...list].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.ceil(at);
  return sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

export const median = (list) => quantile(list, 0.5);
export const sum = (list) => list.reduce((total, x) => total + x, 0);

// p50, p90 and p99, the extremes and the count; null of none.
export function summary(list) {
  if (list.length === 0) return null;
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => quantile(list, share));
  return { count: list.length, mean: sum(list) / list.length, p50, p90, p99, min: Math.min(...list), max: Math.max(...list) };
}

// Of two lists made in turns: the median of ratios of neighbours, and how far they lie apart. What
// disturbs the machine disturbs both of a pair.
export function pairedRatio(ours, theirs) {
  const ratios = ours.slice(0, theirs.length).map((x, i) => x / theirs[i]).filter(Number.isFinite);
  if (ratios.length === 0) return null;
  return { ratio: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios), pairs: ratios.length };
}

// Repeatable random numbers in [0, 1): the same seed gives the same load (SplitMix32).
export function makeRandom(seed = 1) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 4294967296;
  };
}

// Waits between arrivals that do not know of each other, `rate` of them a second on average.
export const exponential = (random, rate) => -Math.log(1 - random()) / rate;

// "256": always that; "64-512": evenly between; "256~0.5": log-normal with that median and sigma, as
// lengths of real requests are, at most eight times the median.
export function parseLengths(text) {
  let match = /^(\d+)$/.exec(text);
  if (match) return () => Number(match[1]);
  match = /^(\d+)-(\d+)$/.exec(text);
  if (match && Number(match[1]) <= Number(match[2])) {
    const [low, high] = [Number(match[1]), Number(match[2])];
    return (random) => low + Math.floor(random() * (high - low + 1));
  }
  match = /^(\d+)~(\d*\.?\d+)$/.exec(text);
  if (match) {
    const [middle, sigma] = [Number(match[1]), Number(match[2])];
    return (random) => {
      const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
      return Math.max(1, Math.min(8 * middle, Math.round(middle * Math.exp(sigma * normal))));
    };
  }
  throw new Error(`lengths are "256", "64-512" or "256~0.5" (median~sigma), not "${text}"`);
}

// Rows of cells as text: the first columns are words, the others numbers, to the right.
export function table(columns, rows, wordColumns = 1) {
  const cells = [columns, ...rows].map((row) => row.map((cell) => (cell === null || cell === undefined ? "-" : String(cell))));
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  const lineOf = (row) => row.map((cell, i) => (i < wordColumns ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ").trimEnd();
  return cells.map(lineOf).join("\n");
}
