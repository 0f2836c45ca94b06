// Why: what Pioneer aims at, as data, and how far a run's figures are from it.
import { median } from "../statistics.mjs";

export const ours = "Pioneer";
const first = "llama.cpp";

export const promptTargets = { Q4_K_M: 1.5, Q8_0: 2.5, Q4_0: 1.6, BF16: 1.4 };
export const batchTargets = { 4: 2, 16: 4, 64: 4 };
const depthTarget = 2;
const bandwidthTarget = 0.9;

const percent = (share) => `${(100 * share).toFixed(share < 0.1 ? 2 : 0)} %`;
const times = (x) => `${x.toFixed(2)}x`;
const row = (what, target, measured, reached) => ({ what, target, measured, reached });

// Against the peer that leaves the least room; of one peer where the target names it.
function leastRatio(speed, peer) {
  const found = Object.entries(speed.ratios).filter(([name, ratio]) => ratio !== null && (peer === undefined || name === peer));
  return found.reduce((least, [name, ratio]) => (least === null || ratio.ratio < least.ratio ? { name, ...ratio } : least), null);
}

function against(what, target, speed, peer) {
  const least = leastRatio(speed, peer);
  if (least === null) return row(what, `${target}x`, null, null);
  const measured = `${times(least.ratio)} of ${least.name} (${times(least.low)} to ${times(least.high)}, ${least.pairs} pairs)`;
  return row(what, `${target}x`, measured, least.ratio >= target);
}

function speedRows(speed, deep) {
  const where = `${speed.model} ${speed.type}`;
  if (speed.depth > 0) return speed.depth === deep ? [against(`${speed.test} ${speed.n} at depth ${speed.depth}, ${where}`, depthTarget, speed, first)] : [];
  if (speed.test === "prompt") return [against(`prompt ${speed.n}, ${where}`, promptTargets[speed.type] ?? 1, speed)];
  if (speed.batch > 1) return speed.batch in batchTargets ? [against(`generate, ${speed.batch} streams, ${where}`, batchTargets[speed.batch], speed, first)] : [];
  const share = speed.memory_share;
  return [against(`generate ${speed.n}, ${where}`, 1, speed),
    row(`memory read while generating, ${where}`, `${percent(bandwidthTarget)} of what it can`, share === null ? null : percent(share), share === null ? null : share >= bandwidthTarget)];
}

// Sampling costs most where the vocabulary is largest; alone, and with the most streams.
function worthTelling(sampling) {
  const largest = Math.max(...sampling.map(({ vocabulary }) => vocabulary));
  const chosen = sampling.filter(({ vocabulary, type }) => vocabulary === largest && type === sampling[0].type);
  const batches = chosen.map(({ batch }) => batch);
  return chosen.filter(({ batch }) => batch === Math.min(...batches) || batch === Math.max(...batches));
}

// A row { what, target, measured, reached } for each; null = not measured in this run.
export function evaluate(report, deep = 8192) {
  const { start, memory, serve, sampling } = report;
  const rows = report.speeds.flatMap((speed) => speedRows(speed, deep));
  const seconds = start && median(start.seconds);
  rows.push(row(`second start to first token, ${start?.model ?? "1B"} Q4_K_M`, "under 0.5 s", start && `${seconds.toFixed(2)} s`, start && seconds < 0.5));
  const over = memory && memory.peak_bytes / (memory.file_bytes + memory.kv_bytes) - 1;
  rows.push(row(`peak memory, ${memory?.model ?? "1B"} Q4_K_M, context of 4,096`, "file + keys and values + 15 %", memory && `${over < 0 ? "-" : "+"}${percent(Math.abs(over))}`, memory && over <= 0.15));
  const { prefix, stall } = serve ?? {};
  rows.push(row("time to first token with 4,000 tokens shared", "under 5 % of the first", prefix && percent(prefix.later_share), prefix && prefix.later_share < 0.05));
  rows.push(row("longest gap of 8 streams while 4,000 tokens arrive", "2x the median ITL", stall && times(stall.longest_gap), stall && stall.longest_gap <= 2));
  const edit = report.speculation?.results.find(({ task }) => task === "edit");
  rows.push(row("speculation by prompt lookup, an edit of its prompt", "2x plain", edit && `${times(edit.ratio.median)} (${times(edit.ratio.lowest)} to ${times(edit.ratio.highest)})`, edit && edit.ratio.median >= 2));
  for (const one of worthTelling(sampling)) {
    rows.push(row(`sampling (${one.way}) and text, ${one.vocabulary} tokens, batch ${one.batch}`, "under 2 % of a step", percent(one.share_of_step), one.share_of_step < 0.02));
  }
  return rows.map((one) => ({ ...one, measured: one.measured ?? null, reached: one.reached ?? null }));
}
