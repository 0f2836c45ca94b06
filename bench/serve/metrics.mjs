// Why: the measures that people compare servers by, from recordings (api.mjs). All times are in ms
// but where a name says otherwise.
import { median, sum, summary } from "../statistics.mjs";

const gapsOf = (arrivals) => arrivals.slice(1).map((time, i) => time - arrivals[i]);

// Of the whole answer: what the server says, else what the chunks held.
export const tokensOf = (recording) => recording.completion_tokens ?? sum(recording.tokens);

export const ttftOf = (recording) => (recording.arrivals.length > 0 ? recording.arrivals[0] - recording.sent : null);

// Mean time of each token after the first piece of text; null for answers too short.
export function tpotOf(recording) {
  const rest = tokensOf(recording) - (recording.tokens[0] ?? 0);
  if (recording.arrivals.length < 2 || rest < 1) return null;
  return (recording.arrivals.at(-1) - recording.arrivals[0]) / rest;
}

// Whether it is known of every piece how many tokens it holds: the server told, or the whole answer
// has as many tokens as pieces (the last may be an end that is no text).
export function isCounted(recording) {
  if (recording.told) return true;
  const left = recording.completion_tokens === null ? -1 : recording.completion_tokens - recording.arrivals.length;
  return left === 0 || left === 1;
}

// Of each gap between two pieces, the part that one token took.
const gapsPerToken = ({ arrivals, tokens }) => gapsOf(arrivals).map((gap, i) => gap / tokens[i + 1]);

// Of requests that all belong to one load. `seconds`: from the first request to the last answer's end.
export function loadMetrics(recordings, seconds, { tpotLimit = 100, ttftLimit = Infinity } = {}) {
  const good = recordings.filter(({ error, arrivals }) => error === null && arrivals.length > 0);
  const fast = good.filter((r) => (tpotOf(r) ?? 0) < tpotLimit && ttftOf(r) < ttftLimit);
  const failures = {};
  for (const { error, arrivals } of recordings) {
    const reason = error ?? (arrivals.length === 0 ? "no text" : null);
    if (reason !== null) failures[reason] = (failures[reason] ?? 0) + 1;
  }
  const tokens = sum(good.map(tokensOf));
  const counted = good.filter(isCounted);
  return {
    requests: recordings.length, errors: recordings.length - good.length, failures, seconds,
    prompt_tokens: sum(good.map((r) => r.prompt_tokens ?? 0)), tokens,
    tokens_per_second: tokens / seconds, requests_per_second: good.length / seconds,
    tokens_per_chunk: tokens / Math.max(1, sum(good.map((r) => r.arrivals.length))),
    ttft: summary(good.map(ttftOf)), tpot: summary(good.map(tpotOf).filter((x) => x !== null)),
    itl: summary(good.flatMap((r) => gapsOf(r.arrivals))),
    token_gap: summary(counted.flatMap(gapsPerToken)), counted_share: counted.length / Math.max(1, good.length),
    goodput_per_second: fast.length / seconds, good_share: fast.length / Math.max(1, recordings.length),
  };
}

// How long a stream stood still at most between `from` and `to` (performance.now()), as a multiple
// of `usual`, its median gap for a token. Of a piece with several tokens, the others took their usual
// time; with `perPiece` it all counts, as a reader sees it.
export function longestGap(recording, from, to, usual, { perPiece = false } = {}) {
  let longest = 0;
  for (let i = 1; i < recording.arrivals.length; ++i) {
    const [before, after] = [recording.arrivals[i - 1], recording.arrivals[i]];
    if (after <= from || before >= to) continue;
    longest = Math.max(longest, after - before - (perPiece ? 0 : (recording.tokens[i] - 1) * usual));
  }
  // One that still stands at the end has waited at least so long.
  const last = recording.arrivals.at(-1);
  if (last < to) longest = Math.max(longest, to - Math.max(last, from));
  return longest / usual;
}

// Streams that ran since `begin`, while a long prompt was worked on from `from` to `to`.
export function stallMetrics(streams, begin, from, to) {
  const rows = streams.map((recording) => {
    const usual = median(gapsPerToken(recording).filter((_, i) => recording.arrivals[i] >= begin && recording.arrivals[i + 1] <= from));
    const longest = (start, end, how) => longestGap(recording, start, end, usual, how);
    return { usual, before: longest(begin, from), during: longest(from, to), piece_before: longest(begin, from, { perPiece: true }), piece: longest(from, to, { perPiece: true }) };
  });
  const most = (name) => Math.max(...rows.map((row) => row[name]));
  return {
    streams: rows.length, counted: streams.every(({ told }) => told), median_itl: median(rows.map(({ usual }) => usual)),
    longest_gap_before: most("before"), longest_gap: most("during"), median_longest_gap: median(rows.map(({ during }) => during)),
    longest_piece_gap_before: most("piece_before"), longest_piece_gap: most("piece"),
  };
}
