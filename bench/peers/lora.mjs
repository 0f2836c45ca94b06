// Why: an adapter must change a model as it does elsewhere. Writes small random LoRA adapters as GGUF
// files and asks llama.cpp what the models of src/model/architectures_test.cc say with them:
//   PIONEER_WRITE_MODELS=DIR build/model_test --gtest_filter=ArchitecturesTest.WritesTheModelsForThePeer
//   node bench/peers/lora.mjs DIR tests/cases/adapters
// The folder then holds the adapters (the same bytes each time) and next_tokens.json: for each case
// the base model, the adapters with their scales, and the likeliest tokens after each prompt.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeRandom, writeGguf } from "./gguf.mjs";
import { linesOf, llama, nextTokens, randomPrompts } from "./next_tokens.mjs";

const [models, folder] = process.argv.slice(2);

const random = makeRandom();
const prompts = randomPrompts([1, 2, 33, 100, 300], 300, random);

// The sizes of the models: random_presets.cc.
const n = { layers: 2, embd: 64, kv: 32, ff: 128, vocab: 320, experts: 8 };

// The two tensors of one adapted matrix with n_in columns and n_out rows (of each expert). The
// embedding is looked up, not multiplied: its first factor has a row for each token.
function pair(name, nIn, nOut, rank, nExperts = 1) {
  const shapes = name.startsWith("token_embd") ? { a: [rank, nOut], b: [rank, nIn] } : { a: [nIn, rank], b: [rank, nOut] };
  const size = { a: Math.sqrt(3 / nIn), b: 0.25 };
  return ["a", "b"].map((part) => {
    const shape = nExperts > 1 ? [...shapes[part], nExperts] : shapes[part];
    const count = shape.reduce((x, y) => x * y);
    const values = Float32Array.from({ length: count }, () => (random() / 16384 - 1) * size[part]);
    return { name: `${name}.lora_${part}`, shape, values };
  });
}

// Without alpha, the scale is applied as it is.
function writeAdapter(file, alpha, tensors) {
  const keys = { "general.type": ["string", "adapter"], "general.architecture": ["string", "llama"], "adapter.type": ["string", "lora"] };
  if (alpha !== null) keys["adapter.lora.alpha"] = ["f32", alpha];
  writeGguf(join(folder, file), keys, tensors);
}

const everyLayer = (make) => Array.from({ length: n.layers }, (_, i) => make(`blk.${i}`)).flat();

// What trainers usually adapt, alpha twice the rank.
writeAdapter("usual.gguf", 8, [
  ...everyLayer((block) => [
    ...pair(`${block}.attn_q.weight`, n.embd, n.embd, 4),
    ...pair(`${block}.attn_v.weight`, n.embd, n.kv, 4),
    ...pair(`${block}.ffn_up.weight`, n.embd, n.ff, 4),
    ...pair(`${block}.ffn_down.weight`, n.ff, n.embd, 4),
  ]),
  ...pair("output.weight", n.embd, n.vocab, 4),
]);
// The other matrices of one layer, and the embedding; no alpha.
writeAdapter("rest.gguf", null, [
  ...pair("token_embd.weight", n.embd, n.vocab, 2),
  ...pair("blk.1.attn_k.weight", n.embd, n.kv, 2),
  ...pair("blk.1.attn_output.weight", n.embd, n.embd, 2),
  ...pair("blk.1.ffn_gate.weight", n.embd, n.ff, 2),
  ...pair("blk.1.attn_q.weight", n.embd, n.embd, 2),
]);
// A mixture of experts: its router, and each expert by itself.
writeAdapter("experts.gguf", 3, [
  ...pair("blk.0.ffn_gate_inp.weight", n.embd, n.experts, 2),
  ...pair("blk.0.ffn_gate_exps.weight", n.embd, n.ff, 2, n.experts),
  ...pair("blk.1.ffn_up_exps.weight", n.embd, n.ff, 2, n.experts),
  ...pair("blk.1.ffn_down_exps.weight", n.ff, n.embd, 2, n.experts),
]);

const cases = [
  { base: "llama-biases", adapters: [["usual.gguf", 1]] },
  { base: "llama-biases", adapters: [["usual.gguf", 0.5]] },
  { base: "llama-biases", adapters: [["usual.gguf", -0.75]] },
  { base: "llama-biases", adapters: [["rest.gguf", 1]] },
  { base: "llama-biases", adapters: [["usual.gguf", 1], ["rest.gguf", 0.5]] },
  { base: "llama-experts", adapters: [["experts.gguf", 1]] },
];

const lines = [];
for (const type of ["F32", "Q8_0"]) {
  for (const { base, adapters } of cases) {
    const model = await llama.loadModel({ modelPath: join(models, `${base}.${type}.gguf`) });
    const lora = { adapters: adapters.map(([file, scale]) => ({ filePath: join(folder, file), scale })) };
    const rows = await nextTokens(model, prompts, { lora });
    await model.dispose();
    lines.push(`{"base": "${base}", "type": "${type}", "adapters": ${JSON.stringify(adapters)}, "next_tokens": ${linesOf(rows)}}`);
  }
}
writeFileSync(join(folder, "next_tokens.json"), `{\n"prompts": ${JSON.stringify(prompts)},\n"cases": [\n${lines.join(",\n")}]\n}\n`);
process.exit(0);
