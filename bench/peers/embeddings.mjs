// Why: the same file must give the same vectors everywhere. Asks llama.cpp for the embeddings or
// scores of fixed token rows and writes them down for src/model/embedding_golden_test.cc, which says
// how the models are made.
//   node bench/peers/embeddings.mjs FOLDER_OF_MODELS OUTPUT.json
import { readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

const [folder, output] = process.argv.slice(2);
const lengths = [1, 2, 17, 33, 300];

const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });

// The same rows for every model: ids of a linear congruential generator.
let state = 1;
const rows = lengths.map((length) => Array.from({ length }, () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return Math.floor(state / 65536) % 300;
}));

// In float32 throughout: the public embedding context rounds keys and values to float16.
async function vectorsOf(model, name) {
  const ranks = name.endsWith("-rank");
  const context = await model.createContext({
    contextSize: 512, batchSize: 512, flashAttention: false, experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32", _embeddings: true, _ranking: ranks,
  });
  const sequence = context.getSequence();
  const vectors = [];
  for (const row of rows) {
    await sequence.clearHistory();
    for await (const _ of sequence.evaluate(row, { _noSampling: true })) break;
    vectors.push(Array.from(context._ctx.getEmbedding(row.length)));
  }
  await context.dispose();
  return vectors;
}

const result = [];
for (const file of readdirSync(folder).filter((file) => file.endsWith(".gguf")).sort()) {
  const name = basename(file, ".gguf");
  const model = await llama.loadModel({ modelPath: join(folder, file) });
  const vectors = await vectorsOf(model, name);
  const texts = rows.map((tokens, i) => JSON.stringify({ tokens, vector: vectors[i].map((x) => Number(x.toFixed(6))) }));
  result.push(`${JSON.stringify(name)}: [\n${texts.join(",\n")}\n]`);
  await model.dispose();
}
writeFileSync(output, `{\n${result.join(",\n")}\n}\n`);
process.exit(0);
