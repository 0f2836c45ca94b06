// Why: how an OpenAI-compatible server feels under load, whoever made it. Prints tables; --output
// FILE gets all as JSON. Nothing is asked of other machines without --remote, every request has a
// deadline, and every load ends by itself.
//   node bench/serve/load.mjs --url http://127.0.0.1:8080 --rates 1,2,4 --concurrency 1,4,16 --stall --prefix
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { parseLengths, table } from "../statistics.mjs";
import { Server } from "./api.mjs";
import { concurrent, poisson, prefix, stall } from "./scenarios.mjs";
import { Words } from "./words.mjs";

const usage = `node bench/serve/load.mjs --url URL [--api chat|completions] [--model NAME] [--remote]
  --rates 1,2,4          requests a second, arriving at random
  --concurrency 1,4,16   so many requests at all times
  --stall                the longest gap of 8 streams while a prompt of 4,000 tokens arrives (--streams, --long-prompt)
  --prefix               time to first token of 16 requests that share 4,000 tokens (--shared, --sharers)
  --prompt 256~0.5       tokens of prompts: "256", "64-512" or median~sigma; --answer likewise
  --logprobs             ask for log probabilities, to count tokens where the server does not; it works more then
  --shared-prefix 0      tokens that all prompts of --rates and --concurrency begin with
  --requests 40 --seconds 60    the most of each load; --timeout 300 of each request, seconds
  --tpot-limit 100 --ttft-limit 0    ms (0 = none): what counts as good
  --body JSON            more fields of each request; --seed N; --output FILE; the key is in BENCH_API_KEY`;

function readOptions() {
  const text = (value) => ({ type: "string", default: value });
  const { values } = parseArgs({
    options: {
      url: { type: "string" }, model: { type: "string" }, api: text("chat"), remote: { type: "boolean", default: false }, rates: text(""),
      concurrency: text(""), stall: { type: "boolean", default: false }, prefix: { type: "boolean", default: false }, streams: text("8"),
      "long-prompt": text("4000"), shared: text("4000"), sharers: text("16"), prompt: text("256~0.5"), answer: text("64~0.5"),
      "shared-prefix": text("0"), requests: text("40"), seconds: text("60"), timeout: text("300"), "tpot-limit": text("100"),
      "ttft-limit": text("0"), logprobs: { type: "boolean", default: false }, body: text("{}"), seed: { type: "string" }, output: { type: "string" }, help: { type: "boolean", default: false },
    },
  });
  if (values.help || !values.url) {
    console.error(usage);
    process.exit(values.help ? 0 : 2);
  }
  return values;
}

const numbers = (list) => list.split(",").filter((x) => x !== "").map(Number);
const ms = (x) => (x === null || x === undefined ? null : x < 10 ? x.toFixed(2) : x < 100 ? x.toFixed(1) : x.toFixed(0));
const three = (s) => (s === null ? null : `${ms(s.p50)} / ${ms(s.p90)} / ${ms(s.p99)}`);

function loadTable(name, rows) {
  const columns = [name, "requests", "errors", "tokens/s", "TTFT p50/p90/p99 ms", "TPOT", "ITL, pieces", "tokens", "good/s", "good"];
  return table(columns, rows.map((r) => [r.rate ?? r.concurrency, r.requests, r.errors, r.tokens_per_second.toFixed(1), three(r.ttft),
    three(r.tpot), three(r.itl), r.counted_share === 1 ? three(r.token_gap) : null, r.goodput_per_second.toFixed(2), `${(100 * r.good_share).toFixed(0)} %`]));
}

