// Why: the same file must say the same thing everywhere. Takes Pioneer's greedy continuations and asks
// llama.cpp, at each of their tokens, which token it finds likeliest: both are the same when every
// answer is the token that Pioneer chose. (Tokens that end the text are left out on both sides.)
//   node bench/peers/greedy.mjs PROMPTS.txt MODEL.gguf...      (one prompt a line)
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [promptFile, ...files] = process.argv.slice(2);
const prompts = readFileSync(promptFile, "utf8").split("\n").filter((line) => line !== "");
const program = process.env.PIONEER ?? "build/pioneer";
const nTokens = 64;

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
let failed = 0;

function pioneerTokens(file, prompt) {
  const json = execFileSync(program, [
    "complete", "--model", file, "--prompt", prompt, "--tokens", String(nTokens),
    "--temperature", "0", "--ignore-eos", "--json",
  ], { encoding: "utf8" });
  return JSON.parse(json).tokens;
}

// The two likeliest tokens of a distribution, without those that end the text.
function likeliest(model, probabilities) {
  return [...probabilities].filter(([token]) => !model.isEogToken(token))
    .sort((a, b) => b[1] - a[1]).slice(0, 2);
}

for (const file of files) {
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({ contextSize: 512 });
  const sequence = context.getSequence();
  let same = 0;
  for (const prompt of prompts) {
    await sequence.clearHistory();
    const start = model.tokenize(prompt, false);
    if (model.tokens.shouldPrependBosToken) start.unshift(model.tokens.bos);
    const ours = pioneerTokens(file, prompt);
    if (ours.length !== nTokens) throw new Error(`Pioneer gave ${ours.length} tokens`);
    const asked = { generateNext: { probabilities: true } };
    const input = [...start, ...ours.slice(0, -1)].map((token, i) => (i < start.length - 1 ? token : [token, asked]));
    const results = (await sequence.controlledEvaluate(input)).slice(start.length - 1);
    const at = results.findIndex((result, i) => likeliest(model, result.next.probabilities)[0][0] !== ours[i]);
    same += at === -1;
    if (at !== -1) {
      const [[first, p], [, q]] = likeliest(model, results[at].next.probabilities);
      console.log(`  ${JSON.stringify(prompt)}: at token ${at} llama.cpp prefers ` +
        `${JSON.stringify(model.detokenize([first]))} (p ${p.toFixed(5)}) to ` +
        `${JSON.stringify(model.detokenize([ours[at]]))} (its second has p ${q.toFixed(5)})`);
    }
  }
  console.log(`${file}: ${same} of ${prompts.length} prompts give the same ${nTokens} tokens`);
  failed += prompts.length - same;
  await context.dispose();
  await model.dispose();
}
process.exit(failed === 0 ? 0 : 1);
