// Why: speed does not depend on what a model has learned: random weights in the sizes of published
// models, with real vocabularies where the shared ones are at hand, made once into a cache folder.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const program = process.env.PIONEER ?? join(root, "build/pioneer");
export const cacheFolder = process.env.PIONEER_BENCH_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pioneer-bench");

// Each with the vocabulary that has as many tokens.
export const shapes = { "smollm2-135m": "starcoder", "qwen3-0.6b": "qwen2", "llama-3.2-1b": "llama-bpe" };
export const types = ["Q4_K_M", "Q8_0", "Q4_0", "BF16"];

function make(file, args) {
  const part = `${file}.part.gguf`;
  execFileSync(program, args(part), { stdio: ["ignore", "ignore", "inherit"] });
  renameSync(part, file);
}

// The file of a shape in a type.
export function modelFile(shape, type) {
  mkdirSync(cacheFolder, { recursive: true });
  const file = join(cacheFolder, `${shape}-${type}.gguf`);
  if (existsSync(file)) return file;
  if (type === "BF16") {
    const vocabulary = join(root, `../shared/data/vocab/ggml-vocab-${shapes[shape]}.gguf`);
    const flags = existsSync(vocabulary) ? ["--vocabulary", vocabulary] : [];
    make(file, (part) => ["models", "random", part, "--shape", shape, "--type", "BF16", ...flags]);
  } else {
    const source = modelFile(shape, "BF16");
    make(file, (part) => ["quantize", source, part, type]);
  }
  return file;
}
