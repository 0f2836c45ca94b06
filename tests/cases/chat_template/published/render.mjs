// Why: the published chat templates are held to what npm @huggingface/jinja renders. This writes
// that package's renderings of every conversation in conversations.json, as hashes, because the
// templates are not ours to ship: src/text/chat_template_test.cc compares with renderings.txt.
//
//   npm install @huggingface/jinja@0.5.11        (in any folder; run this from there)
//   node PIONEER/tests/cases/chat_template/published/render.mjs TEMPLATES > renderings.txt
//   node .../render.mjs TEMPLATES NAME.jinja CONVERSATION[+]         prints one rendering
//
// One line a template, one column a conversation: FNV-1a (64 bits) of the rendering without the
// generation prompt, then with it; "!" where the template refuses (raise_exception), "-" where the
// package fails otherwise.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const require = createRequire(join(process.cwd(), "anything.js"));
const { Template } = await import(pathToFileURL(require.resolve("@huggingface/jinja")));

// Templates print today's date: let it be always the same.
const kNow = Date.UTC(2026, 2, 4, 12, 0, 0);
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length ? given : [kNow]));
  }
};

const here = dirname(fileURLToPath(import.meta.url));
const cases = JSON.parse(readFileSync(join(here, "conversations.json"), "utf8"));

function fnv1a(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

class Refusal extends Error {}

function render(template, conversation, addGenerationPrompt) {
  return template.render({
    messages: structuredClone(conversation.messages),
    tools: conversation.tools ? structuredClone(cases.tools) : null,
    documents: null,
    add_generation_prompt: addGenerationPrompt,
    bos_token: "<s>",
    eos_token: "</s>",
    raise_refusal: (message) => {
      throw new Refusal(message);
    },
    ...conversation.extra,
  });
}

function hashOrThrow(template, conversation, addGenerationPrompt) {
  try {
    return fnv1a(render(template, conversation, addGenerationPrompt));
  } catch (error) {
    return error instanceof Refusal ? "!" : "-";
  }
}

const [folder, file, wanted] = process.argv.slice(2);
const read = (name) =>
  new Template(
    readFileSync(join(folder, name), "utf8").replaceAll("raise_exception", "raise_refusal"),
  );
if (wanted) {
  const name = wanted.replace(/\+$/, "");
  process.stdout.write(render(read(file), cases.conversations[name], wanted !== name));
} else {
  const names = Object.keys(cases.conversations);
  console.log(["template", ...names].join(" "));
  for (const one of readdirSync(folder).filter((name) => name.endsWith(".jinja")).sort()) {
    let template;
    try {
      template = read(one);
    } catch (error) {
      console.error(`${one}: ${error.message}`);
      continue;
    }
    const cells = names.map((name) =>
      [false, true].map((on) => hashOrThrow(template, cases.conversations[name], on)).join("/"),
    );
    console.log([one, ...cells].join(" "));
  }
}
