// Why: every claim about speed by one command: Pioneer beside llama.cpp (and other builds at hand) on
// this machine, in turns, with the targets and how far each is. Writes OUTPUT.json and OUTPUT.html.
//   node bench/peers/speed.mjs --output speed        (--help; bench/README.md says what it measures)
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median, pairedRatio, table } from "../statistics.mjs";
import { commitOf, machine, watchOthers } from "./machine.mjs";
import { cacheFolder, modelFile, program, root, shapes, types } from "./models.mjs";
import { page } from "./page.mjs";
import { evaluate, ours } from "./targets.mjs";
import { BenchProgram, inTurns, TurnProgram } from "./turns.mjs";

const usage = `node bench/peers/speed.mjs [--output speed] [--pairs 5] [--threads 2]
  --models ${Object.keys(shapes).join(",")}   --types ${types.join(",")}
  --parts speed,batch,depth,start,memory,speculation,serve   only some of them
  --prompt 512 --generate 128 --batch 4,16,64 --depth 8192
  --build NAME=FOLDER    further peers: a folder with llama-bench (and llama-batched-bench); may be repeated
PIONEER is the program; models lie in PIONEER_BENCH_CACHE, about 8 GB for all.`;

const text = (value) => ({ type: "string", default: value });
const { values: options } = parseArgs({
  options: {
    output: text("speed"), pairs: text("5"), threads: text("2"), models: text(Object.keys(shapes).join(",")), types: text(types.join(",")),
    parts: text("speed,batch,depth,start,memory,speculation,serve"), prompt: text("512"), generate: text("128"), batch: text("4,16,64"), depth: text("8192"),
    build: { type: "string", multiple: true, default: [] }, help: { type: "boolean", default: false },
  },
});
if (options.help) {
  console.log(usage);
  process.exit(0);
}
const list = (value) => value.split(",").filter((x) => x !== "");
const parts = new Set(list(options.parts));
const [pairs, threads] = [Number(options.pairs), Number(options.threads)];
const builds = options.build.map((build) => build.split("=")).map(([name, folder]) => ({ name, folder: resolve(folder) }));
const names = [ours, "llama.cpp", ...builds.map(({ name }) => name)];
const llamaBench = fileURLToPath(new URL("llama_bench.mjs", import.meta.url));
const deep = Number(options.depth);
const commit = `commit ${commitOf(root)}`;
// What Pioneer keeps of models to start faster belongs to this run's cache.
process.env.PIONEER_HOME = join(cacheFolder, "home");

const report = {
  date: new Date().toISOString(), command: `node bench/peers/speed.mjs ${process.argv.slice(2).join(" ")}`, options: { ...options, threads, pairs }, names,
  machine: machine(), versions: {}, memory_bytes_per_second: 0, speeds: [], sampling: [], start: null, memory: null, speculation: null, serve: null, others: null,
};
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1)); // and so end what was started
const tell = (line) => process.stderr.isTTY ? process.stderr.write(`\r\x1b[K${line}`) : console.error(line);
const others = watchOthers();

// Beside peers named in `with_`.
async function compare(shape, type, plan, peers) {
  const model = modelFile(shape, type);
  const flags = ["--model", model, "--prompt", plan.prompt, "--generate", plan.generate, "--batch", plan.batch.join(","), "--depth", plan.depth.join(","),
    "--repeat", pairs, "--threads", threads, "--turns", "--json"].map(String);
  const programs = [
    new TurnProgram(ours, program, ["bench", ...flags]), new TurnProgram("llama.cpp", process.execPath, [llamaBench, ...flags]),
    ...peers.map(({ name, folder }) => new BenchProgram(name, folder, { model, threads })),
  ];
  const { tests, ends } = await inTurns(programs, { ...plan, pairs }, ({ test, batch, depth }, round) =>
    tell(`${shape} ${type}: ${test}, batch ${batch}, depth ${depth}, round ${round}`));
  for (const [name, end] of Object.entries(ends)) report.versions[name] = [end.version, end.isa, name === ours ? commit : null].filter(Boolean).join(", ");
  keep(shape, type, tests, ends[ours]);
}

const spread = (tokens, seconds) => seconds.length === 0 ? null :
  { value: tokens / median(seconds), low: tokens / Math.max(...seconds), high: tokens / Math.min(...seconds) };

function keep(model, type, tests, end) {
  report.memory_bytes_per_second = Math.max(report.memory_bytes_per_second, end.memory_bytes_per_second);
  for (const { test, batch, depth, n, seconds } of tests) {
    const { bytes_per_step } = end.results.find((r) => r.test === test && r.batch === batch && r.depth === depth);
    const tokens = batch * n;
    report.speeds.push({
      model, type, test, batch, depth, n, seconds, bytes_per_step: bytes_per_step ?? null,
      programs: Object.fromEntries(Object.entries(seconds).map(([name, times]) => [name, spread(tokens, times)])),
      // Of speeds, so of times the other way round.
      ratios: Object.fromEntries(Object.entries(seconds).filter(([name]) => name !== ours).map(([name, times]) => [name, pairedRatio(times, seconds[ours])])),
    });
  }
  for (const one of end.sampling) report.sampling.push({ model, type, vocabulary: end.vocabulary, ...one });
}

