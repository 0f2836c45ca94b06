import assert from "node:assert/strict";
import http from "node:http";
import { after, test } from "node:test";
import { parseLengths } from "../statistics.mjs";
import { dataReader, readChunk, Recording, Server } from "./api.mjs";
import { loadMetrics, longestGap, stallMetrics, tokensOf, tpotOf, ttftOf } from "./metrics.mjs";
import { concurrent, poisson, prefix, stall } from "./scenarios.mjs";
import { Words } from "./words.mjs";

function recording(sent, arrivals, { tokens = arrivals.map(() => 1), completion = null, error = null } = {}) {
  return Object.assign(new Recording(sent), { arrivals, tokens, completion_tokens: completion, error });
}

test("events are read however they are cut", () => {
  const stream = ": ping\n\ndata: {\"a\":1}\r\n\r\ndata:[DONE]\n\nevent: x\n";
  for (let size = 1; size <= stream.length; ++size) {
    const found = [];
    const read = dataReader((data) => found.push(data));
    for (let at = 0; at < stream.length; at += size) read(stream.slice(at, at + size));
    assert.deepEqual(found, ['{"a":1}', "[DONE]"]);
  }
});

test("chunks of chats and completions, with counts where the server has them", () => {
  assert.deepEqual(readChunk('{"choices":[{"delta":{"role":"assistant","content":""}}]}'), { text: "", tokens: null, usage: null, error: null });
  assert.equal(readChunk('{"choices":[{"delta":{"content":"a"}}]}').text, "a");
  assert.equal(readChunk('{"choices":[{"delta":{"reasoning_content":"b"}}]}').text, "b");
  assert.equal(readChunk('{"choices":[{"text":"c"}],"timings":{"predicted_n":7}}').tokens, 7);
  assert.equal(readChunk('{"choices":[{"text":"c"}],"usage":{"completion_tokens":3}}').tokens, 3);
  assert.equal(readChunk('{"choices":[],"usage":null}').usage, null);
  assert.equal(readChunk('{"error":{"message":"no"}}').error, "no");
  assert.throws(() => readChunk("{"));
});

test("tokens of a chunk are those not counted before", () => {
  const one = new Recording(0);
  one.add({ text: "a", tokens: 1, usage: null, error: null }, 10);
  one.add({ text: "", tokens: 3, usage: null, error: null }, 20);
  one.add({ text: "b", tokens: 4, usage: null, error: null }, 30);
  one.add({ text: "c", tokens: null, usage: null, error: null }, 40);
  one.add({ text: "", tokens: null, usage: { prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 2 } }, error: null }, 41);
  assert.deepEqual([one.arrivals, one.tokens], [[10, 30, 40], [1, 3, 1]]);
  assert.deepEqual([one.prompt_tokens, one.completion_tokens, one.cached_tokens], [9, 5, 2]);
});

test("times of one answer", () => {
  const one = recording(100, [150, 170, 210], { tokens: [1, 1, 2], completion: 4 });
  assert.equal(ttftOf(one), 50);
  assert.equal(tpotOf(one), 20);
  assert.equal(tokensOf(recording(0, [1, 2])), 2);
  assert.equal(tpotOf(recording(0, [5])), null);
  assert.equal(ttftOf(recording(0, [])), null);
});

test("measures of a load leave failures out and count them", () => {
  const all = [recording(0, [10, 20, 30]), recording(0, [40, 240, 440]), recording(0, [], { error: "503 full" }), recording(0, [])];
  const found = loadMetrics(all, 2, { tpotLimit: 100 });
  assert.deepEqual([found.requests, found.errors, found.tokens, found.tokens_per_second], [4, 2, 6, 3]);
  assert.deepEqual(found.failures, { "503 full": 1, "no text": 1 });
  assert.equal(found.ttft.p50, 25);
  assert.equal(found.itl.count, 4);
  assert.deepEqual([found.goodput_per_second, found.good_share], [0.5, 0.25]);
  assert.equal(loadMetrics([], 1).ttft, null);
});

test("the longest gap is of the window, and tokens of one chunk do not make it longer", () => {
  const one = recording(0, [10, 20, 30, 80, 90]);
  assert.equal(longestGap(one, 0, 30, 10), 1);
  assert.equal(longestGap(one, 30, 85, 10), 5);
  assert.equal(longestGap(recording(0, [10, 20, 80], { tokens: [1, 1, 3] }), 20, 80, 10), 4);
  assert.equal(longestGap(recording(0, [10, 20]), 20, 100, 10), 8);
});

