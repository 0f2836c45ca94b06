import assert from "node:assert/strict";
import { test } from "node:test";
import { machine, watchOthers } from "./machine.mjs";
import { barPlot, page } from "./page.mjs";
import { evaluate } from "./targets.mjs";
import { batchedSeconds, inTurns, testsOf, TurnProgram } from "./turns.mjs";

const ratio = (value) => ({ ratio: value, low: value - 0.1, high: value + 0.1, pairs: 5 });
const bar = { value: 10, low: 9, high: 12 };

function speed(test, changes = {}) {
  return { model: "m", type: "Q4_K_M", test, batch: 1, depth: 0, n: 512, programs: { Pioneer: bar, "llama.cpp": bar, other: null },
    ratios: { "llama.cpp": ratio(3), other: ratio(1.2) }, memory_limit: null, memory_share: null, ...changes };
}
const empty = { speeds: [], sampling: [], start: null, memory: null, serve: null };
const find = (rows, what) => rows.find((row) => row.what.startsWith(what));

test("a target holds against the faster peer, or the one that it names", () => {
  const rows = evaluate({ ...empty, speeds: [
    speed("prompt"), speed("generate", { memory_share: 0.93 }), speed("generate", { batch: 16, ratios: { "llama.cpp": ratio(3) } }),
    speed("prompt", { depth: 8192, ratios: { "llama.cpp": ratio(2.5) } }), speed("generate", { batch: 3 }),
  ] });
  assert.match(find(rows, "prompt 512, m").measured, /^1\.20x of other \(1\.10x to 1\.30x, 5 pairs\)/);
  assert.equal(find(rows, "prompt 512, m").reached, false);
  assert.equal(find(rows, "generate 512, m").reached, true);
  assert.equal(find(rows, "memory read").reached, true);
  assert.equal(find(rows, "generate, 16 streams").reached, false);
  assert.equal(find(rows, "prompt 512 at depth 8192").reached, true);
  assert.equal(find(rows, "generate, 3 streams"), undefined);
});

test("what was not measured is neither reached nor missed", () => {
  const rows = evaluate({ ...empty, speeds: [speed("prompt", { ratios: { "llama.cpp": null } })] });
  assert.ok(rows.length >= 5);
  assert.ok(rows.every(({ reached, measured }) => reached === null && measured === null));
});

test("start, memory, service and sampling", () => {
  const rows = evaluate({
    ...empty, start: { seconds: [0.6, 0.3, 0.4] }, memory: { peak_bytes: 130, file_bytes: 80, kv_bytes: 20 },
    serve: { prefix: { later_share: 0.04 }, stall: { longest_gap: 2.4 } },
    speculation: { results: [{ task: "new", ratio: {} }, { task: "edit", ratio: { median: 2.1, lowest: 1.9, highest: 2.2 } }] },
    sampling: [{ type: "Q8_0", vocabulary: 10, batch: 1, way: "likeliest", share_of_step: 0.5 },
      { type: "Q8_0", vocabulary: 150, batch: 1, way: "likeliest", share_of_step: 0.01 },
      { type: "Q8_0", vocabulary: 150, batch: 4, way: "likeliest", share_of_step: 0.03 }],
  });
  const found = rows.map(({ measured, reached }) => [measured, reached]);
  assert.deepEqual(found, [["0.40 s", true], ["+30 %", false], ["4.00 %", true], ["2.40x", false], ["2.10x (1.90x to 2.20x)", true], ["1.00 %", true], ["3.00 %", false]]);
});

test("plots hold every bar, with its range and limit", () => {
  const svg = barPlot("a < b", ["x", "y"], [{ label: "one", bars: [bar, null], limit: 20 }, { label: "two", bars: [bar, bar], limit: null }]);
  assert.equal(svg.match(/<rect /g).length, 3);
  assert.equal(svg.match(/stroke-dasharray/g).length, 1);
  assert.ok(svg.includes("a &lt; b") && !/NaN|undefined|Infinity/.test(svg));
});

