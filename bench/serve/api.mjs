// Why: one streamed answer of any OpenAI-compatible server, with the time at which each piece came.
// Plain node:http: fetch() takes several times the processor, which the server under test needs.
import http from "node:http";
import https from "node:https";

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

// What some servers can add, from the most to nothing. Counts of tokens so far are vLLM's
// continuous_usage_stats and llama.cpp's timings_per_token; an answer's length is then known though
// one chunk may hold several tokens.
const extras = [
  { ignore_eos: true, timings_per_token: true, stream_options: { include_usage: true, continuous_usage_stats: true } },
  { ignore_eos: true, stream_options: { include_usage: true } },
  { stream_options: { include_usage: true } },
  {},
];

// The lines of a stream of server-sent events that hold data, however it is cut into pieces.
export function dataReader(onData) {
  let rest = "";
  return (piece) => {
    rest += piece;
    let start = 0;
    for (let end; (end = rest.indexOf("\n", start)) !== -1; start = end + 1) {
      const line = rest.slice(start, end).trimEnd();
      if (line.startsWith("data:")) onData(line.slice(5).trim());
    }
    rest = rest.slice(start);
  };
}

// Log probabilities come one for each token, so that they can be counted, whatever they say. They cost
// a server some of its time.
const logprobs = { chat: { logprobs: true }, completions: { logprobs: 1 } };

// What one chunk holds: { text, tokens: made so far or null, listed: in this chunk or null, usage: of
// the whole or null, error }.
export function readChunk(json) {
  const chunk = JSON.parse(json);
  if (chunk.error) return { text: "", tokens: null, listed: null, usage: null, error: chunk.error.message ?? String(chunk.error) };
  const choice = chunk.choices?.[0];
  const delta = choice?.delta ?? {};
  const text = (choice?.text ?? "") + (delta.content ?? "") + (delta.reasoning_content ?? delta.reasoning ?? "");
  const tokens = chunk.usage?.completion_tokens ?? chunk.timings?.predicted_n ?? null;
  const listed = (choice?.logprobs?.content ?? choice?.logprobs?.tokens)?.length ?? null;
  return { text, tokens, listed, usage: chunk.usage ?? null, error: null };
}

// An answer in the making. Times are performance.now(), in ms.
export class Recording {
  constructor(sent) {
    Object.assign(this, { sent, arrivals: [], tokens: [], prompt_tokens: null, completion_tokens: null, cached_tokens: null, ended: null, error: null });
    this.counted = 0;
    this.listed = 0;
    this.told = true; // of every piece, how many tokens it holds
  }

  // A chunk that came at `now`. Its tokens are those not counted before: also of chunks without text,
  // where a token's bytes wait for the rest of their character. 1 where the server does not say.
  add({ text, tokens, listed, usage, error }, now) {
    if (error !== null) this.error ??= error;
    if (usage) {
      this.prompt_tokens = usage.prompt_tokens ?? this.prompt_tokens;
      this.completion_tokens = usage.completion_tokens ?? this.completion_tokens;
      this.cached_tokens = usage.prompt_tokens_details?.cached_tokens ?? this.cached_tokens;
    }
    this.listed += listed ?? 0;
    if (text === "") return;
    const so_far = tokens ?? (listed === null ? null : this.listed);
    this.told &&= so_far !== null;
    const made = so_far === null ? 1 : Math.max(1, so_far - this.counted);
    this.counted += made;
    this.arrivals.push(now);
    this.tokens.push(made);
  }
}

export class Server {
  // Throws unless the address is this machine's or `remote` allows others.
  constructor({ url, api = "chat", model, key, remote = false, body = {}, timeout = 300 }) {
    this.url = new URL(url);
    if (!remote && !loopback.test(this.url.hostname)) throw new Error(`${url} is not this machine; --remote allows it`);
    this.client = this.url.protocol === "https:" ? https : http;
    this.agent = new this.client.Agent({ keepAlive: true, maxSockets: Infinity });
    this.path = api === "chat" ? "/v1/chat/completions" : "/v1/completions";
    Object.assign(this, { api, model, body, timeout });
    this.headers = { "content-type": "application/json", ...(key ? { authorization: `Bearer ${key}` } : {}) };
    this.extra = extras.at(-1);
    this.counting = null; // how tokens of pieces are counted: "usage", "logprobs", or null, not at all
  }

