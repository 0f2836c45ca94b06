// Prints the ids of every text of a vocabulary's .inp file, a line each, as `pioneer tokenize` sees it.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [program, file] = process.argv.slice(2);
const texts = readFileSync(`${file}.inp`, "utf8").split("\n__ggml_vocab_test__\n");
for (const text of texts) {
  process.stdout.write(execFileSync(program, ["tokenize", "--model", file], { input: text }));
}
