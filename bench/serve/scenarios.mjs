// Why: the ways in which a server is loaded. Each resolves with plain data for JSON.
import { exponential, makeRandom, median } from "../statistics.mjs";
import { loadMetrics, stallMetrics, ttftOf } from "./metrics.mjs";

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, Math.max(0, ms)); });

// Throws when any recording failed: what follows would measure something else.
function expectGood(recordings, what) {
  const failed = recordings.find(({ error, arrivals }) => error !== null || arrivals.length === 0);
  if (failed) throw new Error(`${what}: ${failed.error ?? "no text came"}`);
}

// A request's prompt and the most tokens of its answer; drawn before the load begins, so that the
// client does little meanwhile.
function drawRequests(count, { words, random, promptLengths, answerLengths, sharedPrefix }) {
  const shared = sharedPrefix > 0 ? `${words.prompt(sharedPrefix)} ` : "";
  return Array.from({ length: count }, () => ({
    prompt: shared + words.prompt(Math.max(8, promptLengths(random) - sharedPrefix)), maxTokens: answerLengths(random),
  }));
}

// Requests that arrive whether or not others are done, `rate` a second.
export async function poisson(server, rate, load) {
  const random = makeRandom(load.seed);
  const requests = drawRequests(load.requests, { ...load, random });
  const begin = performance.now();
  const deadline = begin + load.seconds * 1000;
  const running = [];
  const lags = [];
  let next = begin;
  for (const { prompt, maxTokens } of requests) {
    next += exponential(random, rate) * 1000;
    if (next > deadline) break;
    await sleep(next - performance.now());
    lags.push(performance.now() - next);
    running.push(server.stream(prompt, maxTokens, { count: load.count }));
  }
  const recordings = await Promise.all(running);
  const seconds = (performance.now() - begin) / 1000;
  // How late the client itself was in sending.
  return { rate, ...loadMetrics(recordings, seconds, load.limits), longest_send_lag: Math.max(0, ...lags) };
}

// So many requests at all times: each that ends makes room for the next.
export async function concurrent(server, streams, load) {
  const random = makeRandom(load.seed);
  const requests = drawRequests(Math.max(load.requests, 2 * streams), { ...load, random });
  const begin = performance.now();
  const deadline = begin + load.seconds * 1000;
  const recordings = [];
  await Promise.all(Array.from({ length: streams }, async () => {
    while (requests.length > 0 && performance.now() < deadline) {
      const { prompt, maxTokens } = requests.pop();
      recordings.push(await server.stream(prompt, maxTokens, { count: load.count }));
    }
  }));
  return { concurrency: streams, ...loadMetrics(recordings, (performance.now() - begin) / 1000, load.limits) };
}

// A long prompt arrives while streams are running: how long does one of them stand still? Tokens are
// counted also where that costs the server a little, since it does so before and during alike.
export async function stall(server, { words, streams = 8, longPrompt = 4000, warm = 24, maxTokens = 4000 }) {
  const stop = new AbortController();
  const recordings = [];
  const seen = new Map();
  let allWarm;
  const everyoneWarm = new Promise((resolve) => { allWarm = resolve; });
  const onArrival = (recording) => {
    seen.set(recording, recording.arrivals.length);
    if (seen.size === streams && [...seen.values()].every((count) => count > warm)) allWarm();
  };
  const running = Array.from({ length: streams }, () =>
    server.stream(words.prompt(64), maxTokens, { signal: stop.signal, onArrival, count: true }).then((r) => { recordings.push(r); allWarm(); }));
  await everyoneWarm;
  if (recordings.length > 0) {
    stop.abort();
    throw new Error(`a stream ended before the long prompt: ${recordings[0].error ?? "its answer was short"}`);
  }
  // All streams have begun by now; from here on their gaps are the usual ones.
  const begin = Math.max(...[...seen.keys()].map(({ arrivals }) => arrivals[0]));
  const long = await server.stream(words.prompt(longPrompt), 2);
  const ended = recordings.length;
  stop.abort();
  await Promise.all(running);
  expectGood([long], "the long prompt");
  expectGood(recordings, "a stream");
  if (ended > 0) throw new Error(`${ended} streams ended before the long prompt was done; the context may be too short`);
  return { prompt_tokens: long.prompt_tokens, ttft: ttftOf(long), ...stallMetrics(recordings, begin, long.sent, long.arrivals[0]) };
}

// Requests that share a long beginning: one alone, others one by one, then all together. Where little
// is saved that would take forever: after `seconds` no more are sent.
export async function prefix(server, { words, tokens = 4000, requests = 16, suffix = 16, answer = 8, seconds = 120 }) {
  const shared = words.prompt(tokens);
  const ask = () => server.stream(`${shared} ${words.text(suffix)}`, answer);
  const first = await ask();
  const deadline = performance.now() + seconds * 1000;
  const later = [];
  do later.push(await ask()); while (later.length < requests && performance.now() < deadline);
  const together = performance.now() < deadline ? await Promise.all(Array.from({ length: requests }, ask)) : [];
  expectGood([first, ...later, ...together], "prefix");
  const share = (list) => (list.length > 0 ? median(list.map(ttftOf)) / ttftOf(first) : null);
  return {
    prompt_tokens: first.prompt_tokens, requests: later.length, first_ttft: ttftOf(first), later_ttft: median(later.map(ttftOf)),
    together: together.length, together_ttft: median(together.map(ttftOf)), later_share: share(later), together_share: share(together),
    cached_tokens: later.at(-1).cached_tokens,
  };
}
