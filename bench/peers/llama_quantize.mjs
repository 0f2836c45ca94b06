// Why: files that llama.cpp itself has quantized. node-llama-cpp has no function for it, its library
// has: this calls llama_model_quantize of the same libllama that runs the models.
//   node bench/peers/llama_quantize.mjs IN.gguf OUT.gguf TYPE
import { pathToFileURL } from "node:url";
import koffi from "koffi";
import { libllama } from "./llama_library.mjs";

// As in llama.h of the release; a null pattern ends the list of overrides.
const Override = koffi.struct("Override", { pattern: "const char *", type: "int32_t" });
const Params = koffi.struct({
  nthread: "int32_t", ftype: "int32_t", output_tensor_type: "int32_t", token_embedding_type: "int32_t",
  allow_requantize: "bool", quantize_output_tensor: "bool", only_copy: "bool", pure: "bool", keep_split: "bool", dry_run: "bool",
  imatrix: "void *", kv_overrides: "void *", tt_overrides: koffi.pointer(Override), prune_layers: "void *",
  max_buf_size: "size_t",
});
const defaultParams = libllama.func("llama_model_quantize_default_params", Params, []);
const modelQuantize = libllama.func("llama_model_quantize", "uint32_t", ["const char *", "const char *", koffi.pointer(Params)]);

// The numbers of llama_ftype and of ggml_type.
const fileTypes = { F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q8_0: 7, Q5_0: 8, Q5_1: 9, Q2_K: 10, Q3_K_S: 11, Q4_K_S: 14, Q5_K_S: 16,
  Q6_K: 18, IQ4_NL: 25, IQ4_XS: 30, BF16: 32, MXFP4: 38, Q3_K_M: 12, Q3_K_L: 13, Q4_K_M: 15, Q5_K_M: 17 };
// Of several types, as people download them.
export const mixes = ["Q5_K_M", "Q4_K_M", "Q3_K_L", "Q3_K_M"];
export const tensorTypes = { F32: 0, F16: 1, Q4_0: 2, Q4_1: 3, Q5_0: 6, Q5_1: 7, Q8_0: 8, Q2_K: 10, Q3_K: 11, Q4_K: 12, Q5_K: 13,
  Q6_K: 14, IQ4_NL: 20, IQ4_XS: 23, BF16: 30, MXFP4: 39 };

// One type for every matrix unless it is a mix, except those whose name a pattern of `overrides`,
// [[pattern, type]...], matches. F32 gives what llama.cpp reads from the file.
export function quantizeWithLlama(input, output, type, overrides = []) {
  const list = [...overrides.map(([pattern, name]) => ({ pattern, type: tensorTypes[name] })), { pattern: null, type: 0 }];
  const params = { ...defaultParams(), ftype: fileTypes[type], pure: !mixes.includes(type), allow_requantize: true, nthread: 1,
    tt_overrides: overrides.length > 0 ? koffi.as(list, "Override *") : null };
  if (modelQuantize(input, output, params) !== 0) throw new Error(`llama.cpp could not make ${type} of ${input}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  quantizeWithLlama(...process.argv.slice(2));
  process.exit(0);
}
