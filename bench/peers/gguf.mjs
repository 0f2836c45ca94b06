// Why: scripts here make small models and adapters for tests, the same bytes each time.
import { writeFileSync } from "node:fs";

// Numbers of a linear congruential generator, below 2^15.
export function makeRandom(seed = 1) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor(state / 65536);
  };
}

const bytesOf = (size, write) => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};
const u32 = (x) => bytesOf(4, (b) => b.writeUInt32LE(x));
const i32 = (x) => bytesOf(4, (b) => b.writeInt32LE(x));
const u64 = (x) => bytesOf(8, (b) => b.writeBigUInt64LE(BigInt(x)));
const f32 = (x) => bytesOf(4, (b) => b.writeFloatLE(x));
const text = (s) => Buffer.concat([u64(Buffer.byteLength(s)), Buffer.from(s)]);
const flag = (x) => Buffer.from([x ? 1 : 0]);
const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)]);

// GGUF's number of each kind of value, and how it is written.
const kinds = { u32: [4, u32], i32: [5, i32], f32: [6, f32], bool: [7, flag], string: [8, text] };

function encoded([kind, value]) {
  const [number, write] = kinds[kind];
  if (!Array.isArray(value)) return [u32(number), write(value)];
  return [u32(9), u32(number), u64(value.length), ...value.map(write)];
}

// A file of F32 tensors [{ name, shape, values }], the innermost dimension first in shapes, with the
// keys { name: [kind, value or array of values] }.
export function writeGguf(file, keys, tensors) {
  const entries = Object.entries(keys);
  const parts = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(entries.length)];
  for (const [name, value] of entries) parts.push(text(name), ...encoded(value));
  const data = tensors.map(({ values }) => padded(Buffer.from(values.buffer)));
  let offset = 0;
  tensors.forEach(({ name, shape }, i) => {
    parts.push(text(name), u32(shape.length), ...shape.map(u64), u32(0), u64(offset));
    offset += data[i].length;
  });
  writeFileSync(file, Buffer.concat([padded(Buffer.concat(parts)), ...data]));
}
