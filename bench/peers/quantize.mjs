// Why: a file of any type must say the same in both programs, whoever wrote it. Quantizes one F32 (or
// F16) file to every type, once with Pioneer and once with llama.cpp (pure: one type for every
// matrix), lets Pioneer continue each prompt greedily, and asks llama.cpp for the probabilities of the
// same tokens at the same places. Both programs round activations to 8 bits for quantized weights,
// after which the smallest difference in a sum may flip a code; so llama.cpp also runs the file's
// weights in F32 ("exact", with keys and values in F32), and the table tells how far each program is
// from that, and llama.cpp from itself when it only keeps keys and values in F32. Prints Markdown:
//   error     of the weights: root of the mean square, relative to the source's
//   a : b     how far a is from b: the largest difference in probability at any place over Pioneer's
//             20 likeliest tokens, and the mean over places of the divergence (Kullback-Leibler, in
//             nats) over these tokens and all others as one
//   node bench/peers/quantize.mjs PROMPTS.txt MODEL-f32.gguf [TYPE...]      (one prompt a line)
// Fails where the programs read other weights from a file, or where they are farther apart than two
// independent roundings would be (divergences of independent errors add up), or where Pioneer's error
// of a matrix is larger than llama.cpp's.
import { execFileSync } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getLlama, LlamaLogLevel, readGgufFileInfo } from "node-llama-cpp";
import { mixes, quantizeWithLlama } from "./llama_quantize.mjs";

const [promptFile, source, ...wanted] = process.argv.slice(2);
const prompts = readFileSync(promptFile, "utf8").split("\n").filter((line) => line !== "");
const program = process.env.PIONEER ?? "build/pioneer";
const nTokens = 16;
const inF32 = { flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" };
const types = ["F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_S", "Q4_1", "Q4_0",
  "IQ4_NL", "IQ4_XS", "MXFP4", "Q3_K_S", "Q2_K", ...mixes];

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });
const folder = mkdtempSync(join(tmpdir(), "pioneer-quantize-"));

function quantizeWithPioneer(input, output, type) {
  const flags = mixes.includes(type) ? [] : ["--pure"];
  execFileSync(program, ["quantize", input, output, type, ...flags, "--threads", "1"], { stdio: "ignore" });
}

function pioneerAnswer(file, prompt) {
  return JSON.parse(execFileSync(program, [
    "complete", "--model", file, "--prompt", prompt, "--tokens", String(nTokens), "--temperature", "0",
    "--ignore-eos", "--json", "--top-logprobs", "20", "--threads", "1",
  ], { encoding: "utf8" }));
}

// llama.cpp's distributions at each place of the answers after their prompts.
async function llamaAnswers(file, answers, contextOptions = {}) {
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({ contextSize: 512, ...contextOptions });
  const sequence = context.getSequence();
  const asked = { generateNext: { probabilities: true } };
  const found = [];
  for (const [i, { tokens }] of answers.entries()) {
    const start = model.tokenize(prompts[i], false);
    if (model.tokens.shouldPrependBosToken) start.unshift(model.tokens.bos);
    await sequence.clearHistory();
    const input = [...start, ...tokens.slice(0, -1)].map((token, at) => (at < start.length - 1 ? token : [token, asked]));
    const results = await sequence.controlledEvaluate(input);
    found.push(...results.slice(start.length - 1).map((result) => result.next.probabilities));
  }
  await context.dispose();
  await model.dispose();
  return found;
}

// Two lists of probabilities of the same tokens, one list a place.
function compare(a, b) {
  let largest = 0;
  let divergence = 0;
  const withRest = (p) => [...p, Math.max(1 - p.reduce((x, y) => x + y), 1e-9)];
  a.forEach((p, place) => {
    const q = b[place];
    p.forEach((_, i) => { largest = Math.max(largest, Math.abs(p[i] - q[i])); });
    const other = withRest(p);
    withRest(q).forEach((probability, i) => {
      divergence += probability * Math.log(Math.max(probability, 1e-12) / Math.max(other[i], 1e-12));
    });
  });
  return { largest, divergence: divergence / a.length };
}

