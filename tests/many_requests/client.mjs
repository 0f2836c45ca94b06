// Why: answers in a form in which a stream and a whole answer are equal, and clients that behave
// badly. Plain node:http: fetch() takes several times the processor, which the service needs.
import http from "node:http";
import { dataReader } from "../../bench/serve/api.mjs";

const emptyChoice = () => ({ text: "", reasoning: "", calls: [], finish: null, logprobs: null });

// An answer without a token has empty lists where it comes whole, and nothing in a stream.
function addLogprobs(choice, added) {
  if (!Object.values(added ?? {}).some((list) => list?.length > 0)) return;
  choice.logprobs ??= {};
  for (const [name, list] of Object.entries(added)) {
    choice.logprobs[name] = Array.isArray(list) ? [...(choice.logprobs[name] ?? []), ...list] : list;
  }
}

// A call's first piece has its name, the others more of its arguments; ids differ from time to time.
function addCalls(choice, calls) {
  for (const [i, { index = i, function: { name, arguments: text } }] of calls.entries()) {
    choice.calls[index] ??= { name, arguments: "" };
    choice.calls[index].arguments += text;
  }
}

// An answer put together from its pieces, or from one that holds all of it.
export class Answer {
  constructor() { Object.assign(this, { choices: [], usage: null, error: null, other: null }); }

  add(json) {
    if (json.error) { this.error = json.error; return; }
    if (json.data) { this.other = json.data; }
    for (const { index, text, message, delta, logprobs, finish_reason } of json.choices ?? []) {
      const choice = (this.choices[index] ??= emptyChoice());
      const said = message ?? delta ?? {};
      choice.text += text ?? said.content ?? "";
      choice.reasoning += said.reasoning_content ?? "";
      addCalls(choice, said.tool_calls ?? []);
      addLogprobs(choice, logprobs);
      choice.finish = finish_reason ?? choice.finish;
    }
    if (json.usage) {
      // How much was found in the cache is what may differ.
      const { prompt_tokens, completion_tokens, total_tokens, completion_tokens_details } = json.usage;
      this.usage = { prompt_tokens, completion_tokens, total_tokens, completion_tokens_details };
    }
  }

  // Whether this is how `whole` begins: what a client has seen that left before the end.
  begins(whole) {
    return this.choices.every((choice, i) => !choice || (whole.choices[i]?.text.startsWith(choice.text) &&
      choice.calls.every((call, c) => whole.choices[i].calls[c]?.arguments.startsWith(call.arguments))));
  }
}

export class Client {
  constructor(url) {
    this.url = new URL(url);
    this.agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
  }

  close() { this.agent.destroy(); }

  open(method, path, body, agent = this.agent) {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers = bytes ? { "content-type": "application/json", "content-length": bytes.length } : {};
    const request = http.request({ method, hostname: this.url.hostname, port: this.url.port, path, agent, headers });
    request.end(bytes);
    return request;
  }

  get(path) {
    return new Promise((resolve, reject) => {
      this.open("GET", path).on("error", reject).on("response", async (response) => {
        try {
          const parts = [];
          for await (const part of response) parts.push(part);
          resolve(Buffer.concat(parts).toString());
        } catch (error) { reject(error); }
      });
    });
  }

  // Resolves with {status, answer, left}; `left` where the client went away before the end, after so
  // many `pieces` of a stream or `wait_ms`. Throws where the connection or the answer breaks.
  ask(path, body, { stream = false, pieces = Infinity, wait_ms = null, seconds = 120 } = {}) {
    return new Promise((resolve, reject) => {
      const answer = new Answer();
      const sent = stream ? { ...body, stream: true, stream_options: { include_usage: true } } : body;
      const request = this.open("POST", path, sent);
      let status = null;
      let done = false;
      const timers = [setTimeout(() => fail(new Error(`no end within ${seconds} s`)), seconds * 1000)];
      const settle = (how, value) => { timers.forEach(clearTimeout); how(value); };
      const fail = (error) => { settle(reject, error); request.destroy(); };
      const leave = () => { settle(resolve, { status, answer, left: true }); request.destroy(); };
      if (wait_ms !== null) timers.push(setTimeout(leave, wait_ms));
      let seen = 0;
      const onData = (data) => {
        if (data === "[DONE]") { done = true; return; }
        answer.add(JSON.parse(data));
        if (++seen > pieces) leave();
      };
      request.on("error", fail).on("response", (response) => {
        status = response.statusCode;
        const events = response.headers["content-type"]?.startsWith("text/event-stream");
        let text = "";
        const read = events ? dataReader(onData) : (piece) => { text += piece; };
        response.setEncoding("utf8").on("error", fail).on("aborted", () => fail(new Error("the connection was cut")));
        response.on("data", (piece) => { try { read(piece); } catch (error) { fail(error); } });
        response.on("end", () => {
          try {
            if (!events) answer.add(JSON.parse(text));
            else if (!done && answer.error === null) throw new Error("the stream ended without [DONE]");
            settle(resolve, { status, answer, left: false });
          } catch (error) { fail(error); }
        });
      });
    });
  }

  // Sends a request and reads nothing. Returns what hangs up.
  neglect(path, body) {
    const request = this.open("POST", path, { ...body, stream: true }, false);
    request.on("error", () => {}).on("response", (response) => response.on("error", () => {}).pause());
    return () => request.destroy();
  }
}
