// Why: files that llama.cpp wrote must run here, whatever their types. Makes a small random model,
// has llama.cpp quantize it with each matrix in another type, and writes the file and next to it what
// llama.cpp reads (a weighted sum of each matrix) and says (src/model/llama_file_test.cc):
//   node bench/peers/llama_file.mjs tests/cases/quantized
import { mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readGgufFileInfo } from "node-llama-cpp";
import { makeRandom, writeGguf } from "./gguf.mjs";
import { quantizeWithLlama, tensorTypes } from "./llama_quantize.mjs";
import { linesOf, llama, nextTokens, randomPrompts } from "./next_tokens.mjs";

const [folder] = process.argv.slice(2);
const random = makeRandom(7);
const n = { layers: 2, embd: 256, heads: 4, headDim: 16, ff: 32, context: 256 };

// The 256 bytes in GPT-2's alphabet, some merges, and two control tokens.
function byteVocabulary() {
  const bytes = Array.from({ length: 256 }, (_, b) => b);
  const shown = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
  let next = 256;
  const letters = bytes.map((b) => String.fromCodePoint(shown(b) ? b : next++));
  const merges = ["t h", "h e", "i n", "a n"];
  return { tokens: [...letters, ...merges.map((merge) => merge.replace(" ", "")), "<|bos|>", "<|eos|>"], merges };
}
const { tokens, merges } = byteVocabulary();

const types = {
  "token_embd.weight": "Q4_K",
  "blk.0.attn_q.weight": "Q3_K", "blk.0.attn_k.weight": "BF16", "blk.0.attn_v.weight": "F16", "blk.0.attn_output.weight": "Q4_0",
  "blk.0.ffn_gate.weight": "Q2_K", "blk.0.ffn_up.weight": "IQ4_XS", "blk.0.ffn_down.weight": "Q4_1",
  "blk.1.attn_q.weight": "Q5_K", "blk.1.attn_k.weight": "Q8_0", "blk.1.attn_v.weight": "Q6_K", "blk.1.attn_output.weight": "IQ4_NL",
  "blk.1.ffn_gate.weight": "Q5_1", "blk.1.ffn_up.weight": "Q5_0", "blk.1.ffn_down.weight": "MXFP4",
};

// About normal, with variance 1 / nIn.
function matrix(name, nIn, nOut) {
  const size = Math.sqrt(3 / 4 / nIn) * 2;
  const uniform = () => random() / 16384 - 1;
  const values = Float32Array.from({ length: nIn * nOut }, () => (size * (uniform() + uniform() + uniform() + uniform())) / 2);
  return { name, shape: [nIn, nOut], values };
}
const norm = (name) => ({ name, shape: [n.embd], values: Float32Array.from({ length: n.embd }, () => 0.75 + random() / 65536) });

function modelTensors() {
  const attention = n.heads * n.headDim;
  const layers = Array.from({ length: n.layers }, (_, i) => [
    norm(`blk.${i}.attn_norm.weight`), matrix(`blk.${i}.attn_q.weight`, n.embd, attention),
    matrix(`blk.${i}.attn_k.weight`, n.embd, n.headDim), matrix(`blk.${i}.attn_v.weight`, n.embd, n.headDim),
    matrix(`blk.${i}.attn_output.weight`, attention, n.embd), norm(`blk.${i}.ffn_norm.weight`),
    matrix(`blk.${i}.ffn_gate.weight`, n.embd, n.ff), matrix(`blk.${i}.ffn_up.weight`, n.embd, n.ff),
    matrix(`blk.${i}.ffn_down.weight`, n.ff, n.embd),
  ]);
  return [matrix("token_embd.weight", n.embd, tokens.length), ...layers.flat(), norm("output_norm.weight")];
}

function modelKeys() {
  const key = (name, kind, value) => [`llama.${name}`, [kind, value]];
  return Object.fromEntries([
    ["general.architecture", ["string", "llama"]], key("context_length", "u32", n.context), key("embedding_length", "u32", n.embd),
    key("block_count", "u32", n.layers), key("feed_forward_length", "u32", n.ff), key("attention.head_count", "u32", n.heads),
    key("attention.head_count_kv", "u32", 1), key("attention.key_length", "u32", n.headDim),
    key("attention.value_length", "u32", n.headDim), key("rope.dimension_count", "u32", n.headDim),
    key("attention.layer_norm_rms_epsilon", "f32", 1e-5),
    ["tokenizer.ggml.model", ["string", "gpt2"]], ["tokenizer.ggml.pre", ["string", "gpt-2"]],
    ["tokenizer.ggml.tokens", ["string", tokens]], ["tokenizer.ggml.merges", ["string", merges]],
    ["tokenizer.ggml.token_type", ["i32", tokens.map((_, i) => (i < tokens.length - 2 ? 1 : 3))]],
    ["tokenizer.ggml.bos_token_id", ["u32", tokens.length - 2]], ["tokenizer.ggml.eos_token_id", ["u32", tokens.length - 1]],
  ]);
}

// Of each matrix: the sum of its values, each times 1 + its index % 7.
async function sums(file) {
  const { tensorInfo } = await readGgufFileInfo(file);
  const descriptor = openSync(file);
  return Object.fromEntries(tensorInfo.filter(({ dimensions }) => dimensions.length > 1).map(({ name, dimensions, fileOffset }) => {
    const values = new Float32Array(dimensions.reduce((x, y) => Number(x) * Number(y), 1));
    readSync(descriptor, values, 0, values.byteLength, Number(fileOffset));
    return [name, values.reduce((sum, value, i) => sum + (1 + (i % 7)) * value, 0)];
  }));
}

const scratch = mkdtempSync(join(tmpdir(), "pioneer-llama-file-"));
const [plain, file, read] = [join(scratch, "plain.gguf"), join(folder, "every-type.gguf"), join(scratch, "read.gguf")];
writeGguf(plain, modelKeys(), modelTensors());
const escaped = (name) => `^${name.replaceAll(".", "\\.")}$`;
quantizeWithLlama(plain, file, "Q8_0", Object.entries(types).map(([name, type]) => [escaped(name), type]));
for (const { name, ggmlType } of (await readGgufFileInfo(file)).tensorInfo) {
  if (name in types && ggmlType !== tensorTypes[types[name]]) throw new Error(`${name} has type ${ggmlType}, not ${types[name]}`);
}
quantizeWithLlama(file, read, "F32");

const prompts = randomPrompts([1, 2, 33, 100, 200], tokens.length - 2, random);
const model = await llama.loadModel({ modelPath: file });
const rows = await nextTokens(model, prompts);
const exact = await llama.loadModel({ modelPath: read });
const exactRows = await nextTokens(exact, prompts);
const matrices = Object.entries(await sums(read)).map(([name, sum]) => `"${name}": ["${types[name]}", ${sum}]`);
writeFileSync(join(folder, "every-type.json"), `{\n"prompts": ${JSON.stringify(prompts)},\n"matrices": {\n${matrices.join(",\n")}},\n` +
  `"next_tokens": ${linesOf(rows)},\n"next_tokens_in_f32": ${linesOf(exactRows)}\n}\n`);
rmSync(scratch, { recursive: true });
process.exit(0);
