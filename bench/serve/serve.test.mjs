import assert from "node:assert/strict";
import http from "node:http";
import { after, test } from "node:test";
import { parseLengths } from "../statistics.mjs";
import { dataReader, readChunk, Recording, Server } from "./api.mjs";
import { isCounted, loadMetrics, longestGap, stallMetrics, tokensOf, tpotOf, ttftOf } from "./metrics.mjs";
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
  assert.deepEqual(readChunk('{"choices":[{"delta":{"role":"assistant","content":""}}]}'), { text: "", tokens: null, listed: null, usage: null, error: null });
  assert.equal(readChunk('{"choices":[{"delta":{"content":"a"}}]}').text, "a");
  assert.equal(readChunk('{"choices":[{"delta":{"reasoning_content":"b"}}]}').text, "b");
  assert.equal(readChunk('{"choices":[{"text":"c"}],"timings":{"predicted_n":7}}').tokens, 7);
  assert.equal(readChunk('{"choices":[{"text":"c"}],"usage":{"completion_tokens":3}}').tokens, 3);
  assert.equal(readChunk('{"choices":[],"usage":null}').usage, null);
  assert.equal(readChunk('{"choices":[{"delta":{"content":"e"},"logprobs":{"content":[{},{}]}}]}').listed, 2);
  assert.equal(readChunk('{"choices":[{"text":"e","logprobs":{"tokens":["e"]}}]}').listed, 1);
  assert.equal(readChunk('{"choices":[{"text":"e","logprobs":null}]}').listed, null);
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

test("tokens are counted by their log probabilities, also those whose bytes were held back", () => {
  const one = new Recording(0);
  const chunk = (text, listed) => ({ text, tokens: null, listed, usage: null, error: null });
  one.add(chunk("a", 1), 10);
  one.add(chunk("", 1), 20);
  one.add(chunk("é", 1), 30);
  one.add(chunk("b", 1), 40);
  assert.deepEqual([one.tokens, one.told], [[1, 2, 1], true]);
  one.add(chunk("c", null), 50);
  assert.deepEqual([one.tokens, one.told], [[1, 2, 1, 1], false]);
});

test("gaps of tokens are told only where each piece's tokens are known", () => {
  const untold = (fields) => Object.assign(recording(0, [10, 20, 40], fields), { told: false });
  assert.deepEqual([isCounted(untold({})), isCounted(untold({ completion: 3 })), isCounted(untold({ completion: 4 })), isCounted(untold({ completion: 5 }))], [false, true, true, false]);
  const told = recording(0, [10, 20, 40], { tokens: [1, 1, 2], completion: 4 });
  const found = loadMetrics([told, untold({ completion: 6 })], 1);
  assert.deepEqual([found.itl.max, found.token_gap.max, found.token_gap.count, found.counted_share], [20, 10, 2, 0.5]);
  assert.equal(loadMetrics([untold({ completion: 6 })], 1).token_gap, null);
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
  assert.equal(longestGap(recording(0, [10, 20, 80], { tokens: [1, 1, 3] }), 20, 80, 10, { perPiece: true }), 6);
  assert.equal(longestGap(recording(0, [10, 20]), 20, 100, 10), 8);
});

test("a stall is told against each stream's own pace", () => {
  const fast = recording(0, [10, 20, 30, 40, 50, 100, 110]);
  const slow = recording(0, [10, 40, 70, 130, 160]);
  const found = stallMetrics([fast, slow], 10, 75, 120);
  assert.deepEqual([found.streams, found.longest_gap, found.longest_gap_before], [2, 5, 5]);
  assert.equal(found.median_itl, 20);
});

test("pieces of several tokens are no stall when every token takes as long", () => {
  const even = recording(0, [10, 20, 40, 50, 60, 90, 100], { tokens: [1, 1, 2, 1, 1, 3, 1] });
  const found = stallMetrics([even], 10, 55, 120);
  assert.deepEqual([found.median_itl, found.longest_gap_before, found.longest_gap, found.longest_piece_gap_before, found.longest_piece_gap], [10, 1, 2, 2, 3]);
});

// A server that answers without a model: as many words as asked for, two tokens in each chunk but
// the first. Prompts are as many tokens as words. It counts in `usage`, by log probabilities where it
// is asked for them, or not.
function fakeServer({ refusesExtras = false, counts = "usage" } = {}) {
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
          const before = made;
          made = Math.min(body.max_tokens, made + (made === 0 ? 1 : 2));
          const piece = chunk("word ");
          if (counts === "logprobs" && body.logprobs) piece.choices[0].logprobs = { content: Array(made - before).fill({}) };
          return write({ ...piece, ...(counts === "usage" ? { usage: { prompt_tokens: prompt.split(" ").length, completion_tokens: made } } : {}) });
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

test("a server is asked how tokens can be counted", async () => {
  for (const [counts, found] of [["usage", "usage"], ["logprobs", "logprobs"], ["not", null]]) {
    for (const api of ["chat", "completions"]) {
      const { url, seen } = await fakeServer({ counts });
      const server = await new Server({ url, api }).connect();
      assert.equal(server.counting, found);
      const { tokens, told } = await server.stream("a b", 5, { count: true });
      assert.deepEqual([tokens, told], counts === "not" ? [[1, 1, 1], false] : [[1, 2, 2], true]);
      await server.stream("a b", 5);
      assert.equal(seen.at(-1).logprobs, undefined);
      server.close();
    }
  }
});
