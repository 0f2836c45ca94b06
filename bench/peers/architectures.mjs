// Why: the same file must predict the same everywhere. Asks llama.cpp for the next-token distribution
// after fixed prompts and writes the likeliest down for src/model/architectures_test.cc, which says how
// the models (NAME.TYPE.gguf) are made.
//   node bench/peers/architectures.mjs FOLDER_OF_MODELS OUTPUT.json
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [folder, output] = process.argv.slice(2);
const lengths = [1, 2, 33, 100, 300];
const kept = 8;

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });

// Ids of a linear congruential generator.
let state = 1;
const prompts = lengths.map((length) => Array.from({ length }, () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor(state / 65536) % 300;
}));

async function distributionsOf(path) {
  const model = await llama.loadModel({ modelPath: path });
  const context = await model.createContext({ contextSize: 512, batchSize: 512, flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" });
  const sequence = context.getSequence();
  const rows = [];
  for (const prompt of prompts) {
    await sequence.clearHistory();
    const last = [prompt.at(-1), { generateNext: { probabilities: true } }];
    const results = await sequence.controlledEvaluate([...prompt.slice(0, -1), last]);
    rows.push([...results.at(-1).next.probabilities].sort((a, b) => b[1] - a[1]).slice(0, kept)
      .map(([token, p]) => [token, Number(p.toFixed(7))]));
  }
  await context.dispose();
  await model.dispose();
  return rows;
}

const cases = {};
for (const file of readdirSync(folder).filter((file) => file.endsWith(".gguf")).sort()) {
  const [name, type] = file.split(".");
  try {
    (cases[name] ??= {})[type] = await distributionsOf(join(folder, file));
  } catch (error) {
    console.error(`${file}: ${error}`);
  }
}
const lines = Object.entries(cases).map(([name, types]) => {
  const rows = Object.entries(types).map(([type, list]) => `"${type}": [\n${list.map((row) => JSON.stringify(row)).join(",\n")}]`);
  return `${JSON.stringify(name)}: {\n${rows.join(",\n")}}`;
});
writeFileSync(output, `{\n"prompts": ${JSON.stringify(prompts)},\n${lines.join(",\n")}\n}\n`);
process.exit(0);