function tell(report) {
  if (report.poisson.length > 0) console.log(`\nRequests that arrive at random\n${loadTable("a second", report.poisson)}`);
  if (report.concurrent.length > 0) console.log(`\nSo many at all times\n${loadTable("at once", report.concurrent)}`);
  const loads = [...report.poisson, ...report.concurrent];
  for (const { failures } of loads) {
    for (const [reason, count] of Object.entries(failures)) console.log(`  ${count} x ${reason}`);
  }
  if (loads.some(({ counted_share, requests, errors }) => counted_share < 1 && errors < requests)) {
    console.log(`Pieces held ${Math.max(...loads.map((r) => r.tokens_per_chunk)).toFixed(2)} tokens on average, and the server does not say which held how many: ITL is of pieces, TPOT of tokens` +
      `${report.counting === "logprobs" ? "; --logprobs counts them" : ""}`);
  }
  if (report.stall) {
    const s = report.stall;
    const how = s.counted ? `tokens counted by ${report.counting}; of pieces, as they come, ${s.longest_piece_gap.toFixed(2)} and ${s.longest_piece_gap_before.toFixed(2)}`
      : "the server does not say how many tokens a piece holds, so a piece counts as one";
    console.log(`\nA prompt of ${s.prompt_tokens ?? "?"} tokens among ${s.streams} streams: median ITL before ${ms(s.median_itl)} ms; longest gap of any ` +
      `stream ${s.longest_gap.toFixed(2)} times its median (${s.longest_gap_before.toFixed(2)} before the prompt came; ${how}); its TTFT ${ms(s.ttft)} ms`);
  }
  if (report.prefix) {
    const p = report.prefix;
    const together = p.together > 0 ? `${p.together} together ${ms(p.together_ttft)} ms (${(100 * p.together_share).toFixed(1)} %)` : "no time for them together";
    console.log(`\n${p.prompt_tokens ?? "?"} tokens, nearly all shared: TTFT of the first ${ms(p.first_ttft)} ms; of ${p.requests} one by one ` +
      `${ms(p.later_ttft)} ms (${(100 * p.later_share).toFixed(1)} %), ${together}`);
  }
  const { client } = report;
  console.log(`\nThe client took ${(100 * client.cpu_share).toFixed(1)} % of a core; its event loop was late by ${ms(client.event_loop_p99)} ms at p99` +
    `${report.lengths_measured ? "" : "; the server reports no usage, so lengths of prompts are guessed"}`);
}

const options = readOptions();
const server = new Server({
  url: options.url, api: options.api, model: options.model, key: process.env.BENCH_API_KEY, remote: options.remote,
  body: JSON.parse(options.body), timeout: Number(options.timeout),
});
// A prefix that an earlier run left in the server's cache would be no first one.
const seed = Number(options.seed ?? Date.now() % 1e9);
const load = {
  seed, count: options.logprobs, requests: Number(options.requests), seconds: Number(options.seconds), sharedPrefix: Number(options["shared-prefix"]),
  promptLengths: parseLengths(options.prompt), answerLengths: parseLengths(options.answer),
  limits: { tpotLimit: Number(options["tpot-limit"]), ttftLimit: Number(options["ttft-limit"]) || Infinity },
};

const report = { url: options.url, seed, options, poisson: [], concurrent: [], stall: null, prefix: null };
try {
  await server.connect();
  const words = await new Words(seed).calibrate(server);
  Object.assign(report, { model: server.model, counting: server.counting, lengths_measured: words.measured, tokens_per_word: words.each });
  console.log(`${options.url}, ${server.model}, ${options.api}; prompts ${options.prompt}, answers ${options.answer} tokens, seed ${seed}`);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const [cpu, begin] = [process.cpuUsage(), performance.now()];
  for (const rate of numbers(options.rates)) report.poisson.push(await poisson(server, rate, { ...load, words }));
  for (const streams of numbers(options.concurrency)) report.concurrent.push(await concurrent(server, streams, { ...load, words }));
  const counts = { streams: Number(options.streams), longPrompt: Number(options["long-prompt"]) };
  if (options.stall) report.stall = await stall(server, { words, ...counts });
  if (options.prefix) report.prefix = await prefix(server, { words, tokens: Number(options.shared), requests: Number(options.sharers), seconds: load.seconds });
  const { user, system } = process.cpuUsage(cpu);
  report.client = { cpu_share: (user + system) / 1000 / (performance.now() - begin), event_loop_p99: Math.max(0, delay.percentile(99) / 1e6 - 5) };
  delay.disable();
  tell(report);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  server.close();
}
if (options.output) writeFileSync(options.output, `${JSON.stringify(report, null, 1)}\n`);
