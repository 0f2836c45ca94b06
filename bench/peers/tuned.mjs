// Why: what `pioneer tune` made must mean the same elsewhere. Continues each prompt greedily in three
// ways: llama.cpp with model and adapter, Pioneer with model and adapter, and Pioneer with the merged
// model; and counts the prompts whose tokens are all the same. Use models of F32: rounded
// activations may make a close call fall either way.
//   node bench/peers/tuned.mjs PROMPTS.txt MODEL.gguf ADAPTER.gguf MERGED.gguf   (one prompt a line)
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { llama } from "./next_tokens.mjs";

const [promptFile, file, adapter, merged] = process.argv.slice(2);
const prompts = readFileSync(promptFile, "utf8").split("\n").filter((line) => line !== "");
const program = process.env.PIONEER ?? "build/pioneer";
const nTokens = 32;

function pioneerTokens(...args) {
  const json = execFileSync(program, ["complete", ...args, "--tokens", String(nTokens), "--temperature", "0", "--json"], { encoding: "utf8" });
  return JSON.parse(json).tokens;
}

const model = await llama.loadModel({ modelPath: file });
const context = async (lora) => (await model.createContext({
  contextSize: 512, batchSize: 512, flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32", ...lora,
})).getSequence();
const tuned = await context({ lora: { adapters: [{ filePath: adapter, scale: 1 }] } });
const plain = await context({});

async function llamaTokens(sequence, prompt) {
  await sequence.clearHistory();
  const bos = model.tokens.shouldPrependBosToken ? [model.tokens.bos] : [];
  const made = [];
  for await (const token of sequence.evaluate([...bos, ...model.tokenize(prompt, true)], { temperature: 0 })) {
    if (model.isEogToken(token)) break;
    made.push(token);
    if (made.length === nTokens) break;
  }
  return made;
}

const counts = { same: 0, changed: 0 };
for (const prompt of prompts) {
  const theirs = (await llamaTokens(tuned, prompt)).join(" ");
  const beside = pioneerTokens("--model", file, "--adapter", adapter, "--prompt", prompt).join(" ");
  const inside = pioneerTokens("--model", merged, "--prompt", prompt).join(" ");
  const untuned = (await llamaTokens(plain, prompt)).join(" ");
  if (theirs === beside && theirs === inside) counts.same += 1;
  else console.log(`${JSON.stringify(prompt)}\n  llama.cpp ${theirs}\n  beside    ${beside}\n  merged    ${inside}`);
  if (untuned !== theirs) counts.changed += 1;
}
console.log(`${counts.same} of ${prompts.length} prompts: the same ${nTokens} tokens in llama.cpp with the adapter, ` +
  `in Pioneer with the adapter, and merged; ${counts.changed} other than without the adapter`);
process.exit(counts.same === prompts.length ? 0 : 1);
