// Why: a full disk is told clearly, costs nothing that was acknowledged, and is over as soon as there
// is space again.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Visitor, makeFolder, builtInModel, slowModel, start } from "./service.mjs";

function fill(file) {
  const handle = openSync(file, "w");
  let size = 1 << 16;
  while (size >= 1) {
    try { if (writeSync(handle, Buffer.alloc(size)) < size) size >>= 1; } catch { size >>= 1; }
  }
  closeSync(handle);
}

test("a full disk", async (t) => {
  const home = makeFolder();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", home]);
  if (mounted.status !== 0) return t.skip("a small file system cannot be mounted here");
  t.after(() => spawnSync("umount", ["-l", home]));

  let service = await start({ models: [builtInModel, slowModel], home });
  t.after(() => service.kill());
  const visitor = new Visitor(service);
  const chat = await visitor.createChat({ max_tokens: 4 });
  const first = await visitor.question(chat, "Before");
  assert.equal((await first.events.rest()).at(-1).event, "done");
  const slowChat = await visitor.createChat({ temperature: 0, max_tokens: 1500 }, "slow");
  const long = await visitor.question(slowChat, "A long answer that meets the full disk");
  assert.equal((await long.events.next()).event, "delta");

  fill(join(home, "filler"));
  // The log of the database may have room left inside; long questions use it up.
  let refused;
  let parent = first.saved.assistant_message.id;
  const acknowledged = [first.saved.user_message.id, long.saved.user_message.id];
  for (let i = 0; i < 20 && !refused; ++i) {
    const events = await visitor.generate(chat, { parent_id: parent, content: "Full? ".repeat(30) });
    if (events.reply.status !== 200) {
      let text = "";
      for await (const bytes of events.reply.body) text += bytes;
      refused = { status: events.reply.status, json: JSON.parse(text) };
    } else {
      const list = await events.rest();
      const saved = JSON.parse(list[0].data);
      acknowledged.push(saved.user_message.id);
      parent = saved.assistant_message.id;
    }
  }
  assert.ok(refused, "the full disk is told");
  assert.equal(refused.status, 507);
  assert.equal(refused.json.error.code, "disk_full");
  assert.match(refused.json.error.message, /disk is full.*free/);

  // The long answer ends with what came and a reason; programs that store nothing go on.
  const last = (await long.events.rest()).at(-1);
  assert.equal(last.event, "error");
  assert.equal(JSON.parse(last.data).error.code, "disk_full");
  const body = { model: "pioneer-small", messages: [{ role: "user", content: "hi" }], max_tokens: 3 };
  assert.equal((await service.ask("POST", "/v1/chat/completions", { body })).status, 200);
  assert.equal((await visitor.ask("GET", "/api/chats")).status, 200);
  await service.becomesIdle(5);

  rmSync(join(home, "filler"));
  const after = await visitor.question(chat, "After", parent);
  assert.equal((await after.events.rest()).at(-1).event, "done");
  acknowledged.push(after.saved.user_message.id);

  await service.kill();
  service = visitor.service = await start({ home });
  const kept = [...(await visitor.messages(chat)), ...(await visitor.messages(slowChat))].map(({ id }) => id);
  for (const id of acknowledged) assert.ok(kept.includes(id), `an acknowledged question is lost: ${id}`);
});
