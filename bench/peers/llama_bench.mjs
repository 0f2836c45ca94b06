// Why: what `pioneer bench` measures, of llama.cpp, with the same flags and the same output: prompts
// in one call, generated tokens one call of llama_decode() each, all sequences in one batch. Timed is
// llama_decode() and waiting for its result; sampling is not, nor is JavaScript but for writing a
// few numbers a step. Threads are a pool that lives on, as llama.cpp's own llama-bench has it.
//   node bench/peers/llama_bench.mjs --model MODEL.gguf [--prompt 512] [--generate 128] [--batch 1,4]
//     [--depth 0] [--repeat 5] [--threads 2] [--turns]
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import koffi from "koffi";
import { makeRandom, quantile } from "../statistics.mjs";
import { kernels, libggml, libggmlBase, libllama, release } from "./llama_library.mjs";

// As in llama.h and ggml.h of the release that package.json names.
const ModelParams = koffi.struct("ModelParams", {
  devices: "void *", tensor_buft_overrides: "void *", n_gpu_layers: "int32_t", split_mode: "int32_t", load_mode: "int32_t",
  lazy_mode: "int32_t", main_gpu: "int32_t", tensor_split: "void *", progress_callback: "void *", progress_callback_user_data: "void *",
  kv_overrides: "void *", vocab_only: "bool", check_tensors: "bool", use_extra_bufts: "bool", no_host: "bool", no_alloc: "bool", load_mtp: "bool",
});
const ContextParams = koffi.struct("ContextParams", {
  n_ctx: "uint32_t", n_batch: "uint32_t", n_ubatch: "uint32_t", n_seq_max: "uint32_t", n_rs_seq: "uint32_t", n_outputs_max: "uint32_t",
  n_outputs_max_per_seq: "uint32_t", n_threads: "int32_t", n_threads_batch: "int32_t", ctx_type: "int32_t", rope_scaling_type: "int32_t",
  pooling_type: "int32_t", attention_type: "int32_t", flash_attn_type: "int32_t", rope_freq_base: "float", rope_freq_scale: "float",
  yarn_ext_factor: "float", yarn_attn_factor: "float", yarn_beta_fast: "float", yarn_beta_slow: "float", yarn_orig_ctx: "uint32_t",
  defrag_thold: "float", cb_eval: "void *", cb_eval_user_data: "void *", type_k: "int32_t", type_v: "int32_t", abort_callback: "void *",
  abort_callback_data: "void *", embeddings: "bool", offload_kqv: "bool", no_perf: "bool", op_offload: "bool", swa_full: "bool",
  kv_unified: "bool", samplers: "void *", n_samplers: "size_t", ctx_other: "void *",
});
const Batch = koffi.struct("Batch", {
  n_tokens: "int32_t", token: "void *", embd: "void *", pos: "void *", n_seq_id: "void *", seq_id: "void *", logits: "void *",
});
const PoolParams = koffi.struct("PoolParams", {
  cpumask: koffi.array("bool", 512), n_threads: "int32_t", prio: "int32_t", poll: "uint32_t", strict_cpu: "bool", paused: "bool",
});

const c = {
  modelDefaults: libllama.func("llama_model_default_params", ModelParams, []),
  load: libllama.func("llama_model_load_from_file", "void *", ["const char *", ModelParams]),
  vocab: libllama.func("llama_model_get_vocab", "void *", ["void *"]),
  vocabSize: libllama.func("llama_vocab_n_tokens", "int32_t", ["void *"]),
  parameters: libllama.func("llama_model_n_params", "uint64_t", ["void *"]),
  contextDefaults: libllama.func("llama_context_default_params", ContextParams, []),
  context: libllama.func("llama_init_from_model", "void *", ["void *", ContextParams]),
  freeContext: libllama.func("llama_free", "void", ["void *"]),
  attach: libllama.func("llama_attach_threadpool", "void", ["void *", "void *", "void *"]),
  memory: libllama.func("llama_get_memory", "void *", ["void *"]),
  forget: libllama.func("llama_memory_seq_rm", "bool", ["void *", "int32_t", "int32_t", "int32_t"]),
  batch: libllama.func("llama_batch_init", Batch, ["int32_t", "int32_t", "int32_t"]),
  freeBatch: libllama.func("llama_batch_free", "void", [Batch]),
  decode: libllama.func("llama_decode", "int32_t", ["void *", Batch]),
  wait: libllama.func("llama_synchronize", "void", ["void *"]),
};

function newThreadPool(threads) {
  const params = libggmlBase.func("ggml_threadpool_params_default", PoolParams, ["int"])(threads);
  const registry = libggml.func("ggml_backend_reg_by_name", "void *", ["const char *"])("CPU");
  const find = libggmlBase.func("ggml_backend_reg_get_proc_address", "void *", ["void *", "const char *"]);
  const create = find(registry, "ggml_threadpool_new");
  return koffi.call(create, koffi.proto("void *NewPool(PoolParams *params)"), params);
}

