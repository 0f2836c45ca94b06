// Why: clients vanish and come in crowds; the engine's memory must come back, and everybody gets an
// answer or a clear no. Visitors see nothing of each other.
import assert from "node:assert/strict";
import http from "node:http";
import { test } from "node:test";
import { EventStream, Visitor, builtInModel, slowModel, start, until } from "./service.mjs";

const endless = { messages: [{ role: "user", content: "Hello" }], ignore_eos: true, max_tokens: 1800 };

test("clients that go away free the engine", async () => {
  const service = await start({ models: [slowModel] });
  const running = (n) => until(`${n} running`, async () => (await service.metric("pioneer_requests_running")) === n);

  for (const path of ["/v1/chat/completions", "/v1/completions"]) {
    const body = path.includes("chat") ? endless : { prompt: "Hello", ignore_eos: true, max_tokens: 1800 };
    const stream = new EventStream(await service.open("POST", path, { body: { ...body, stream: true } }));
    assert.ok(await stream.next());
    assert.ok((await service.metric("pioneer_kv_bytes_used")) > 0);
    stream.close();
    await service.becomesIdle(5);

    const request = http.request(service.url + path, { method: "POST", agent: false, headers: { "content-type": "application/json" } });
    request.on("error", () => {});
    request.end(JSON.stringify(body));
    await running(1);
    request.destroy();
    await service.becomesIdle(5);
  }

  const visitor = new Visitor(service);
  const chat = await visitor.createChat({ temperature: 0, max_tokens: 1800 });
  const { events } = await visitor.question(chat, "Hello");
  events.close();
  await service.becomesIdle(5);
  assert.equal((await visitor.messages(chat))[1].status, "stopped");

  // A crowd that leaves at once, with several answers each.
  const crowd = await Promise.all(Array.from({ length: 8 }, () =>
    service.open("POST", "/v1/chat/completions", { body: { ...endless, stream: true, n: 2 } })));
  await until("work", async () => (await service.metric("pioneer_requests_running")) > 0);
  for (const reply of crowd) reply.close();
  await service.becomesIdle(5);
  assert.ok((await service.metric("pioneer_cancelled_total")) >= 5 + 16);
  assert.ok((await service.metric("pioneer_client_disconnects_total")) >= 5);
  assert.equal((await service.stop()).code, 0);
});

test("little memory: requests queue, and what can never fit is told", async () => {
  const service = await start({ models: [slowModel], args: ["--kv-memory", "1", "--max-running", "8"] });
  const state = (await service.ask("GET", "/api/state")).json;
  const context = state.models[0].context_length;
  assert.ok(context > 0 && context < 2048, `the context follows the memory: ${context}`);

  const replies = await Promise.all(Array.from({ length: 24 }, (_, i) =>
    service.ask("POST", "/v1/completions", { body: { prompt: "a b c", ignore_eos: true, max_tokens: 8, seed: i } })));
  for (const { status, json } of replies) {
    if (status === 503) assert.equal(json.error.code, "overloaded");
    else {
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.choices[0].finish_reason, "length");
      assert.equal(json.usage.completion_tokens, 8);
    }
  }
  assert.ok(replies.some(({ status }) => status === 200));
  await service.becomesIdle(5);

  const tooLong = { prompt: Array.from({ length: context }, () => 5), max_tokens: 4 };
  const refused = await service.ask("POST", "/v1/completions", { body: tooLong });
  assert.equal(refused.status, 400);
  assert.equal(refused.json.error.code, "context_length_exceeded");
  assert.match(refused.json.error.message, new RegExp(`${context}`));

  // As long as the memory holds, alone and twice at a time: both end.
  const long = { prompt: Array.from({ length: Math.min(40, context - 8) }, () => 5), ignore_eos: true, max_tokens: context };
  const both = await Promise.all([1, 2].map((seed) => service.ask("POST", "/v1/completions", { body: { ...long, seed } })));
  for (const { status, json } of both) {
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.usage.total_tokens, context);
  }
  await service.becomesIdle(5);
  assert.equal((await service.stop()).code, 0);
});

test("visitors see nothing of each other", async () => {
  const service = await start();
  const [one, two] = [new Visitor(service), new Visitor(service)];
  const chat = await one.createChat({ max_tokens: 4 });
  const { events, saved } = await one.question(chat, "My secret zebra");
  await events.rest();
  const other = await two.createChat();
  assert.notEqual(one.cookie, two.cookie);
  assert.ok(one.cookie && two.cookie);

  for (const query of ["", "?q=zebra"]) {
    const { json } = await two.ask("GET", `/api/chats${query}`);
    assert.ok(!json.chats.some(({ id }) => id === chat));
  }
  const body = {};
  const tries = [["GET", ""], ["PATCH", "", { body: { title: "mine" } }], ["DELETE", "", { body }], ["GET", "/export"],
    ["POST", "/restore", { body }], ["POST", "/generate", { body: { parent_id: null, content: "x" } }]];
  for (const [method, path, options] of tries) {
    assert.equal((await two.ask(method, `/api/chats/${chat}${path}`, options)).status, 404, `${method} ${path}`);
  }
  // Another chat's message is no parent in one's own.
  const foreign = { body: { parent_id: saved.assistant_message.id, content: "x" } };
  assert.equal((await two.ask("POST", `/api/chats/${other}/generate`, foreign)).status, 404);
  assert.equal((await two.ask("DELETE", "/api/visitor", { body })).status, 204);
  assert.equal((await one.messages(chat)).length, 2);
  assert.equal((await one.ask("GET", "/api/chats?q=zebra")).json.chats.length, 1);
  await service.stop();
});

test("other names and other sites open nothing", async () => {
  const service = await start();
  const port = service.port;
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "localhost.evil.example"]) {
    for (const path of ["/v1/models", "/api/state", "/", "/metrics"]) {
      const reply = await service.ask("GET", path, { headers: { host } });
      assert.ok([400, 403].includes(reply.status), `${host} ${path}: ${reply.status}`);
      assert.doesNotMatch(reply.text, /pioneer-small/);
    }
  }
  const reply = await service.ask("GET", "/v1/models", { headers: { host: `evil.example:${port}` } });
  assert.equal(reply.json.error.code, "host_not_allowed");
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`]) {
    assert.equal((await service.ask("GET", "/v1/models", { headers: { host } })).status, 200);
  }
  const foreign = await service.ask("POST", "/v1/chat/completions", { headers: { origin: "http://evil.example" }, body: { ...endless, max_tokens: 1 } });
  assert.equal(foreign.status, 403);
  await service.stop();
});
