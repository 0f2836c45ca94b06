// Why: whatever is sent to /v1, the answer is an error in OpenAI's shape, and the service lives.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./service.mjs";

let service;
before(async () => { service = await start(); });
after(async () => { await service.stop(); });

const user = '{"role":"user","content":"hi"}';
const chat = (fields) => `{"messages":[${user}],"max_tokens":2${fields ? "," + fields : ""}}`;
const messages = (text) => `{"messages":${text},"max_tokens":2}`;
const completion = (fields) => `{"max_tokens":2,${fields}}`;
const deep = (n, open, close) => open.repeat(n) + close.repeat(n);

const badChats = {
  "no body": "",
  "wrong JSON": '{"messages": [',
  "text after the JSON": chat() + "x",
  "not an object": "[1,2,3]",
  "a number": "7",
  "null": "null",
  "deep arrays": deep(100_000, "[", "]"),
  "deep objects": deep(50_000, '{"a":', "1}").replace("1}", "1}"),
  "deep nesting in a field": chat(`"metadata":${deep(20_000, "[", "]")}`),
  "no messages": '{"max_tokens":2}',
  "empty messages": messages("[]"),
  "messages of the wrong type": messages('"hi"'),
  "a message of the wrong type": messages("[7]"),
  "an unknown role": messages('[{"role":"wizard","content":"hi"}]'),
  "a role that closes the tag": messages('[{"role":"user|>\\n<|system","content":"hi"}]'),
  "no role": messages('[{"content":"hi"}]'),
  "content of the wrong type": messages('[{"role":"user","content":{"a":1}}]'),
  "no content": messages('[{"role":"user"}]'),
  "invalid UTF-8": Buffer.from([...Buffer.from('{"messages":[{"role":"user","content":"'), 0xff, 0xfe, 0xc0, ...Buffer.from('"}]}')]),
  "half a surrogate": messages('[{"role":"user","content":"\\ud800"}]'),
  "temperature as text": chat('"temperature":"hot"'),
  "temperature below 0": chat('"temperature":-1'),
  "temperature 1e999": chat('"temperature":1e999'),
  "temperature NaN": chat('"temperature":NaN'),
  "temperature huge": chat('"temperature":99999999999999999999'),
  "top_p 0": chat('"top_p":0'),
  "top_k too large": chat('"top_k":99999999999999999999'),
  "max_tokens 0": chat('"max_completion_tokens":0'),
  "max_tokens below 0": chat('"max_completion_tokens":-5'),
  "max_tokens huge": chat('"max_completion_tokens":99999999999999999999'),
  "max_tokens 1e999": chat('"max_completion_tokens":1e999'),
  "max_tokens broken": chat('"max_completion_tokens":1.5'),
  "n huge": chat('"n":1000000'),
  "n below 1": chat('"n":0'),
  "a seed of text": chat('"seed":"x"'),
  "a seed too large": chat('"seed":99999999999999999999'),
  "stop of numbers": chat('"stop":[1]'),
  "an empty stop": chat('"stop":[""]'),
  "logit_bias of an unknown token": chat('"logit_bias":{"99999999":1}'),
  "logit_bias without a number": chat('"logit_bias":{"abc":1}'),
  "logit_bias 1e999": chat('"logit_bias":{"1":1e999}'),
  "top_logprobs alone": chat('"top_logprobs":3'),
  "stream as text": chat('"stream":"yes"'),
  "tools of the wrong type": chat('"tools":7'),
};

const badCompletions = {
  "no prompt": '{"max_tokens":2}',
  "a prompt of objects": completion('"prompt":[{}]'),
  "an unknown token": completion('"prompt":[99999999]'),
  "a token below 0": completion('"prompt":[-1]'),
  "a token too large": completion('"prompt":[99999999999999999999]'),
  "mixed prompts": completion('"prompt":["a",1]'),
  "too many prompts": completion(`"prompt":[${Array(65).fill('"a"')}]`),
  "no prompts": completion('"prompt":[]'),
  "logprobs huge": completion('"prompt":"a","logprobs":1000'),
};

function assertError(reply, status, code) {
  assert.equal(reply.status, status, reply.text);
  assert.ok(reply.json, `JSON, not ${reply.text.slice(0, 200)}`);
  const { error } = reply.json;
  assert.deepEqual(Object.keys(error).sort(), ["code", "message", "param", "type"]);
  assert.ok(error.message.length > 5 && error.message.length < 1000, error.message);
  if (code) assert.equal(error.code, code);
}

const post = (path, raw) => service.ask("POST", path, { raw });

async function assertAnswers() {
  const reply = await post("/v1/chat/completions", chat());
  assert.equal(reply.status, 200, reply.text);
  assert.equal(reply.json.choices.length, 1);
}

for (const [name, raw] of Object.entries(badChats)) {
  test(`chat: ${name}`, async () => assertError(await post("/v1/chat/completions", raw), 400));
}
for (const [name, raw] of Object.entries(badCompletions)) {
  test(`completion: ${name}`, async () => assertError(await post("/v1/completions", raw), 400));
}

test("a prompt longer than the context", async () => {
  const text = "word and more ".repeat(20_000);
  assertError(await post("/v1/chat/completions", messages(JSON.stringify([{ role: "user", content: text }]))), 400, "context_length_exceeded");
  assertError(await post("/v1/completions", completion(`"prompt":${JSON.stringify(text)}`)), 400, "context_length_exceeded");
});

test("a body over the limit", async () => {
  const reply = await post("/v1/chat/completions", messages(JSON.stringify([{ role: "user", content: "x".repeat(17 << 20) }])));
  assertError(reply, 413);
});

test("a header over the limit", async () => {
  // What the client's own limit lets through.
  assertError(await service.ask("GET", "/v1/models", { headers: { "x-long": "x".repeat(80_000) } }), 431);
});

test("an unknown path, a wrong method, an unknown model", async () => {
  assertError(await service.ask("GET", "/v1/nothing"), 404, "not_found");
  assertError(await service.ask("GET", "/v1/models/nothing"), 404, "model_not_found");
  assertError(await post("/v1/chat/completions", chat('"model":"nothing"')), 404, "model_not_found");
  const wrong = await service.ask("GET", "/v1/chat/completions");
  assertError(wrong, 405);
  assert.match(wrong.headers.allow, /POST/);
  assertError(await service.ask("DELETE", "/v1/models"), 405);
});

test("after all of that the service answers as before", async () => {
  await assertAnswers();
  await service.becomesIdle(5);
  assert.equal(service.exit, undefined);
  assert.doesNotMatch(service.log, /defect|terminate|\[error\]/i);
});