const rowsAStep = 512;
const random = makeRandom(1);

// Equal sequences of random tokens that grow together.
class Sequences {
  constructor(model, pool, threads, count, capacity) {
    const each = Math.ceil(capacity / 256) * 256;
    this.vocabSize = c.vocabSize(c.vocab(model));
    this.context = c.context(model, {
      ...c.contextDefaults(), n_ctx: each * count, n_batch: Math.max(rowsAStep, count), n_ubatch: rowsAStep, n_seq_max: count,
      n_outputs_max: count, n_threads: threads, n_threads_batch: threads, no_perf: true, kv_unified: false,
    });
    if (!this.context) throw new Error(`llama.cpp has no context for ${count} sequences of ${each} tokens`);
    c.attach(this.context, pool, pool);
    Object.assign(this, { count, length: 0, batch: c.batch(Math.max(rowsAStep, count), 0, 1) });
  }

  // n tokens of each sequence in one call; the logits of each sequence's last.
  step(n) {
    const rows = n * this.count;
    const fill = (of) => Int32Array.from({ length: rows }, (_, row) => of(Math.floor(row / n), row % n));
    const write = (pointer, kind, values) => koffi.encode(pointer, koffi.array(kind, rows), values);
    write(this.batch.token, "int32_t", fill(() => Math.floor(random() * this.vocabSize)));
    write(this.batch.pos, "int32_t", fill((_, i) => this.length + i));
    write(this.batch.n_seq_id, "int32_t", fill(() => 1));
    write(this.batch.logits, "int8_t", Int8Array.from(fill((_, i) => Number(i === n - 1))));
    const lists = koffi.decode(this.batch.seq_id, koffi.array("void *", rows));
    lists.forEach((list, row) => koffi.encode(list, "int32_t", Math.floor(row / n)));
    const status = c.decode(this.context, { ...this.batch, n_tokens: rows });
    if (status !== 0) throw new Error(`llama_decode gave ${status}`);
    c.wait(this.context);
    this.length += n;
  }

  prefill(n) {
    const most = Math.max(1, Math.floor(rowsAStep / this.count));
    for (; n > 0; n -= most) this.step(Math.min(n, most));
  }

  rewind(length) {
    for (let i = 0; i < this.count; ++i) c.forget(c.memory(this.context), i, length, -1);
    this.length = length;
  }

  free() {
    c.freeBatch(this.batch);
    c.freeContext(this.context);
  }
}

const text = (value) => ({ type: "string", default: value });
const { values } = parseArgs({
  options: {
    model: { type: "string" }, prompt: text("512"), generate: text("128"), batch: text("1"), depth: text("0"), repeat: text("5"),
    threads: text("2"), turns: { type: "boolean", default: false }, json: { type: "boolean", default: true },
  },
});
const list = (values) => values.split(",").map(Number);
const [nPrompt, nGenerate, repeat, threads] = [values.prompt, values.generate, values.repeat, values.threads].map(Number);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function measure(test, model, pool, count, depth, n, work) {
  const sequences = new Sequences(model, pool, threads, count, depth + n);
  const all = [];
  for (let round = 0; round <= repeat; ++round) {
    if (values.turns && (await lines.next()).done) throw new Error("--turns reads a line for each round");
    if (round === 0) sequences.prefill(depth);
    sequences.rewind(depth);
    const start = performance.now();
    work(sequences);
    const seconds = (performance.now() - start) / 1000;
    if (values.turns) console.log(JSON.stringify({ test, batch: count, depth, round, tokens: n * count, seconds }));
    if (round > 0) all.push(seconds); // the first warms up
  }
  sequences.free();
  const [low, seconds, high] = [0, 0.5, 1].map((share) => quantile(all, share));
  return { test, batch: count, depth, tokens: n * count, seconds, tokens_per_second: (n * count) / seconds, lowest: (n * count) / high, highest: (n * count) / low };
}

const begin = performance.now();
const model = c.load(values.model, { ...c.modelDefaults(), n_gpu_layers: 0 });
if (!model) throw new Error(`llama.cpp cannot load ${values.model}`);
const loadSeconds = (performance.now() - begin) / 1000;
const pool = newThreadPool(threads);
const results = [];
for (const depth of nPrompt > 0 ? list(values.depth) : []) {
  results.push(await measure("prompt", model, pool, 1, depth, nPrompt, (sequences) => sequences.prefill(nPrompt)));
}
for (const depth of nGenerate > 0 ? list(values.depth) : []) {
  for (const count of list(values.batch)) {
    results.push(await measure("generate", model, pool, count, depth, nGenerate, (sequences) => {
      for (let i = 0; i < nGenerate; ++i) sequences.step(1);
    }));
  }
}
console.log(JSON.stringify({ version: release, isa: kernels, model: values.model, parameters: Number(c.parameters(model)),
  threads, repeat, load_seconds: loadSeconds, results }));
process.exit(0);
