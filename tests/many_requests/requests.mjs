// Why: requests as unlike each other as users send them. Drawn from a seed, so that two runs ask the
// same; each has one right answer: whatever is drawn at random has a seed of its own.
import { makeRandom, sum } from "../../bench/statistics.mjs";

const words = ("time year day man thing woman life child world school little girl boy named Lily dog cat ran away happy sad big " +
  "tree house garden friend said went park ball red blue sun rain 오늘 영화 좋아 하루 친구 música naïve 🙂 quickly because").split(" ");

// Choices that the parts below are made of; all from one generator.
class Dice {
  constructor(seed) { this.random = makeRandom(seed); }
  below(n) { return Math.floor(this.random() * n); }
  of(list) { return list[this.below(list.length)]; }
  index(shares) {
    let left = this.random() * sum(shares);
    return Math.max(0, shares.findIndex((share) => (left -= share) < 0));
  }
  chance(share) { return this.random() < share; }
  text(count) { return Array.from({ length: count }, () => this.of(words)).join(" "); }
  ids(count) { return Array.from({ length: count }, () => 10 + this.below(400)); }
  // Mostly short, some of up to 200 tokens.
  length() { return 1 + Math.floor(199 * this.random() ** 3); }
}

// What an answer may be bound to; the numbers in them make many grammars of few kinds.
const forms = [
  (dice) => ({ response_format: { type: "json_schema", json_schema: { name: "person", schema: {
    type: "object", additionalProperties: false, required: ["name", "age"],
    properties: { name: { type: "string", maxLength: 4 + dice.below(8) }, age: { type: "integer", minimum: 0, maximum: 10 + dice.below(100) },
      likes: { type: "array", maxItems: 1 + dice.below(3), items: { enum: ["cats", "dogs", "rain"] } } } } } } }),
  () => ({ response_format: { type: "json_object" } }),
  (dice) => ({ response_format: { type: "regex", pattern: `[A-Z][a-z]{2,${3 + dice.below(9)}}( [a-z가-힣]{1,8}){0,4}[.!]` } }),
  (dice) => ({ grammar: `root ::= "(" item ("," item){0,${1 + dice.below(9)}} ")"\nitem ::= [0-9]+ | "\\"" [a-z]* "\\""` }),
  (dice) => ({ guided_choice: ["yes", "no", `maybe ${dice.below(20)}`] }),
  (dice) => ({ response_format: { type: "lark", grammar: `start: WORD (" " WORD)~1..${2 + dice.below(5)} "."\nWORD: /[a-z]+/` } }),
];

const tool = { type: "function", function: { name: "look_up", parameters: {
  type: "object", properties: { word: { type: "string", maxLength: 12 }, times: { type: "integer", minimum: 1, maximum: 9 } }, required: ["word"] } } };

function sampling(dice) {
  if (dice.chance(0.3)) return { temperature: 0 };
  return {
    temperature: 0.2 + dice.random(), seed: dice.below(1e6),
    ...(dice.chance(0.3) ? { top_p: 0.5 + dice.random() / 2 } : {}), ...(dice.chance(0.2) ? { top_k: 1 + dice.below(50) } : {}),
    ...(dice.chance(0.2) ? { min_p: dice.random() / 5 } : {}), ...(dice.chance(0.2) ? { frequency_penalty: dice.random() } : {}),
    ...(dice.chance(0.1) ? { repetition_penalty: 1 + dice.random() / 2 } : {}), ...(dice.chance(0.05) ? { dry_multiplier: 0.8 } : {}),
  };
}

// Fields that both endpoints have.
function common(dice, model) {
  return {
    model: model.id, max_tokens: dice.length(), ...sampling(dice),
    ...(dice.chance(0.15) ? { n: 2 + dice.below(3) } : {}), ...(dice.chance(0.15) ? { stop: [dice.of(["a", ".", " the", "\n", "다"]), "THE END"] } : {}),
    ...(dice.chance(0.1) ? { ignore_eos: true } : {}), ...(dice.chance(0.1) ? { logit_bias: { [10 + dice.below(300)]: -100 + dice.below(110) } } : {}),
    ...(dice.chance(0.2) ? dice.of(forms)(dice) : {}),
  };
}

