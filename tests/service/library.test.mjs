// Why: reading a large folder takes long, and the process may be killed at any moment of it: the
// reading goes on where it was, and the index is the one that an undisturbed reading makes.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder, start, until } from "./service.mjs";

const kFiles = 4000;
const kKills = 6;
const kShelves = 15;
const kWords = {
  en: "tender budget harbour archive licence ferry permit survey bridge ledger council garden engine".split(" "),
  ko: "예산 대부료 기관 항구 허가 조사 도서관 계약 정원 회의 보고서 시설 직원".split(" "),
  ja: "予算 港 許可 調査 図書館 契約 庭園 会議 報告書 施設 職員 帳簿".split(" "),
};

// The same text for the same number; each file has a word that no other has.
function fileText(n) {
  let state = n * 2654435761 + 12345;
  const draw = (list) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return list[(state >>> 8) % list.length];
  };
  const words = kWords[["en", "ko", "ja"][n % 3]];
  const sentence = () => Array.from({ length: 9 }, () => draw(words)).join(" ") + ".";
  const section = (title) => `## ${title}\n\n${Array.from({ length: 30 }, sentence).join(" ")}\n\n`;
  return `# File ${n}\n\nIts mark is ${mark(n)}.\n\n${section(draw(words))}${section(draw(words))}`;
}

function mark(n) {
  const letters = "bcdfghklmnprstvz";
  return "q" + [8, 4, 0].map((shift) => letters[(n >> shift) & 15] + "o").join("") + "x";
}

function makeShelves() {
  const folder = join(makeFolder(), "shelves");
  for (let n = 0; n < kFiles; ++n) {
    const shelf = join(folder, `shelf-${n % kShelves}`);
    mkdirSync(shelf, { recursive: true });
    writeFileSync(join(shelf, `file-${n}.md`), fileText(n));
  }
  return folder;
}

async function library(service) {
  return (await service.ask("GET", "/api/search/library")).json;
}

async function add(service, folder) {
  const reply = await service.ask("POST", "/api/search/sources", { body: { kind: "files", location: folder } });
  assert.equal(reply.status, 201, reply.text);
  return reply.json.id;
}

const job = async (service) => (await library(service)).sources[0].job;

async function allRead(service) {
  await until("the folder is read", async () => (await job(service)).state === "done", 60);
  const { documents, passages, text_bytes } = await library(service);
  return { documents, passages, text_bytes };
}

// The file that has the mark, and nothing beside it that has it too.
async function findMark(service, n) {
  const body = { query: mark(n), passages_only: true };
  const { status, json, text } = await service.ask("POST", "/v1/search", { body });
  assert.equal(status, 200, text);
  return json.passages.filter((passage) => passage.text.includes(mark(n))).map((passage) => passage.uri);
}

test("kill -9 while a folder is read", async (t) => {
  const folder = makeShelves();
  const whole = await start();
  t.after(() => whole.kill());
  await add(whole, folder);
  const expected = await allRead(whole);
  assert.equal(expected.documents, kFiles);

  let service = await start();
  t.after(() => service.kill());
  const id = await add(service, folder);
  let kills = 0;
  for (let seen = 0; kills < kKills; ++kills) {
    // Each time a little further than before.
    const before = seen;
    const state = await until("some files are read", async () => {
      const now = await job(service);
      return (now.state !== "waiting" && now.items_done > before) || now.state === "done" ? now : null;
    });
    if (state.state === "done") break;
    seen = state.items_done;
    await service.kill();
    service = await start({ home: service.home });
    const again = (await library(service)).sources;
    assert.deepEqual(again.map((source) => source.id), [id], "an acknowledged source is there");
  }
  assert.ok(kills >= 2, `only ${kills} kills before it was done`);
  assert.deepEqual(await allRead(service), expected);
  for (let n = 0; n < kFiles; n += 331) {
    const found = await findMark(service, n);
    assert.equal(found.length, 1, `${mark(n)}: ${found}`);
    assert.match(found[0], new RegExp(`/file-${n}\\.md$`));
  }

  // Removed is removed, whatever happens then.
  assert.equal((await service.ask("DELETE", `/api/search/sources/${id}`, { body: {} })).status, 204);
  await service.kill();
  service = await start({ home: service.home });
  assert.deepEqual((await library(service)).sources, []);
  assert.deepEqual(await findMark(service, 331), []);
});