async function matrices(file) {
  const { tensorInfo } = await readGgufFileInfo(file);
  const descriptor = openSync(file);
  return new Map(tensorInfo.filter(({ dimensions }) => dimensions.length > 1).map(({ name, dimensions, fileOffset }) => {
    const values = new Float32Array(dimensions.reduce((x, y) => Number(x) * Number(y), 1));
    readSync(descriptor, values, 0, values.byteLength, Number(fileOffset));
    return [name, values];
  }));
}

const plain = join(folder, "source-f32.gguf");
quantizeWithLlama(source, plain, "F32");
const sourceMatrices = await matrices(plain);

// The error of what llama.cpp reads, and whether Pioneer reads the very same.
async function weights(file, exact) {
  const ours = join(folder, "ours-f32.gguf");
  quantizeWithPioneer(file, ours, "F32");
  const [a, b] = [await matrices(exact), await matrices(ours)];
  const errors = new Map();
  let [size, same] = [0, true];
  for (const [name, values] of sourceMatrices) {
    const [theirs, read] = [a.get(name), b.get(name)];
    let error = 0;
    values.forEach((value, i) => {
      error += (value - theirs[i]) ** 2;
      size += value ** 2;
      same &&= theirs[i] === read[i];
    });
    errors.set(name, error);
  }
  rmSync(ours);
  return { error: Math.sqrt([...errors.values()].reduce((x, y) => x + y) / size), errors, same };
}

let failed = 0;
const percent = (x) => `${(100 * x).toFixed(x < 0.001 ? 3 : 2)} %`;
const cell = ({ largest, divergence }) => `${largest.toFixed(4)}, ${Math.max(divergence, 0).toExponential(1)}`;
const columns = ["type", "MB", "written by", "error", "Pioneer : llama.cpp", "llama.cpp : itself, F32 keys and values",
  "llama.cpp : exact", "Pioneer : exact"];
const row = (cells) => `| ${cells.join(" | ")} |`;
console.log(`${row(columns)}\n${row(columns.map(() => "---"))}`);
for (const type of wanted.length > 0 ? wanted : types) {
  const errorsBy = {};
  for (const [writer, write] of [["Pioneer", quantizeWithPioneer], ["llama.cpp", quantizeWithLlama]]) {
    const file = join(folder, "model.gguf");
    const exactFile = join(folder, "exact.gguf");
    write(source, file, type);
    quantizeWithLlama(file, exactFile, "F32");
    const { error, errors, same } = await weights(file, exactFile);
    errorsBy[writer] = errors;
    const answers = prompts.map((prompt) => pioneerAnswer(file, prompt));
    const places = answers.flatMap((answer) => answer.top_logprobs);
    const ours = places.map((list) => list.map(([, logprob]) => Math.exp(logprob)));
    const ofTheSame = (distributions) => places.map((list, i) => list.map(([token]) => distributions[i].get(token) ?? 0));
    const theirs = ofTheSame(await llamaAnswers(file, answers));
    const itself = ofTheSame(await llamaAnswers(file, answers, inF32));
    const exact = ofTheSame(await llamaAnswers(exactFile, answers, inF32));
    const pairs = [[ours, theirs], [theirs, itself], [theirs, exact], [ours, exact]].map(([a, b]) => compare(a, b));
    const [apart, , theirDistance, ourDistance] = pairs;
    const explained = apart.divergence <= 1.25 * (theirDistance.divergence + ourDistance.divergence) + 1e-7;
    failed += !same || !explained;
    console.log(row([type, (statSync(file).size / 1e6).toFixed(2), writer, percent(error), ...pairs.map(cell)]) +
      `${same ? "" : " OTHER WEIGHTS"}${explained ? "" : " DIFFERENT"}`);
  }
  const worse = [...errorsBy.Pioneer].filter(([name, error]) => error > errorsBy["llama.cpp"].get(name) * (1 + 1e-6));
  failed += worse.length > 0;
  for (const [name, error] of worse) {
    console.log(`${type}: the error of ${name} is ${Math.sqrt(error / errorsBy["llama.cpp"].get(name)).toFixed(4)} times llama.cpp's`);
  }
}
rmSync(folder, { recursive: true });
process.exit(failed === 0 ? 0 : 1);
