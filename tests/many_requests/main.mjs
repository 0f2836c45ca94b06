// Why: a service that answers for months. Tens of thousands of requests of every kind, from clients
// that wait, leave and never read, as fast as they go: each answer must be, bit for bit, the one
// that the same request got alone, and nothing may be left behind.
//   tests/many_requests/run.sh [REQUESTS]      starts the services and runs both halves:
//   node main.mjs --write FILE [--distinct N] [--seed N]     asks each distinct request alone
//   node main.mjs --read FILE --requests N [--clients N]     the load; PIONEER_URL, PIONEER_PID
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Client } from "./client.mjs";
import { drawCircumstances, drawRequests, makeDice } from "./requests.mjs";
import { ServiceState } from "./service_state.mjs";

const text = (value) => ({ type: "string", default: value });
const { values } = parseArgs({
  options: {
    write: { type: "string" }, read: { type: "string" }, distinct: text("300"), seed: text("1"), requests: text("50000"), clients: text("24"),
  },
});
const client = new Client(process.env.PIONEER_URL);
const state = new ServiceState(client, process.env.PIONEER_PID);

// ---- alone

async function servedModels() {
  const { data } = JSON.parse(await client.get("/v1/models"));
  const models = [];
  for (const { id } of data) {
    const body = { model: id, messages: [{ role: "user", content: "Hello" }], max_tokens: 1 };
    const { status } = await client.ask("/v1/chat/completions", body);
    // The length is known once the model is loaded. Smaller models are asked more often.
    const shown = JSON.parse(await client.get(`/v1/models/${id}`));
    models.push({ id, context: shown.context_length, share: 1 / Math.sqrt(shown.n_parameters), chat: status === 200 });
  }
  return models;
}

async function writeAnswers(file) {
  const models = await servedModels();
  const asked = [];
  for (const request of drawRequests(models, Number(values.distinct), Number(values.seed))) {
    const { status, answer } = await client.ask(request.path, request.body);
    asked.push({ ...request, status, answer });
  }
  const refused = asked.filter(({ status }) => status !== 200).length;
  if (refused > 0.1 * asked.length) throw new Error(`${refused} of ${asked.length} requests are refused, such as ${JSON.stringify(asked.find(({ status }) => status !== 200))}`);
  writeFileSync(file, JSON.stringify(asked));
  console.log(`${asked.length} distinct requests to ${models.map(({ id }) => id).join(", ")}; ${refused} are refused, as they should be`);
}

// ---- together

class Load {
  constructor(asked, requests) {
    Object.assign(this, { asked, requests, dice: makeDice(Number(values.seed) + 1), begun: 0, done: 0, failures: [], neglected: [] });
    this.counts = { whole: 0, streamed: 0, left: 0, "never read": 0, "told to wait": 0 };
  }

  // One of `--clients` that ask, one request after the other.
  async runClient() {
    while (this.begun < this.requests && this.failures.length < 5) {
      this.begun += 1;
      const request = this.dice.of(this.asked);
      const circumstances = drawCircumstances(this.dice, request);
      try {
        await this.#answer(request, circumstances);
      } catch (error) {
        this.#fail({ why: error.message, request, circumstances });
      }
      this.done += 1;
      this.#hangUp(this.done);
    }
  }

  async #answer(request, circumstances) {
    const body = { ...request.body, ...circumstances.fields };
    if (circumstances.kind === "never reads" && this.neglected.length < 4) {
      this.counts["never read"] += 1;
      this.neglected.push({ at: this.done + 200, hangUp: client.neglect(request.path, body) });
      return;
    }
    const leaves = circumstances.kind === "leaves";
    const { stream } = circumstances;
    // Who is content with what others leave may get nothing until the load ends.
    const seconds = body.service_tier === "flex" ? 3600 : 120;
    const how = { stream, seconds, ...(leaves ? (stream ? { pieces: circumstances.pieces } : { wait_ms: circumstances.wait_ms }) : {}) };
    for (;;) {
      const { status, answer, left } = await client.ask(request.path, body, how);
      if (status === 503 && answer.error?.code === "overloaded") {
        this.counts["told to wait"] += 1;
        await new Promise((resolve) => { setTimeout(resolve, 50); });
        continue;
      }
      this.counts[left ? "left" : stream ? "streamed" : "whole"] += 1;
      this.#compare(request, circumstances, status, answer, left);
      return;
    }
  }

  #compare(request, circumstances, status, answer, left) {
    const [expected, found] = [request, { status, answer }].map((one) => JSON.stringify({ status: one.status, answer: one.answer }));
    const right = left ? answer.error === null && answer.begins(request.answer) : found === expected;
    if (!right) this.#fail({ why: "not the answer that was given alone", request, circumstances, expected, found });
  }

  #fail(failure) {
    this.failures.push(failure);
    tellFailure(failure);
  }

  #hangUp(done) {
    const over = this.neglected.filter(({ at }) => at <= done);
    this.neglected = this.neglected.filter(({ at }) => at > done);
    for (const { hangUp } of over) hangUp();
  }

  async run(clients, onProgress) {
    const timers = [setInterval(() => state.sample(this.done), 250), setInterval(() => onProgress(this), 10_000)];
    await Promise.all(Array.from({ length: clients }, () => this.runClient()));
    timers.forEach(clearInterval);
    this.#hangUp(Infinity);
  }
}