test("a stall is told against each stream's own pace", () => {
  const fast = recording(0, [10, 20, 30, 40, 50, 100, 110]);
  const slow = recording(0, [10, 40, 70, 130, 160]);
  const found = stallMetrics([fast, slow], 10, 75, 120);
  assert.deepEqual([found.streams, found.longest_gap, found.longest_gap_before], [2, 5, 5]);
  assert.equal(found.median_itl, 20);
});

// A server that answers without a model: as many words as asked for, two tokens in each chunk but
// the first. Prompts are as many tokens as words.
function fakeServer({ refusesExtras = false } = {}) {
  const seen = [];
  const server = http.createServer((request, response) => {
    if (request.url === "/v1/models") return response.end('{"data":[{"id":"fake"}]}');
    let text = "";
    request.on("data", (piece) => { text += piece; }).on("end", () => {
      const body = JSON.parse(text);
      seen.push(body);
      const prompt = body.prompt ?? body.messages[0].content;
      if (refusesExtras && body.ignore_eos) { response.statusCode = 400; return response.end("ignore_eos is unknown"); }
      if (prompt.includes("refuse")) { response.statusCode = 503; return response.end("full"); }
      const write = (data) => response.write(`data: ${JSON.stringify(data)}\n\n`);
      const chunk = (content) => (body.messages ? { choices: [{ delta: { content } }] } : { choices: [{ text: content }] });
      let made = 0;
      const timer = setInterval(() => {
        if (made < body.max_tokens) {
          made = Math.min(body.max_tokens, made + (made === 0 ? 1 : 2));
          return write({ ...chunk("word "), usage: { prompt_tokens: prompt.split(" ").length, completion_tokens: made } });
        }
        clearInterval(timer);
        response.end("data: [DONE]\n\n");
      }, 1);
      response.on("close", () => clearInterval(timer));
    });
  });
  after(() => { server.closeAllConnections?.(); server.close(); });
  return new Promise((resolve) => { server.listen(0, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${server.address().port}`, seen })); });
}

const lengths = { promptLengths: parseLengths("8"), answerLengths: parseLengths("5"), limits: {}, seconds: 20, seed: 1 };

test("loads end by themselves and count all", async () => {
  const { url, seen } = await fakeServer();
  const server = await new Server({ url, api: "completions" }).connect();
  const words = await new Words(1).calibrate(server);
  assert.deepEqual([server.model, words.measured, words.each, words.fixed], ["fake", true, 1, 0]);
  const load = { ...lengths, words, requests: 6, sharedPrefix: 4 };
  const random = await poisson(server, 500, load);
  assert.deepEqual([random.requests, random.errors, random.tokens, random.prompt_tokens], [6, 0, 30, 72]);
  const starts = seen.slice(-6).map(({ prompt }) => prompt.split(" ").slice(0, 4).join(" "));
  assert.equal(new Set(starts).size, 1);
  const steady = await concurrent(server, 4, { ...load, sharedPrefix: 0 });
  assert.deepEqual([steady.concurrency, steady.requests, steady.tokens], [4, 8, 40]);
  const shared = await prefix(server, { words, tokens: 40, requests: 3, suffix: 4 });
  assert.deepEqual([shared.prompt_tokens, shared.requests, shared.together], [44, 3, 3]);
  const stood = await stall(server, { words, streams: 2, longPrompt: 50, warm: 4 });
  assert.equal(stood.streams, 2);
  assert.ok(stood.longest_gap > 0 && stood.median_itl > 0);
  server.close();
});

test("a stream that ends before the long prompt comes is told", async () => {
  const { url } = await fakeServer();
  const server = await new Server({ url }).connect();
  await assert.rejects(stall(server, { words: new Words(1), streams: 2, longPrompt: 50, warm: 4, maxTokens: 3 }), /ended before/);
  server.close();
});

test("fields that a server refuses are left out; what fails is told", async () => {
  const { url, seen } = await fakeServer({ refusesExtras: true });
  const server = await new Server({ url }).connect();
  assert.equal(seen.at(-1).ignore_eos, undefined);
  assert.match((await server.stream("refuse this", 3)).error, /^503 full/);
  const silent = await new Server({ url: "http://127.0.0.1:9" }).stream("x", 1);
  assert.match(silent.error, /ECONNREFUSED|connect/);
  assert.throws(() => new Server({ url: "http://example.com" }), /--remote/);
  server.close();
});
