// Why: the same file must give the same vectors everywhere. Asks llama.cpp for the embeddings or
// scores of fixed token rows and writes them down for src/model/embedding_golden_test.cc, which says
// how the models are made.
//   node bench/peers/embeddings.mjs FOLDER_OF_MODELS OUTPUT.json
import { readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { llama, randomPrompts } from "./next_tokens.mjs";

const [folder, output] = process.argv.slice(2);
// The same rows for every model; models with a vocabulary for text get texts.
const rows = randomPrompts([1, 2, 17, 33, 300], 300);
const texts = ["fox", "The quick brown fox jumps over the lazy dog.", "  안녕하세요,   오늘은 날씨가 좋습니다  ", "a 漢字 dog? ...ing",
  "the quicker jumping fox, over and over. ".repeat(12)];

function rowsOf(model, name) {
  if (!name.startsWith("xlm-roberta")) return rows.map((tokens) => ({ tokens }));
  const { bos, eos } = model.tokens;
  return texts.map((text) => ({ text, tokens: [bos, ...model.tokenize(text), eos] }));
}

// In float32 throughout: the public embedding context rounds keys and values to float16.
async function vectorsOf(model, name, inputs) {
  const ranks = name.endsWith("-rank");
  const context = await model.createContext({
    contextSize: 512, batchSize: 512, flashAttention: false, experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32", _embeddings: true, _ranking: ranks,
  });
  const sequence = context.getSequence();
  const vectors = [];
  for (const { tokens } of inputs) {
    await sequence.clearHistory();
    for await (const _ of sequence.evaluate(tokens, { _noSampling: true })) break;
    vectors.push(Array.from(context._ctx.getEmbedding(tokens.length)));
  }
  await context.dispose();
  return vectors;
}

const result = [];
for (const file of readdirSync(folder).filter((file) => file.endsWith(".gguf")).sort()) {
  const name = basename(file, ".gguf");
  const model = await llama.loadModel({ modelPath: join(folder, file) });
  const inputs = rowsOf(model, name);
  const vectors = await vectorsOf(model, name, inputs);
  const lines = inputs.map((input, i) => JSON.stringify({ ...input, vector: vectors[i].map((x) => Number(x.toFixed(6))) }));
  result.push(`${JSON.stringify(name)}: [\n${lines.join(",\n")}\n]`);
  await model.dispose();
}
writeFileSync(output, `{\n${result.join(",\n")}\n}\n`);
process.exit(0);
