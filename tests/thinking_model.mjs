// thinking_model.mjs IN.gguf OUT.gguf: the same model under a template that opens thoughts in front of each
// answer (unless enable_thinking is false), so that thoughts can be tested without a model that has any.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import { readFileSync, writeFileSync } from 'node:fs';

const kKey = 'tokenizer.chat_template';
const kTemplate =
  '{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}' +
  '{% if add_generation_prompt %}<|im_start|>assistant\n' +
  '{% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}{# </think> #}{% endif %}';
const kSizes = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 }; // bytes, by type
const kString = 8;
const kArray = 9;
const kAlignment = 32;

const [source, target] = process.argv.slice(2);
const file = readFileSync(source);
let at = 8; // behind the magic and the version

const u32 = () => file.readUInt32LE((at += 4) - 4);
const u64 = () => Number(file.readBigUInt64LE((at += 8) - 8));
function string() {
  const length = u64();
  at += length;
  return file.toString('utf8', at - length, at);
}
function skipValue(type) {
  if (type === kString) return void string();
  if (type !== kArray) return void (at += kSizes[type]);
  const inner = u32();
  for (let left = u64(); left > 0; --left) skipValue(inner);
}
const withLength = (text) => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text)]);
};
const padding = (length) => Buffer.alloc((kAlignment - (length % kAlignment)) % kAlignment);

const n_tensors = u64();
const n_keys = u64();
let value_begin = 0;
let value_end = 0;
for (let i = 0; i < n_keys; ++i) {
  const key = string();
  const type = u32();
  const begin = at;
  skipValue(type);
  if (key === kKey) [value_begin, value_end] = [begin, at];
}
if (value_begin === 0) throw new Error(`${source} has no ${kKey}`);
for (let i = 0; i < n_tensors; ++i) {
  string();
  const n_dimensions = u32();
  at += 8 * n_dimensions + 4 + 8; // the shape, the type, and the place among the data
}
const data = at + padding(at).length;
const head = Buffer.concat([file.subarray(0, value_begin), withLength(kTemplate), file.subarray(value_end, at)]);
writeFileSync(target, Buffer.concat([head, padding(head.length), file.subarray(data)]));
