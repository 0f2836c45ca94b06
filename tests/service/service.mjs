// Why: tests that start, kill and restart the service need more than a URL. Everything here waits
// for events with a deadline; nothing sleeps and hopes.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const program = process.env.PIONEER ?? join(root, "build/pioneer");
export const builtInModel = join(root, "models/pioneer-small.gguf");
export const slowModel = process.env.SLOW_MODEL; // made by run.sh

const running = new Set();
const folders = [];
// A test that failed half-way leaves its service behind; nothing may outlive its file.
after(() => { for (const service of running) service.child.kill("SIGKILL"); });
process.on("exit", () => {
  for (const service of running) service.child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function makeFolder() {
  const folder = mkdtempSync(join(tmpdir(), "pioneer-service-"));
  folders.push(folder);
  return folder;
}

// Calls `probe` until it returns something true; fails with `what` after `seconds`.
export async function until(what, probe, seconds = 20) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function withDeadline(what, promise, seconds = 20) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${seconds} s: ${what}`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// One started service. `ended` resolves with {code, signal}.
class Service {
  constructor(args, home) {
    this.home = home;
    this.log = "";
    this.addressFile = join(makeFolder(), "address");
    this.child = spawn(program, ["serve", "--address-file", this.addressFile, ...args], {
      env: { ...process.env, PIONEER_HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (bytes) => (this.log += bytes));
    }
    running.add(this);
    this.ended = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        running.delete(this);
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  get port() { return Number(new URL(this.url).port); }
  get pid() { return this.child.pid; }

  async ready() {
    await until("the service's address", () => this.exit || existsSync(this.addressFile));
    if (this.exit) throw new Error(`the service did not start:\n${this.log}`);
    this.url = readFileSync(this.addressFile, "utf8").trim();
    return this;
  }

  async kill() {
    this.child.kill("SIGKILL");
    return withDeadline("the end after SIGKILL", this.ended);
  }

  // Asks it to stop; returns how it ended and after how many seconds.
  async stop(seconds = 20) {
    const start = Date.now();
    this.child.kill("SIGTERM");
    const exit = await withDeadline("the end after SIGTERM", this.ended, seconds);
    return { ...exit, seconds: (Date.now() - start) / 1000 };
  }

  // ---- one request at a time, each on a connection of its own

  // Resolves with {status, headers, body (a stream)} once the header is there. `raw` bodies (string
  // or Buffer) are sent as they are, others as JSON.
  open(method, path, { body, raw, headers = {} } = {}) {
    const bytes = raw !== undefined ? Buffer.from(raw) : body !== undefined ? Buffer.from(JSON.stringify(body)) : null;
    const all = { ...(bytes ? { "content-type": "application/json", "content-length": bytes.length } : {}), ...headers };
    const reply = new Promise((resolve, reject) => {
      const request = http.request(this.url + path, { method, headers: all, agent: false }, (response) => {
        response.on("error", () => {}); // a stream cut short is seen by who reads it
        resolve({ status: response.statusCode, headers: response.headers, body: response, close: () => request.destroy() });
      });
      request.on("error", reject);
      request.end(bytes ?? undefined);
    });
    return withDeadline(`an answer to ${method} ${path}`, reply, 30);
  }

  // The whole answer: {status, headers, text, json}.
  async ask(method, path, options) {
    const reply = await this.open(method, path, options);
    const text = await withDeadline(`the rest of ${method} ${path}`, readAll(reply.body), 40);
    let json = null;
    try { json = JSON.parse(text); } catch { /* not every answer is JSON */ }
    return { ...reply, text, json };
  }

  async metric(name) {
    const { text } = await this.ask("GET", "/metrics");
    const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    if (lines.length === 0) throw new Error(`no metric ${name}`);
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  }

  // Nothing runs, nothing waits, no memory is held.
  async becomesIdle(seconds = 10) {
    const names = ["pioneer_requests_running", "pioneer_requests_waiting", "pioneer_kv_bytes_used"];
    await until("an idle engine", async () => {
      for (const name of names) if ((await this.metric(name)) !== 0) return false;
      return true;
    }, seconds);
  }
}

export function launch(args, home = makeFolder()) { return new Service(args, home); }

export async function start({ models = [builtInModel], args = [], home, port = 0 } = {}) {
  const named = models.flatMap((model) => ["--model", model]);
  return launch(["--port", String(port), "--threads", "1", ...named, ...args], home).ready();
}

// Runs the program to its end: {code, signal, text}.
export function runToEnd(args, { home = makeFolder(), seconds = 20 } = {}) {
  const env = { ...process.env, PIONEER_HOME: home };
  const result = spawnSync(program, args, { env, timeout: seconds * 1000, killSignal: "SIGKILL", encoding: "utf8" });
  return { code: result.status, signal: result.signal, text: result.stdout + result.stderr };
}

async function readAll(stream) {
  const parts = [];
  for await (const bytes of stream) parts.push(bytes);
  return Buffer.concat(parts).toString();
}

// Server-sent events of an open answer, one by one: {event, data (text)}. `cut` becomes true where
// the connection broke before the answer's end.
export class EventStream {
  constructor(reply) {
    this.reply = reply;
    this.cut = false;
    this.events = this.#read();
  }

  async next() { return (await withDeadline("the next event", this.events.next(), 30)).value; }
  close() { this.reply.close(); }

  async rest() {
    const list = [];
    for (let event = await this.next(); event; event = await this.next()) list.push(event);
    return list;
  }

  async *#read() {
    let text = "";
    try {
      for await (const bytes of this.reply.body.setEncoding("utf8")) {
        const blocks = (text + bytes).split("\n\n");
        text = blocks.pop();
        for (const block of blocks) {
          const event = { event: "message", data: "" };
          for (const line of block.split("\n")) {
            if (line.startsWith("event: ")) event.event = line.slice(7);
            if (line.startsWith("data: ")) event.data += line.slice(6);
          }
          if (event.data) yield event;
        }
      }
    } catch {
      this.cut = true;
    }
  }
}

// A visitor of the page: keeps its cookie, speaks the page's API.
export class Visitor {
  constructor(service) { this.service = service; this.cookie = ""; }

  #with(options) { return { ...options, headers: { cookie: this.cookie, ...options?.headers } }; }

  async ask(method, path, options) {
    const reply = await this.service.ask(method, path, this.#with(options));
    const set = reply.headers["set-cookie"]?.[0];
    if (set) this.cookie = set.split(";")[0];
    return reply;
  }

  async createChat(settings = {}, model = "") {
    const reply = await this.ask("POST", "/api/chats", { body: { model, settings } });
    if (reply.status !== 201) throw new Error(`no chat: ${reply.status} ${reply.text}`);
    return reply.json.id;
  }

  async generate(chat, body) {
    return new EventStream(await this.service.open("POST", `/api/chats/${chat}/generate`, this.#with({ body })));
  }

  // Asks and waits for `saved`: the events, the saved data.
  async question(chat, content, parentId = null) {
    const events = await this.generate(chat, { parent_id: parentId, content });
    if (events.reply.status !== 200) throw new Error(`not answered: ${events.reply.status}`);
    const first = await events.next();
    if (first?.event !== "saved") throw new Error(`not saved: ${JSON.stringify(first)}`);
    return { events, saved: JSON.parse(first.data) };
  }

  async messages(chat) {
    const reply = await this.ask("GET", `/api/chats/${chat}`);
    if (reply.status !== 200) throw new Error(`no chat ${chat}: ${reply.status} ${reply.text}`);
    return reply.json.messages;
  }
}