  close() { this.agent.destroy(); }

  request(method, path, body) {
    const prefix = this.url.pathname.replace(/\/(v1\/?)?$/, "");
    return this.client.request({
      method, protocol: this.url.protocol, hostname: this.url.hostname.replace(/^\[|\]$/g, ""), port: this.url.port,
      path: prefix + path, agent: this.agent,
      headers: { ...this.headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
    });
  }

  // Finds out the model's name, which extras the server takes, and how tokens can be counted.
  async connect() {
    this.model ??= (await this.json("/v1/models")).data?.[0]?.id;
    for (const extra of extras) {
      this.extra = extra;
      const { error } = await this.stream("Hello", 1);
      if (error === null) {
        await this.findCounting();
        return this;
      }
      if (!error.startsWith("400") && !error.startsWith("422")) throw new Error(`${this.url.href}: ${error}`);
    }
    throw new Error(`${this.url.href} refuses every request to ${this.path}`);
  }

  async findCounting() {
    for (const [name, count] of [["usage", false], ["logprobs", true]]) {
      const { error, arrivals, told } = await this.stream("Hello", 4, { count });
      if (error !== null || arrivals.length === 0 || !told) continue;
      this.counting = name;
      return;
    }
  }

  json(path) {
    return new Promise((resolve, reject) => {
      const request = this.request("GET", path);
      request.setTimeout(this.timeout * 1000, () => request.destroy(new Error(`${this.url.href} does not answer`)));
      request.on("error", reject).on("response", async (response) => {
        try {
          const parts = [];
          for await (const part of response) parts.push(part);
          resolve(JSON.parse(Buffer.concat(parts).toString()));
        } catch (error) { reject(error); }
      }).end();
    });
  }

  // Resolves with a Recording, never throws: what failed is in its `error`. `signal` ends it early.
  // onArrival(recording) is called after each piece of text. `count` asks for log probabilities, where
  // the server does not count by itself.
  stream(prompt, maxTokens, { signal, onArrival, count = false } = {}) {
    const input = this.api === "chat" ? { messages: [{ role: "user", content: prompt }] } : { prompt };
    const body = JSON.stringify({ model: this.model, stream: true, max_tokens: maxTokens, ...this.extra, ...(count && this.counting !== "usage" ? logprobs[this.api] : {}), ...this.body, ...input });
    return new Promise((resolve) => {
      const recording = new Recording(performance.now());
      const request = this.request("POST", this.path, body);
      const timer = setTimeout(() => { finish(`no end within ${this.timeout} s`); request.destroy(); }, this.timeout * 1000);
      const stop = () => { finish(null); request.destroy(); };
      const finish = (error) => {
        if (recording.ended !== null) return;
        recording.ended = performance.now();
        recording.error ??= error;
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
        resolve(recording);
      };
      signal?.addEventListener("abort", stop);
      request.on("error", (error) => finish(error.message)).on("response", (response) => {
        response.setEncoding("utf8");
        response.on("error", (error) => finish(error.message)).on("aborted", () => finish("the connection was cut"));
        if (response.statusCode !== 200) return readFailure(response, finish);
        let done = false;
        const read = dataReader((data) => {
          if (data === "[DONE]") { done = true; return; }
          const before = recording.arrivals.length;
          try { recording.add(readChunk(data), performance.now()); } catch (error) { recording.error ??= `not JSON: ${data.slice(0, 80)}`; }
          if (recording.arrivals.length > before) onArrival?.(recording);
        });
        response.on("data", read).on("end", () => finish(done ? null : "the stream ended without [DONE]"));
      });
      request.end(body);
    });
  }
}

function readFailure(response, finish) {
  let text = "";
  response.on("data", (piece) => { if (text.length < 2000) text += piece; });
  response.on("end", () => finish(`${response.statusCode} ${text.slice(0, 200)}`));
}
