// Why: the same file must predict the same everywhere. Asks llama.cpp for the next-token distribution
// after fixed prompts and writes the likeliest down for src/model/architectures_test.cc, which says how
// the models (NAME.TYPE.gguf) are made.
//   node bench/peers/architectures.mjs FOLDER_OF_MODELS OUTPUT.json
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linesOf, llama, nextTokens, randomPrompts } from "./next_tokens.mjs";

const [folder, output] = process.argv.slice(2);
const prompts = randomPrompts([1, 2, 33, 100, 300], 300);

const cases = {};
for (const file of readdirSync(folder).filter((file) => file.endsWith(".gguf")).sort()) {
  const [name, type] = file.split(".");
  try {
    const model = await llama.loadModel({ modelPath: join(folder, file) });
    (cases[name] ??= {})[type] = await nextTokens(model, prompts);
    await model.dispose();
  } catch (error) {
    console.error(`${file}: ${error}`);
  }
}
const lines = Object.entries(cases).map(([name, types]) =>
  `${JSON.stringify(name)}: {\n${Object.entries(types).map(([type, rows]) => `"${type}": ${linesOf(rows)}`).join(",\n")}}`);
writeFileSync(output, `{\n"prompts": ${JSON.stringify(prompts)},\n${lines.join(",\n")}\n}\n`);
process.exit(0);
