// Why: Pioneer's speed beside llama.cpp's, in one run on one model: medians of paired rounds.
//   node bench/peers/speed.mjs MODEL.gguf [--prompt 512] [--generate 64] [--rounds 5]
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prompt: { type: "string", default: "512" },
    generate: { type: "string", default: "64" },
    rounds: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
  },
});
const file = positionals[0];
const nPrompt = Number(values.prompt);
const nGenerate = Number(values.generate);
const threads = Number(values.threads);
const program = process.env.PIONEER ?? "build/pioneer";

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: threads });
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({
  contextSize: nPrompt + nGenerate + 64, batchSize: 512, threads: { ideal: threads, min: threads },
});
const sequence = context.getSequence();
const vocabulary = [...model.iterateAllTokens()];

function randomTokens(n) {
  return Array.from({ length: n }, () => vocabulary[Math.floor(Math.random() * vocabulary.length)]);
}

// Both engines get random tokens: random weights and random text cost what real ones cost.
async function llamaPrompt() {
  await sequence.clearHistory();
  const tokens = randomTokens(nPrompt);
  const start = performance.now();
  await sequence.evaluateWithoutGeneratingNewTokens(tokens);
  return (nPrompt * 1000) / (performance.now() - start);
}

async function llamaGenerate() {
  await sequence.clearHistory();
  let count = -1; // the first token ends the prompt's step
  let start = 0;
  for await (const _ of sequence.evaluate(randomTokens(1), { temperature: 0, yieldEogToken: true })) {
    if (++count === 0) start = performance.now();
    if (count === nGenerate) break;
  }
  return (nGenerate * 1000) / (performance.now() - start);
}

function pioneer(test) {
  const json = execFileSync(program, [
    "bench", "--model", file, "--json", "--repeat", "1", "--threads", String(threads),
    "--prompt", test === "prompt" ? String(nPrompt) : "0",
    "--generate", test === "generate" ? String(nGenerate) : "0",
  ], { encoding: "utf8" });
  return JSON.parse(json).results[0].tokens_per_second;
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

console.log(`${file}, ${threads} threads, node-llama-cpp (llama.cpp ${llama.llamaCppRelease.release}), ` +
  `medians of ${values.rounds} paired rounds, tokens/s`);
console.log("test            llama.cpp    Pioneer   Pioneer / llama.cpp");
for (const [test, peer, n] of [["prompt", llamaPrompt, nPrompt], ["generate", llamaGenerate, nGenerate]]) {
  const theirs = [];
  const ours = [];
  await peer(); // warm
  for (let round = 0; round < Number(values.rounds); ++round) {
    theirs.push(await peer());
    ours.push(pioneer(test));
  }
  const ratio = median(ours.map((speed, i) => speed / theirs[i]));
  console.log(`${`${test} ${n}`.padEnd(14)} ${median(theirs).toFixed(1).padStart(10)} ` +
    `${median(ours).toFixed(1).padStart(10)}   ${ratio.toFixed(2)}`);
}
process.exit(0);
