// Why: the process may be killed at any moment and loses nothing that it acknowledged; asked to
// stop, it stops soon and in order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStream, Visitor, builtInModel, slowModel, start, until, withDeadline } from "./service.mjs";

const slow = { models: [slowModel] };
const endless = { temperature: 0, max_tokens: 1500 };

// The answer as the page saw it: reads `n` deltas.
async function readDeltas(events, n) {
  let text = "";
  for (let i = 0; i < n; ++i) {
    const event = await events.next();
    assert.equal(event?.event, "delta", JSON.stringify(event));
    text += JSON.parse(event.data).text;
  }
  return text;
}

// What is kept and what was seen are both beginnings of one answer.
function assertSameBeginning(kept, seen) {
  assert.ok(kept.startsWith(seen) || seen.startsWith(kept), JSON.stringify({ kept, seen }));
}

// Reads on in the background, so that all that arrived before the kill counts as seen.
function readOn(events, seen) {
  return events.rest().then((list) => {
    for (const event of list) if (event.event === "delta") seen.text += JSON.parse(event.data).text;
  });
}

test("kill -9 amid answers keeps every acknowledged question", async () => {
  let service = await start(slow);
  const visitor = new Visitor(service);
  await visitor.ask("GET", "/api/chats");
  const asked = []; // {chat, question, answer id, seen}
  // At once after `saved`; after the first words; after partial saves (one a second); two at a time.
  for (const moment of [{ deltas: 0 }, { deltas: 3 }, { seconds: 1.5 }, { deltas: 1, chats: 2 }]) {
    const round = [];
    for (let i = 0; i < (moment.chats ?? 1); ++i) {
      const chat = await visitor.createChat(endless);
      const question = `Question ${asked.length + round.length} 질문`;
      const { events, saved } = await visitor.question(chat, question);
      const seen = { text: await readDeltas(events, moment.deltas ?? 1) };
      round.push({ chat, question, saved, seen, reading: readOn(events, seen) });
    }
    if (moment.seconds) {
      // A partial save has happened once the store's answer is no longer empty.
      await until("a partial save", async () => (await visitor.messages(round[0].chat))[1].content !== "");
    }
    await service.kill();
    await Promise.all(round.map((one) => one.reading));
    asked.push(...round);
    service = await start({ ...slow, home: service.home });
    visitor.service = service;
    for (const { chat, question, saved, seen } of asked) {
      const [user, answer, ...more] = await visitor.messages(chat);
      assert.equal(more.length, 0);
      assert.equal(user.id, saved.user_message.id);
      assert.equal(user.content, question);
      assert.equal(answer.id, saved.assistant_message.id);
      assert.equal(answer.parent_id, user.id);
      assert.equal(answer.status, "stopped");
      assertSameBeginning(answer.content, seen.text);
    }
    if (moment.seconds) assert.notEqual((await visitor.messages(round[0].chat))[1].content, "");
  }
  // A chat that was cut off goes on.
  const { chat, saved } = asked[0];
  const { events } = await visitor.question(chat, "Once more", saved.assistant_message.id);
  await readDeltas(events, 1);
  events.close();
  await service.becomesIdle();
  await service.kill();
});

test("kill -9 right after a request was sent leaves a whole question or none", async () => {
  let service = await start(slow);
  const visitor = new Visitor(service);
  const chat = await visitor.createChat(endless);
  const lost = visitor.question(chat, "Maybe").catch(() => null);
  await new Promise((resolve) => setImmediate(resolve));
  await service.kill();
  const acknowledged = await lost;
  service = visitor.service = await start({ ...slow, home: service.home });
  const messages = await visitor.messages(chat);
  assert.ok(messages.length === 2 || (messages.length === 0 && !acknowledged), JSON.stringify(messages));
  if (messages.length === 2) assert.equal(messages[1].status, "stopped");
  await service.kill();
});

test("SIGTERM while idle ends at once", async () => {
  const service = await start({ args: ["--shutdown-seconds", "30"] });
  await service.ask("GET", "/health");
  const exit = await service.stop();
  assert.deepEqual([exit.code, exit.signal], [0, null], service.log);
  assert.ok(exit.seconds < 2, `${exit.seconds} s`);
});

test("SIGTERM lets a short answer end", async () => {
  const service = await start({ ...slow, args: ["--shutdown-seconds", "20"] });
  const visitor = new Visitor(service);
  const chat = await visitor.createChat({ temperature: 1, max_tokens: 12 });
  const { events } = await visitor.question(chat, "Hello");
  const stopped = service.stop(25);
  const last = (await events.rest()).at(-1);
  assert.equal(last?.event, "done");
  assert.equal(JSON.parse(last.data).message.status, "done");
  const exit = await stopped;
  assert.equal(exit.code, 0, service.log);
  assert.ok(exit.seconds < 15, `${exit.seconds} s`);
});

test("SIGTERM amid long answers cuts them after the grace and keeps what came", async () => {
  const service = await start({ ...slow, args: ["--shutdown-seconds", "1"] });
  const visitor = new Visitor(service);
  const chat = await visitor.createChat(endless);
  const { events, saved } = await visitor.question(chat, "Tell me all");
  let seen = await readDeltas(events, 2);
  const body = { messages: [{ role: "user", content: "x" }], ignore_eos: true, max_tokens: 1500 };
  const stream = new EventStream(
    await service.open("POST", "/v1/chat/completions", { body: { ...body, stream: true } }));
  assert.ok(await stream.next());
  const whole = service.ask("POST", "/v1/chat/completions", { body }).catch((error) => error);
  await until("three answers at work", async () =>
    (await service.metric("pioneer_requests_running")) + (await service.metric("pioneer_requests_waiting")) === 3);

  const exit = await service.stop();
  assert.deepEqual([exit.code, exit.signal], [0, null], service.log);
  assert.ok(exit.seconds < 6, `${exit.seconds} s`);

  const pageEvents = await events.rest();
  for (const event of pageEvents) if (event.event === "delta") seen += JSON.parse(event.data).text;
  assert.equal(pageEvents.at(-1).event, "done", "the page hears of the end");
  assert.equal(JSON.parse(pageEvents.at(-1).data).message.status, "stopped");
  const chunks = await stream.rest();
  assert.equal(JSON.parse(chunks.at(-1).data).error.code, "cancelled", chunks.at(-1).data);
  assert.ok(!stream.cut);
  const answer = await whole;
  assert.equal(answer.status, 503, String(answer));
  assert.equal(answer.json.error.code, "cancelled");

  const again = (visitor.service = await start({ models: [builtInModel], home: service.home }));
  const [user, kept] = await visitor.messages(chat);
  assert.equal(user.id, saved.user_message.id);
  assert.equal(kept.status, "stopped");
  assert.equal(kept.content, seen);
  await again.kill();
});

test("a second SIGTERM ends the program at once", async () => {
  const service = await start({ ...slow, args: ["--shutdown-seconds", "60"] });
  const body = { messages: [{ role: "user", content: "x" }], ignore_eos: true, stream: true };
  const stream = new EventStream(await service.open("POST", "/v1/chat/completions", { body }));
  assert.ok(await stream.next());
  service.child.kill("SIGTERM");
  await until("that it is stopping", () => service.log.includes("Stopping"));
  service.child.kill("SIGTERM");
  const exit = await withDeadline("the end", service.ended, 3);
  assert.equal(exit.signal, "SIGTERM");
});
