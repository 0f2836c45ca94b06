// Why: a file of any type that Pioneer writes must say the same in llama.cpp. Quantizes one F32 (or
// F16) file to every type (pure: one type throughout) and to the usual mixes, lets Pioneer continue
// each prompt greedily, and asks llama.cpp for the probabilities of the same tokens at the same
// places. Prints the largest and the mean difference in probability over Pioneer's 20 likeliest
// tokens, and llama.cpp's own likeliest token where it is another.
//   node bench/peers/quantize.mjs PROMPTS.txt MODEL-f32.gguf [TYPE...]      (one prompt a line)
// Both programs round activations to 8 bits, each in its own way, so that small differences are
// expected; F32 shows how much is left without any.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [promptFile, source, ...wanted] = process.argv.slice(2);
const prompts = readFileSync(promptFile, "utf8").split("\n").filter((line) => line !== "");
const program = process.env.PIONEER ?? "build/pioneer";
const nTokens = 16;
const pure = ["F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_S", "Q4_1", "Q4_0",
  "IQ4_NL", "IQ4_XS", "MXFP4", "Q3_K_S", "Q2_K"];
const mixes = ["Q5_K_M", "Q4_K_M", "Q3_K_L", "Q3_K_M"];
// Differences in probability beyond which the two programs do not agree.
const limits = { F32: 1e-3, F16: 1e-3, BF16: 5e-3, Q8_0: 2e-2 };
const limitOfOthers = 5e-2;

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
const folder = mkdtempSync(join(tmpdir(), "pioneer-quantize-"));

function pioneerAnswer(file, prompt) {
  return JSON.parse(execFileSync(program, [
    "complete", "--model", file, "--prompt", prompt, "--tokens", String(nTokens), "--temperature", "0",
    "--ignore-eos", "--json", "--top-logprobs", "20",
  ], { encoding: "utf8" }));
}

// llama.cpp's distribution at each place of `made` after `start`.
async function distributions(sequence, start, made) {
  await sequence.clearHistory();
  const asked = { generateNext: { probabilities: true } };
  const input = [...start, ...made.slice(0, -1)].map((token, i) => (i < start.length - 1 ? token : [token, asked]));
  return (await sequence.controlledEvaluate(input)).slice(start.length - 1).map((result) => result.next.probabilities);
}

async function compare(file) {
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({ contextSize: 512 });
  const sequence = context.getSequence();
  const found = { largest: 0, sum: 0, n: 0, others: 0, places: 0 };
  for (const prompt of prompts) {
    const start = model.tokenize(prompt, false);
    if (model.tokens.shouldPrependBosToken) start.unshift(model.tokens.bos);
    const ours = pioneerAnswer(file, prompt);
    const theirs = await distributions(sequence, start, ours.tokens);
    theirs.forEach((probabilities, i) => {
      for (const [token, logprob] of ours.top_logprobs[i]) {
        const difference = Math.abs(Math.exp(logprob) - (probabilities.get(token) ?? 0));
        found.largest = Math.max(found.largest, difference);
        found.sum += difference;
        found.n += 1;
      }
      found.others += [...probabilities].sort((a, b) => b[1] - a[1])[0][0] !== ours.top_logprobs[i][0][0];
      found.places += 1;
    });
  }
  await context.dispose();
  await model.dispose();
  return found;
}

let failed = 0;
for (const type of wanted.length > 0 ? wanted : [...pure, ...mixes]) {
  const file = join(folder, `${type}.gguf`);
  const flags = mixes.includes(type) ? [] : ["--pure"];
  execFileSync(program, ["quantize", source, file, type, ...flags], { stdio: "ignore" });
  const { largest, sum, n, others, places } = await compare(file);
  const bad = largest > (limits[type] ?? limitOfOthers);
  failed += bad;
  console.log(`${type.padEnd(8)} ${(statSync(file).size / 1e6).toFixed(2).padStart(7)} MB  largest ${largest.toFixed(5)}` +
    `  mean ${(sum / n).toExponential(1)}  another likeliest token ${others} of ${places}${bad ? "  DIFFERENT" : ""}`);
  rmSync(file);
}
rmSync(folder, { recursive: true });
process.exit(failed === 0 ? 0 : 1);