// A text of its own behind one of the beginnings that many share.
const withBeginning = (dice, beginnings) => `${dice.chance(0.6) ? `${dice.of(beginnings.texts)} ` : ""}${dice.text(1 + dice.below(20))}`;

function completion(dice, model, beginnings) {
  const body = { ...common(dice, model), prompt: withBeginning(dice, beginnings) };
  if (dice.chance(0.1)) body.prompt = [...dice.of(beginnings.ids), ...dice.ids(1 + dice.below(20))];
  else if (dice.chance(0.1)) body.prompt = [body.prompt, withBeginning(dice, beginnings)];
  if (dice.chance(0.2)) body.logprobs = dice.below(6);
  if (dice.chance(0.05)) body.echo = true;
  if (dice.chance(0.05) && body.temperature > 0) body.best_of = (body.n ?? 1) + 1;
  return { path: "/v1/completions", body };
}

function chat(dice, model, beginnings) {
  const messages = dice.chance(0.5) ? [{ role: "system", content: dice.of(beginnings.texts) }] : [];
  for (let turns = dice.below(3); turns > 0; --turns) {
    messages.push({ role: "user", content: dice.text(1 + dice.below(10)) }, { role: "assistant", content: dice.text(1 + dice.below(10)) });
  }
  messages.push({ role: "user", content: dice.text(1 + dice.below(15)) });
  const body = { ...common(dice, model), messages };
  if (dice.chance(0.2)) Object.assign(body, { logprobs: true, top_logprobs: dice.below(6) });
  if (dice.chance(0.1) && !body.response_format && !body.grammar && !body.guided_choice) {
    Object.assign(body, { tools: [tool], tool_choice: dice.of(["required", "auto"]) });
  }
  return { path: "/v1/chat/completions", body };
}

const embedding = (dice, model) => ({ path: "/v1/embeddings", body: { model: model.id, input: [dice.text(1 + dice.below(30)), dice.text(3)] } });

// What is refused, and must be with the same words at any time.
function mistake(dice, model) {
  const body = dice.of([
    { prompt: dice.text(3), temperature: 9 }, { prompt: Array(model.context + 5).fill(10) }, { prompt: "x", grammar: "root ::= missing" },
    { prompt: "x", response_format: { type: "regex", pattern: "(" } }, { prompt: [] }, { prompt: "x", model: "nobody" },
  ]);
  return { path: "/v1/completions", body: { model: model.id, ...body } };
}

// `models`: {id, context, chat, share (of the requests, against the others')}. Returns `count` of {path, body}, none of them asking for a stream.
export function drawRequests(models, count, seed) {
  const dice = new Dice(seed);
  const beginnings = models.map(({ context }) => ({
    texts: [2, 8, 16, context / 32, context / 16, context / 16].map((n) => dice.text(Math.round(n))),
    ids: [10, context / 4, context / 2].map((n) => dice.ids(Math.round(n))),
  }));
  return Array.from({ length: count }, () => {
    const at = dice.index(models.map(({ share }) => share));
    const kind = dice.random();
    if (kind < 0.03) return embedding(dice, models[at]);
    if (kind < 0.06) return mistake(dice, models[at]);
    return (models[at].chat && dice.chance(0.6) ? chat : completion)(dice, models[at], beginnings[at]);
  });
}

// What changes from one time to the next without changing the answer: whether it is streamed, whose
// it is, how urgent, and what becomes of the client.
export function drawCircumstances(dice, { body, path }) {
  const generates = path !== "/v1/embeddings";
  const can_stream = generates && body.best_of === undefined;
  const fate = dice.random();
  const kind = fate < 0.88 ? "whole" : fate < 0.98 ? "leaves" : generates ? "never reads" : "whole";
  return {
    stream: can_stream && dice.chance(0.6), kind,
    pieces: dice.below(12), wait_ms: dice.below(40), // when it leaves
    fields: { ...(dice.chance(0.2) ? { cache_salt: dice.of(["red", "blue"]) } : {}), ...(dice.chance(0.15) ? { service_tier: "flex" } : {}) },
  };
}

export const makeDice = (seed) => new Dice(seed);
