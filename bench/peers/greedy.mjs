// Why: the same file must say the same thing everywhere. Compares Pioneer's greedy continuations
// with llama.cpp's, token by token in text.
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
for (const file of files) {
  const model = await llama.loadModel({ modelPath: file });
  const context = await model.createContext({ contextSize: 512 });
  const sequence = context.getSequence();
  let same = 0;
  for (const prompt of prompts) {
    await sequence.clearHistory();
    const tokens = model.tokenize(prompt, false);
    if (model.tokens.shouldPrependBosToken) tokens.unshift(model.tokens.bos);
    const theirs = [];
    for await (const token of sequence.evaluate(tokens, { temperature: 0, yieldEogToken: true })) {
      theirs.push(token);
      if (theirs.length === nTokens) break;
    }
    const ours = JSON.parse(execFileSync(program, [
      "complete", "--model", file, "--prompt", prompt, "--tokens", String(nTokens),
      "--temperature", "0", "--ignore-eos", "--json",
    ], { encoding: "utf8" }));
    const equal = JSON.stringify(ours.tokens) === JSON.stringify(theirs);
    same += equal;
    if (!equal) {
      const at = theirs.findIndex((token, i) => token !== ours.tokens[i]);
      console.log(`  differs at token ${at}: ${JSON.stringify(prompt)}`);
      console.log(`    llama.cpp: ${JSON.stringify(model.detokenize(theirs))}`);
      console.log(`    Pioneer:   ${JSON.stringify(ours.text)}`);
    }
  }
  console.log(`${file}: ${same} of ${prompts.length} prompts give the same ${nTokens} tokens`);
  failed += prompts.length - same;
  await context.dispose();
  await model.dispose();
}
process.exit(failed === 0 ? 0 : 1);