// The most tokens a second that the memory's speed allows, now that it is known.
function addLimits() {
  for (const speed of report.speeds) {
    const step = speed.bytes_per_step;
    speed.memory_limit = step === null ? null : (report.memory_bytes_per_second / step) * speed.batch;
    speed.memory_share = step === null ? null : speed.programs[ours].value / speed.memory_limit;
  }
}

async function speeds() {
  const [prompt, generate] = [Number(options.prompt), Number(options.generate)];
  for (const shape of list(options.models)) {
    for (const type of list(options.types)) {
      if (parts.has("speed")) await compare(shape, type, { prompt, generate, batch: [1], depth: [0] }, builds);
    }
    // Streams together and depth: of what most people run.
    const common = list(options.types).includes("Q4_K_M") ? "Q4_K_M" : list(options.types)[0];
    if (parts.has("batch")) await compare(shape, common, { prompt: 0, generate: Math.min(generate, 64), batch: list(options.batch).map(Number), depth: [0] }, builds);
    if (parts.has("depth")) await compare(shape, common, { prompt, generate: Math.min(generate, 32), batch: [1], depth: [deep] }, []); // not every llama-bench knows depths
  }
}

// From starting the program to the first byte of its answer; what the first start leaves behind may
// help the others.
async function starts(model) {
  const one = () => new Promise((resolve, reject) => {
    const begin = performance.now();
    const child = spawn(program, ["complete", "--model", model, "--prompt", "The first word of this answer is", "--tokens", "1", "--threads", String(threads)],
      { stdio: ["ignore", "pipe", "inherit"] });
    let first = null;
    child.stdout.on("data", () => { first ??= (performance.now() - begin) / 1000; });
    child.on("close", (status) => (status === 0 && first !== null ? resolve(first) : reject(new Error(`complete ended with ${status}`))));
  });
  const cold = await one();
  const seconds = [];
  for (let i = 0; i < pairs; ++i) seconds.push(await one());
  return { first: cold, seconds };
}

function memoryUse(model) {
  const out = execFileSync(program, ["bench", "--model", model, "--prompt", "64", "--depth", "4032", "--generate", "0", "--repeat", "1", "--threads", String(threads), "--json"], { encoding: "utf8" });
  const { peak_bytes, file_bytes, kv_bytes } = JSON.parse(out);
  return { peak_bytes, file_bytes, kv_bytes };
}

// An edit of a text, with and without guesses.
function speculation(model) {
  const out = execFileSync(program, ["bench", "speculation", "--model", model, "--text", join(root, "src/engine/runner.cc"), "--tokens", "300", "--repeat", String(pairs),
    "--threads", String(threads), "--json"], { encoding: "utf8" });
  return JSON.parse(out);
}

// The service under load: bench/serve against a service of its own.
async function serving(model) {
  const folder = mkdtempSync(join(tmpdir(), "pioneer-peers-"));
  const address = join(folder, "address");
  const service = spawn(program, ["serve", "--model", model, "--port", "0", "--address-file", address, "--threads", String(threads), "--context", "16384",
    "--no-speculation"], { stdio: "ignore" }); // random weights repeat themselves more than any text
  process.once("exit", () => service.kill());
  try {
    const url = await readWhenThere(address, service);
    const output = join(folder, "load.json");
    execFileSync(process.execPath, [join(root, "bench/serve/load.mjs"), "--url", url, "--api", "completions", "--stall", "--prefix", "--concurrency", "1,8",
      "--requests", "16", "--prompt", "256", "--answer", "32", "--output", output], { stdio: ["ignore", "inherit", "inherit"], timeout: 900_000 });
    return JSON.parse(readFileSync(output, "utf8"));
  } finally {
    service.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readWhenThere(file, service) {
  for (let waited = 0; waited < 120 && service.exitCode === null; waited += 0.1) {
    try { return readFileSync(file, "utf8").trim(); } catch { await new Promise((resolve) => { setTimeout(resolve, 100); }); }
  }
  throw new Error("the service did not start");
}

const slug = (path) => path.replace(/\.(html|json)$/, "");
try {
  mkdirSync(cacheFolder, { recursive: true });
  await speeds();
  const one = list(options.models).at(-1);
  if (parts.has("start")) report.start = { model: one, ...(await starts(modelFile(one, "Q4_K_M"))) };
  if (parts.has("memory")) report.memory = { model: one, ...memoryUse(modelFile(one, "Q4_K_M")) };
  if (parts.has("speculation")) report.speculation = speculation(modelFile(one, "Q4_K_M"));
  if (parts.has("serve")) report.serve = await serving(modelFile(one, "Q4_K_M"));
} catch (error) {
  // What was measured until then is kept.
  report.failure = error.message;
  console.error(`\n${error.message}`);
  process.exitCode = 1;
}
report.others = others();
addLimits();
report.targets = evaluate(report, deep);
writeFileSync(`${slug(options.output)}.json`, `${JSON.stringify(report, null, 1)}\n`);
writeFileSync(`${slug(options.output)}.html`, page(report, report.targets));
tell("");
console.log(table(["what", "target", "measured", ""], report.targets.map(({ what, target, measured, reached }) =>
  [what, target, measured, reached === null ? "" : reached ? "reached" : "not reached"]), 4));