// The two texts around the first place where they differ.
function difference(expected, found) {
  let at = 0;
  while (at < expected.length && expected[at] === found[at]) ++at;
  const from = Math.max(0, at - 60);
  return `  alone:    ...${expected.slice(from, at + 100)}\n  together: ...${found.slice(from, at + 100)}`;
}

function tellFailure({ why, request, circumstances, expected, found }) {
  const { stream, fields, kind } = circumstances;
  console.log(`\n${why}; the client ${kind === "whole" ? "waits" : kind}${stream ? ", streamed" : ""}\n  POST ${request.path} ${JSON.stringify({ ...request.body, ...fields })}`);
  if (expected) console.log(difference(expected, found));
}

// What of the service's memory counts as growth: less than this is how allocators breathe.
const allowedGrowth = ({ early }) => Math.max(4, 0.04 * early);
// Fewer requests than this are all warm-up.
const requestsToJudgeMemory = 10_000;

async function load(file) {
  const asked = JSON.parse(readFileSync(file, "utf8"));
  const [requests, clients] = [Number(values.requests), Number(values.clients)];
  await servedModels(); // all are loaded before anything is counted
  client.close();
  await state.settles(Infinity);
  const [files, threads, begin] = [state.files(), state.threads(), performance.now()];
  const run = new Load(asked, requests);
  const seconds = () => ((performance.now() - begin) / 1000).toFixed(0);
  await run.run(clients, ({ done, failures }) =>
    console.error(`${done} of ${requests} requests, ${seconds()} s, ${failures.length} wrong, ${state.samples.at(-1).resident.toFixed(0)} MiB`));
  const took = seconds();

  const problems = await state.settles(files);
  // Each request that is open at once may take a thread, which is kept: clients, those whose client
  // has just left, and those that nobody reads.
  const most = threads + 2 * clients + 4;
  if (state.threads() > most) problems.push(`${state.threads()} threads; ${threads} at the beginning, and ${clients} clients explain ${most} at most`);
  const memory = state.growth(requests);
  const judged = requests >= requestsToJudgeMemory;
  if (judged && memory.late - memory.early > allowedGrowth(memory)) problems.push(`memory grew by ${(memory.late - memory.early).toFixed(1)} MiB; ${allowedGrowth(memory).toFixed(1)} may be`);

  problems.forEach((problem) => console.log(`\nat the end: ${problem}`));
  const metrics = await state.metrics();
  const total = (name) => metrics[`pioneer_${name}_total`] ?? 0;
  client.close();
  console.log(`\n${run.done} requests of ${asked.length} kinds from ${clients} clients in ${took} s: ${Object.entries(run.counts).map(([name, n]) => `${n} ${name}`).join(", ")}`);
  console.log(`${total("generated_tokens")} tokens, ${total("accepted_tokens")} of them guessed; ${total("prompt_tokens_cached")} of ${total("prompt_tokens")} tokens of prompts known before, ` +
    `${total("preemptions")} preemptions, ${total("cancelled")} answers dropped`);
  if (memory) console.log(`memory without files ${memory.early.toFixed(1)} MiB in the second quarter, ${memory.late.toFixed(1)} in the last${judged ? "" : " (too few requests to judge it)"}; resident ${memory.resident.toFixed(1)} MiB`);
  console.log(`${run.failures.length} wrong; at the end ${state.files()} files open and ${state.threads()} threads, ${files} and ${threads} at the beginning`);
  return run.failures.length === 0 && problems.length === 0 && run.done === requests;
}

try {
  const good = values.write ? (await writeAnswers(values.write), true) : await load(values.read);
  process.exitCode = good ? 0 : 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  client.close();
}
