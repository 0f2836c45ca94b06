// Why: many people at once. Each client repeats a conversation of its own; every answer must be
// exactly the one that the same client got when it was alone, and memory must stay flat.
//   node tests/soak.mjs --clients 32 --seconds 120     (PIONEER_URL, PIONEER_PID: the service)
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { clients: { type: "string", default: "32" }, seconds: { type: "string", default: "120" } },
});
const url = process.env.PIONEER_URL;
const clients = Number(values.clients);
const seconds = Number(values.seconds);
const turns = 3;

const questions = ["Hello", "안녕하세요", "Tell me a story.", "오늘 힘들었어", "Who are you?", "영화 좋아해?"];

async function ask(messages, seed) {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages, seed, temperature: 0.8, max_tokens: 40, stream: true }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  let text = "";
  let done = false;
  let buffered = "";
  const decoder = new TextDecoder();
  for await (const bytes of response.body) {
    buffered += decoder.decode(bytes, { stream: true });
    const lines = buffered.split("\n");
    buffered = lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data: ")) continue;
      if (line === "data: [DONE]") { done = true; continue; }
      const chunk = JSON.parse(line.slice(6));
      if (chunk.error) throw new Error(chunk.error.message);
      text += chunk.choices[0]?.delta?.content ?? "";
    }
  }
  if (!done) throw new Error("the stream ended without [DONE]");
  return text;
}

// One conversation of client `i`, from its first question; returns all answers.
async function converse(i) {
  const messages = [];
  const answers = [];
  for (let turn = 0; turn < turns; ++turn) {
    messages.push({ role: "user", content: `${questions[(i + turn) % questions.length]} (${i})` });
    const answer = await ask(messages, 1000 + i);
    messages.push({ role: "assistant", content: answer });
    answers.push(answer);
  }
  return answers;
}

function residentMiB() {
  const status = readFileSync(`/proc/${process.env.PIONEER_PID}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

const alone = [];
for (let i = 0; i < clients; ++i) alone.push(await converse(i));
const distinct = new Set(alone.map((answers) => answers.join("\n"))).size;

const end = Date.now() + seconds * 1000;
const memory = [];
const sampler = setInterval(() => memory.push(residentMiB()), 1000);
let conversations = 0;
const errors = [];
const crossed = [];
await Promise.all(
  alone.map(async (expected, i) => {
    while (Date.now() < end && errors.length < 10) {
      try {
        const answers = await converse(i);
        conversations += 1;
        if (JSON.stringify(answers) !== JSON.stringify(expected)) crossed.push({ i, expected, answers });
      } catch (error) {
        errors.push(`client ${i}: ${error.message}`);
      }
    }
  }),
);
clearInterval(sampler);

const quarter = Math.max(1, Math.floor(memory.length / 4));
const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;
const early = mean(memory.slice(quarter, 2 * quarter));
const late = mean(memory.slice(-quarter));
const growth = late - early;
console.log(
  `${clients} clients, ${seconds} s: ${conversations} conversations of ${turns} turns, ${distinct} distinct; ` +
    `${errors.length} errors, ${crossed.length} answers that differ from those given alone; ` +
    `memory ${early.toFixed(1)} MiB in the second quarter, ${late.toFixed(1)} MiB in the last`,
);
for (const line of errors.slice(0, 5)) console.log(line);
for (const row of crossed.slice(0, 3)) console.log(JSON.stringify(row));
const flat = growth < Math.max(8, 0.05 * early);
if (!flat) console.log(`memory grew by ${growth.toFixed(1)} MiB`);
process.exit(errors.length === 0 && crossed.length === 0 && flat && conversations >= clients ? 0 : 1);
