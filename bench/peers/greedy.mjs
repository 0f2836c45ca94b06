// Why: the same file must say the same thing everywhere. Continues each prompt greedily in llama.cpp
// and in Pioneer and counts the prompts whose tokens are all the same. Where they part, both engines
// are asked how close the call was: activations are rounded to 8 bits, so that two tokens of nearly
// equal probability may fall either way. How often they do without another program is told too:
// llama.cpp beside itself with keys and values in F32.
//   node bench/peers/greedy.mjs PROMPTS.txt MODEL.gguf...      (one prompt a line)
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [promptFile, ...files] = process.argv.slice(2);
const prompts = readFileSync(promptFile, "utf8").split("\n").filter((line) => line !== "");
const program = process.env.PIONEER ?? "build/pioneer";
const nTokens = 64;

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });
const inF32 = { flashAttention: false, experimentalKvCacheKeyType: "F32", experimentalKvCacheValueType: "F32" };
let failed = 0;

function pioneerTokens(file, prompt) {
  const json = execFileSync(program, [
    "complete", "--model", file, "--prompt", prompt, "--tokens", String(nTokens), "--temperature", "0", "--json", "--threads", "1",
  ], { encoding: "utf8" });
  return JSON.parse(json).tokens;
}

// Greedy tokens, one step each, until the end of the text.
async function llamaTokens(model, sequence, start) {
  await sequence.clearHistory();
  const made = [];
  for await (const token of sequence.evaluate(start, { temperature: 0 })) {
    if (model.isEogToken(token)) break;
    made.push(token);
    if (made.length === nTokens) break;
  }
  return made;
}

// What llama.cpp finds likeliest after these tokens: "token (probability)" of the first two.
async function likeliest(model, sequence, tokens) {
  await sequence.clearHistory();
  const input = tokens.map((token, i) =>
    i < tokens.length - 1 ? token : [token, { generateNext: { probabilities: true } }]);
  const { probabilities } = (await sequence.controlledEvaluate(input)).at(-1).next;
  return [...probabilities].sort((a, b) => b[1] - a[1]).slice(0, 2)
    .map(([token, p]) => `${JSON.stringify(model.detokenize([token], true))} (${p.toFixed(5)})`).join(" and ");
}

for (const file of files) {
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({ contextSize: 512 });
  const sequence = context.getSequence();
  const otherContext = await model.createContext({ contextSize: 512, ...inF32 });
  const otherSequence = otherContext.getSequence();
  let [same, sameAsItself] = [0, 0];
  for (const prompt of prompts) {
    const start = model.tokenize(prompt, false);
    if (model.tokens.shouldPrependBosToken) start.unshift(model.tokens.bos);
    const theirs = await llamaTokens(model, sequence, start);
    sameAsItself += `${await llamaTokens(model, otherSequence, start)}` === `${theirs}`;
    const ours = pioneerTokens(file, prompt);
    const length = Math.max(ours.length, theirs.length);
    const at = Array.from({ length }, (_, i) => ours[i] === theirs[i]).indexOf(false);
    same += at === -1;
    if (at === -1) continue;
    console.log(`  ${JSON.stringify(prompt)}: they part at token ${at}, where llama.cpp's likeliest are ` +
      await likeliest(model, sequence, [...start, ...ours.slice(0, at)]));
  }
  console.log(`${file}: ${same} of ${prompts.length} prompts give the same ${nTokens} tokens; ` +
    `llama.cpp with keys and values in F32: ${sameAsItself}`);
  failed += prompts.length - same;
  await context.dispose();
  await otherContext.dispose();
  await model.dispose();
}
process.exit(failed === 0 ? 0 : 1);
