// Why: what llama.cpp says next is what goldens of models hold.
import { getLlama, LlamaLogLevel } from "node-llama-cpp";
import { makeRandom } from "./gguf.mjs";

export const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });

// Rows of made-up tokens of these lengths, each token below `below`.
export function randomPrompts(lengths, below, random = makeRandom()) {
  return lengths.map((length) => Array.from({ length }, () => random() % below));
}

// After each prompt the likeliest tokens, as [token, probability]. In float32 throughout, as far as
// the weights' type lets it.
export async function nextTokens(model, prompts, options = {}, kept = 8) {
  const context = await model.createContext({
    contextSize: 512, batchSize: 512, flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32",
    ...options,
  });
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
  return rows;
}

// JSON, a row a line.
export const linesOf = (rows) => `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}]`;