test("the page stands alone and shows what it was told, as text", () => {
  const speeds = [speed("prompt"), speed("generate", { memory_limit: 14, memory_share: 0.7 })];
  const report = { ...empty, speeds, names: ["Pioneer", "llama.cpp", "other"], machine: machine(), options: { threads: 2, pairs: 5 },
    start: { model: "m", first: 2, seconds: [0.5, 0.4] },
    serve: { model: "m", options: { prompt: "9", answer: "8" }, concurrent: [{ concurrency: 8, requests: 2, errors: 0, tokens_per_second: 7, ttft: { p50: 1, p99: 2 }, tpot: null, itl: { p50: 3, p99: 4 } }] },
    versions: { "<b>": "1" }, memory_bytes_per_second: 4e10, others: { others: 0.1, stolen: 0 }, date: "today", command: "x" };
  const html = page(report, evaluate(report));
  assert.ok(html.includes("&lt;b&gt; 1") && !html.includes("<b>"));
  assert.ok(!/https?:|NaN|undefined|<script/.test(html));
  assert.equal(html.match(/<figure>/g).length, 2);
  assert.ok(html.includes("2.00 s the first time, then 0.50, 0.40 s") && html.includes("<td>8</td><td>2</td><td>0</td><td>7.0</td>"));
});

test("the machine is told", () => {
  const found = machine();
  assert.ok(found.cores >= 1 && found.memory_bytes > 0);
  const share = watchOthers()();
  assert.ok(share === null || (share.others >= 0 && share.others <= 1));
});

// Speaks as `pioneer bench --turns` does; its rounds take as many seconds as argv says.
const fake = `const lines = require("node:readline").createInterface({ input: process.stdin });
const rounds = [["prompt", 0], ["prompt", 1], ["generate", 0], ["generate", 1]];
let at = 0;
lines.on("line", () => {
  if (at === rounds.length) { console.log(JSON.stringify({ version: "1", results: [] })); process.exit(0); }
  const [test, round] = rounds[at++];
  if (process.argv[1] === "break" && at === 2) process.exit(1);
  console.log(JSON.stringify({ test, batch: 1, depth: 0, round, seconds: Number(process.argv[1]) }));
});`;
const started = (name, argument) => new TurnProgram(name, process.execPath, ["-e", fake, argument]);
const plan = { prompt: 8, generate: 4, batch: [1], depth: [0], pairs: 1 };

test("programs run in turns; the first round is not counted", async () => {
  const { tests, ends } = await inTurns([started("a", "2"), started("b", "3")], plan);
  assert.deepEqual(tests.map(({ test, n, seconds }) => [test, n, seconds]), [["prompt", 8, { a: [2], b: [3] }], ["generate", 4, { a: [2], b: [3] }]]);
  assert.equal(ends.b.version, "1");
});

test("a program that ends early is told by name", async () => {
  await assert.rejects(inTurns([started("a", "2"), started("b", "break")], plan), /b ended early/);
});

test("tests come in the order of the bench", () => {
  const order = testsOf({ prompt: 8, generate: 4, batch: [1, 4], depth: [0, 9] }).map(({ test, batch, depth }) => `${test} ${batch} ${depth}`);
  assert.deepEqual(order, ["prompt 1 0", "prompt 1 9", "generate 1 0", "generate 4 0", "generate 1 9", "generate 4 9"]);
});

test("the table of llama-batched-bench is read", () => {
  const out = "main: n_kv_max = 512\n\n|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |   T_TG s | S_TG t/s |      T s |    S t/s |\n" +
    "|-------|--------|------|--------|----------|----------|----------|----------|----------|----------|\n" +
    "|     1 |      8 |    4 |     36 |    0.034 |   117.45 |    0.261 |   122.61 |    0.295 |   122.03 |\n\n";
  assert.equal(batchedSeconds(out), 0.261);
  assert.throws(() => batchedSeconds("no"), /no row/);
});
