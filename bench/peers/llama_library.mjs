// Why: node-llama-cpp gives no way to quantize, and between its calls runs more JavaScript than a
// measurement should hold; its library has C functions for both. This opens the very libraries that
// it runs models with, which getLlama() loads with their kernels.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import koffi from "koffi";
import { getBinsDir } from "@node-llama-cpp/linux-x64";
import { getLlama, LlamaLogLevel } from "node-llama-cpp";

export const llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error, maxThreads: 1 });
const folder = join(getBinsDir().binsDir, "linux-x64");
const open = (pattern) => koffi.load(join(folder, readdirSync(folder).find((name) => pattern.test(name))));

export const libllama = open(/^libllama\.(?!common).*so$/);
export const libggml = open(/^libggml\.(?!common).*so$/);
export const libggmlBase = open(/^libggml-base.*so$/);

// The library of kernels that was found best for this processor: "libggml-cpu-zen4.so".
export const kernels = basename(/\S*libggml-cpu-\S*\.so/.exec(readFileSync("/proc/self/maps", "utf8"))?.[0] ?? "unknown");
export const release = llama.llamaCppRelease.release;
