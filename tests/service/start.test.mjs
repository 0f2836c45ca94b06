// Why: what can go wrong at the start is told in one helpful line, with exit status 1.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Visitor, makeFolder, builtInModel, runToEnd, slowModel, start, until } from "./service.mjs";

// The error is one line for people: no defect of the program, no crash.
function assertFailsHelpfully(result, pattern) {
  assert.deepEqual([result.code, result.signal], [1, null], result.text);
  const lines = result.text.split("\n").filter((line) => line.startsWith("pioneer: "));
  assert.equal(lines.length, 1, result.text);
  assert.match(lines[0], pattern);
  assert.doesNotMatch(lines[0], /defect|std::|exception/);
}

test("a port in use is told at once", async () => {
  const first = await start({ models: [slowModel] });
  const visitor = new Visitor(first);
  const chat = await visitor.createChat({ temperature: 0, max_tokens: 1500 });
  const { events } = await visitor.question(chat, "Hello");
  await events.next();
  const begin = Date.now();
  // With the same data folder, and with a model that does not exist: the port comes first.
  const result = runToEnd(["serve", "--port", String(first.port), "--model", slowModel], { home: first.home });
  assertFailsHelpfully(result, new RegExp(`port ${first.port} .*--port`));
  assert.ok(Date.now() - begin < 3000);
  // The running service's answer is not touched by the one that could not start.
  assert.equal((await visitor.messages(chat))[1].status, "streaming");
  events.close();
  await until("the answer's end", async () => (await visitor.messages(chat))[1].status === "stopped");
  await first.stop();
});

test("a model that only embeds is offered to programs, not for a chat", async () => {
  const service = await start({ models: [] });
  const ids = (models) => models.map((model) => model.id);
  const offered = ids((await service.ask("GET", "/v1/models")).json.data);
  assert.ok(offered.includes("pioneer-small") && offered.includes("pioneer-embed"), offered.join());
  const chosen = ids((await service.ask("GET", "/api/state")).json.models);
  assert.ok(chosen.includes("pioneer-small") && !chosen.includes("pioneer-embed"), chosen.join());
  await service.stop();
});

test("broken model files", async (t) => {
  const whole = readFileSync(builtInModel);
  const folder = makeFolder();
  const cases = {
    "empty": Buffer.alloc(0),
    "text": Buffer.from("This is no model.\n".repeat(100)),
    "random bytes": randomBytes(100_000),
    "the magic only": whole.subarray(0, 4),
    "a huge count of tensors": Buffer.concat([whole.subarray(0, 8), Buffer.alloc(8, 0xff), whole.subarray(16)]),
    "a huge count of keys": Buffer.concat([whole.subarray(0, 16), Buffer.alloc(8, 0x7f), whole.subarray(24)]),
    "another version": Buffer.concat([whole.subarray(0, 4), Buffer.from([99, 0, 0, 0]), whole.subarray(8)]),
  };
  for (const n of [7, 23, 24, 100, 1000, 20_000, 200_000, whole.length >> 1, whole.length - 1]) {
    cases[`cut to ${n} bytes`] = whole.subarray(0, n);
  }
  for (const [name, bytes] of Object.entries(cases)) {
    await t.test(name, () => {
      const file = join(folder, "broken.gguf");
      writeFileSync(file, bytes);
      assertFailsHelpfully(runToEnd(["serve", "--port", "0", "--model", file]), /broken\.gguf/);
    });
  }
});

test("bytes changed anywhere in a model's header never crash the program", () => {
  const whole = readFileSync(builtInModel);
  const file = join(makeFolder(), "changed.gguf");
  for (let i = 0; i < 25; ++i) {
    const bytes = Buffer.from(whole);
    // Deterministic places, mostly in the first keys, where the sizes are.
    const place = i < 15 ? 24 + i * 37 : (i * 99_991) % 400_000;
    bytes.writeUInt32LE(i % 2 ? 0xffffffff : 0x7fffffff, place);
    writeFileSync(file, bytes);
    const result = runToEnd(["tokenize", "--model", file, "--help"]);
    assert.equal(result.signal, null);
    const shown = runToEnd(["models", "show", file]);
    assert.equal(shown.signal, null, `${place}: ${shown.text}`);
    assert.ok([0, 1].includes(shown.code), `${place}: ${shown.code} ${shown.text}`);
    assert.doesNotMatch(shown.text, /a defect of this program/, `${place}`);
  }
});

test("a model that is not there", () => {
  assertFailsHelpfully(runToEnd(["serve", "--port", "0", "--model", "no-such-model"]), /no-such-model/);
  assertFailsHelpfully(runToEnd(["serve", "--port", "0", "--model", makeFolder()]), /./);
});

test("a data folder that cannot be used", () => {
  const file = join(makeFolder(), "file");
  writeFileSync(file, "not a folder");
  assertFailsHelpfully(runToEnd(["serve", "--port", "0"], { home: join(file, "home") }), /home|folder/);
  const home = makeFolder();
  writeFileSync(join(home, "pioneer.db"), "not a database, but long enough to look at ".repeat(50));
  assertFailsHelpfully(runToEnd(["serve", "--port", "0"], { home }), /pioneer\.db/);
});

test("an address file that cannot be written", () => {
  const result = runToEnd(["serve", "--port", "0", "--model", builtInModel, "--address-file", "/no/such/folder/address"]);
  assertFailsHelpfully(result, /\/no\/such\/folder/);
});
