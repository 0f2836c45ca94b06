// The mock's search and library (docs/web-api.md, "Search"), in memory: sources that are read in a few
// seconds, and answers that stream as the service's do.
import { randomUUID } from 'node:crypto';
import { answers, documents, folders, textOf } from './mock-documents.mjs';

const kPause_ms = 60;
const kMostPassages = 6;
const kFailures = [
  { uri: 'file:///srv/handbook/old/budget%202019.xlsx', code: 'unsupported', message: 'The file is protected by a password.' },
  { uri: 'file:///srv/handbook/scan.pdf', code: null, message: 'The PDF has no text: its pages are pictures.' },
  { uri: 'file:///srv/handbook/notes.docx', code: 'corrupt_file', message: 'The file ends in the middle of an entry (at byte 40,960).' },
];

const kProblems = [
  { uri: 'https://slow.example/leave', code: 'timeout', message: 'was not there in time' },
  { uri: 'https://gone.example/', code: 'not_found', message: 'https://gone.example/ answers 404 (Not Found)' },
];

const pause = (time_ms) => new Promise((resolve) => setTimeout(resolve, time_ms));

function pairs(text) {
  const letters = text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, ' ');
  return new Set([...letters].slice(1).map((letter, at) => letters[at] + letter).filter((pair) => !pair.includes(' ')));
}

const all = documents.flatMap((document) =>
  document.sections.map((section, at) => ({ document, section: at, ...section, key: `${document.id}/${at}`, pairs: pairs(section.text) })),
);

function nearest(question, allowed) {
  const wanted = pairs(question);
  const score = (passage) => [...wanted].filter((pair) => passage.pairs.has(pair)).length / Math.max(1, wanted.size);
  return allowed.map((passage) => ({ passage, score: score(passage) })).filter(({ score: s }) => s > 0.1).sort((a, b) => b.score - a.score);
}

function passageFor({ document, headings, text, page = null, section }, n, score) {
  const { id, source_id, uri, title, language, dated_at } = document;
  return {
    n, id: id * 100 + section, document_id: id, source_id, uri, link: page ? `${uri}#page=${page}` : uri, title, headings, text, page, language, dated_at, score,
    reasons: [
      { stage: 'lexical', score: 12.4 * score, rank: n, detail: `${headings.at(-1)}: x3` },
      { stage: 'dense', score: 0.4 + 0.5 * score, rank: Math.max(1, n - 1), detail: '' },
      { stage: 'rerank', score, rank: n, detail: '' },
    ],
  };
}

function answerFor(question, settings, earlier) {
  const { languages = [], sources = [], from, until, unsupported = 'drop', web = false } = settings;
  const allowed = all.filter(({ document }) =>
    (!languages.length || languages.includes(document.language)) && (!sources.length || sources.includes(document.source_id)) &&
    (from === undefined || document.dated_at >= from) && (until === undefined || document.dated_at <= until));
  const known = answers.find(({ match }) => match.test(question));
  const cited = (known?.sentences ?? []).flatMap(({ cites }) => cites);
  const has = ({ document, section }) => allowed.some(({ key }) => key === `${document}/${section}`);
  const found = cited.length > 0 && cited.every(has);
  const keys = found ? [...new Set(cited.map(({ document, section }) => `${document}/${section}`))] : [];
  const near = nearest(question, allowed).map(({ passage }) => passage.key).filter((key) => !keys.includes(key));
  const chosen = [...keys, ...near].slice(0, found ? kMostPassages : 3);
  const passages = chosen.map((key, at) => passageFor(all.find((one) => one.key === key), at + 1, 0.93 - at * 0.11));
  const kept = found ? known.sentences.filter(({ support }) => support !== 'unsupported' || unsupported === 'mark') : [];
  const sentences = kept.map(({ text, support, other_language = false, cites }) => ({
    text,
    support,
    other_language,
    score: { supported: 0.94, partly: 0.55, unsupported: 0.08 }[support],
    citations: cites.map(({ document, section, quote }) => {
      const n = chosen.indexOf(`${document}/${section}`) + 1;
      const passage = passages[n - 1];
      const begin = passage.text.indexOf(quote);
      if (begin < 0) throw new Error(`the mock quotes what is not there: ${quote}`);
      const fragment = passage.page ? `#page=${passage.page}` : `#:~:text=${encodeURIComponent(quote.slice(0, 60))}`;
      return { n, quote, begin, end: begin + quote.length, link: passage.uri + fragment };
    }),
  }));
  return {
    standalone: earlier ? (known?.standalone ?? question) : question,
    queries: known?.queries ?? [question],
    filter: { sources, languages, from: from ?? null, until: until ?? null },
    passages,
    problems: web ? kProblems : [],
    sentences,
    found,
    method: /extract|원문|抜粋/.test(question) ? 'extract' : 'model',
    dropped: found ? known.sentences.length - kept.length : 0,
    follow_ups: found ? known.follow_ups : [],
    retrieval_seconds: 0.041,
    answer_seconds: 2.31,
  };
}

/** Streams an answer; `answer` is the message, which ends as the service would store it. */
export async function streamSearch({ chat, question, answer, response, send }) {
  const result = answerFor(question.content, chat.settings.search, question.parent_id !== null);
  const wait = () => pause(/slow|천천히|ゆっくり/.test(question.content) ? 500 : kPause_ms);
  const kept = { ...result, passages: [], sentences: [], found: false };
  const say = async (event, data, keep) => {
    await wait();
    if (response.destroyed) return;
    keep();
    send(event, data);
  };
  const { standalone, queries, filter, passages, problems, sentences } = result;
  if (chat.settings.search.web) {
    for (const done of [0, 2, 4]) await say('reading', { done, total: 4 }, () => {});
  }
  await say('queries', { standalone, queries, filter }, () => {});
  await say('passages', { passages, problems }, () => Object.assign(kept, { passages, problems }));
  if (question.content.includes('/fail')) {
    answer.status = 'error';
    answer.error = 'The index could not be read: disk I/O error.';
    return send('error', { message: answer, error: { message: answer.error, code: 'io' } });
  }
  for (const sentence of sentences) {
    await say('sentence', sentence, () => (kept.sentences = [...kept.sentences, sentence]));
    await wait();
  }
  const stopped = response.destroyed;
  answer.search = stopped ? { ...kept, found: kept.sentences.length > 0, follow_ups: [] } : result;
  answer.content = answer.search.sentences
    .map(({ text, citations }) => text + [...new Set(citations.map(({ n }) => ` [${n}]`))].join(''))
    .join('');
  answer.status = stopped ? 'stopped' : 'done';
  send('done', { message: answer });
}

const source = (id, kind, name, location, part = {}) => ({
  id, name, kind, location, include: [], exclude: [], max_documents: 100_000, max_depth: 16, sync_every_seconds: 0,
  created_at: Date.now() - 86_400_000, synced_at: Date.now() - 7_200_000, documents: 0, passages: 0, text_bytes: 0, failures: 0, job: null, ...part,
});

const finished = (n) => ({
  state: 'done', items_done: n, items_total: n, added: n, changed: 0, unchanged: 0, removed: 0, failed: 0, bytes_read: n * 18_000,
  created_at: Date.now() - 7_260_000, started_at: Date.now() - 7_250_000, ended_at: Date.now() - 7_200_000, error: null,
});

export class MockLibrary {
  constructor({ filled, provider, vectors, Failure }) {
    this.Failure = Failure;
    this.provider = provider;
    this.vectors = vectors;
    this.sources = filled
      ? [
          source('handbook', 'files', 'Staff handbook', '/srv/handbook', { documents: 412, passages: 6_120, text_bytes: 3_800_000, failures: 3, job: { ...finished(415), failed: 3, added: 12, changed: 4, unchanged: 396 } }),
          source('city', 'site', '하늘시 행정 안내', 'https://www.haneul.example/', { documents: 1_284, passages: 15_730, text_bytes: 9_100_000, sync_every_seconds: 86_400, job: { ...finished(1_284), added: 0, unchanged: 1_284 } }),
          source('library-ja', 'feed', 'あおぞら図書館だより', 'https://www.aozora-library.example/feed.xml', { documents: 96, passages: 770, text_bytes: 420_000, sync_every_seconds: 21_600, synced_at: Date.now() - 900_000 }),
        ]
      : [];
    this.watchers = new Set();
    this.timers = new Set();
  }

  seenBy(administrator) {
    const hidden = administrator ? {} : { location: null, include: null, exclude: null };
    const sum = (name) => this.sources.reduce((total, one) => total + one[name], 0);
    return {
      sources: this.sources.map((one) => ({ ...one, ...hidden })),
      documents: sum('documents'), passages: sum('passages'), text_bytes: sum('text_bytes'),
      stored_bytes: Math.round(sum('text_bytes') * 2.3), provider: this.provider, vectors: this.vectors,
    };
  }

  changed() {
    for (const tell of this.watchers) tell();
  }

  live(administrator, response) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
    const tell = () => response.write(`event: library\ndata: ${JSON.stringify(this.seenBy(administrator))}\n\n`);
    this.watchers.add(tell);
    response.on('close', () => this.watchers.delete(tell));
    tell();
  }

  close() {
    for (const timer of this.timers) clearInterval(timer);
  }

  source(id) {
    const found = this.sources.find((one) => one.id === id);
    if (!found) throw new this.Failure(404, 'There is no such source.', 'not_found');
    return found;
  }

  add({ kind, location, name, ...rest }) {
    if (kind === 'files' && !(location in folders)) throw new this.Failure(404, `There is no file or folder ${location}.`, 'not_found');
    if (kind !== 'files' && !/^https?:\/\//.test(location)) throw new this.Failure(400, `${location} is no http or https address.`, 'invalid_value');
    if (this.sources.some((one) => one.location === location)) throw new this.Failure(400, `${location} is in the library already.`, 'exists');
    const fallback = location.split('/').filter(Boolean).at(-1) ?? location;
    const added = source(randomUUID(), kind, name || fallback, location, { ...rest, synced_at: null, created_at: Date.now() });
    this.sources.push(added);
    return this.sync(added.id);
  }

  sync(id) {
    const one = this.source(id);
    if (one.job?.state === 'running') return one;
    const now = Date.now();
    one.job = { ...finished(0), state: 'running', items_total: 24, started_at: now, created_at: now, ended_at: null };
    one.failures = 0;
    const timer = setInterval(() => {
      const { job } = one;
      if (job.state === 'running' && job.items_done < job.items_total) {
        job.items_done += 1;
        job.items_total = Math.max(job.items_total, Math.min(40, job.items_done + 12));
        job.bytes_read += 210_000;
        job.added += 1;
        one.documents += 1;
        one.passages += 14;
        one.text_bytes += 9_000;
        if (job.items_done % 15 === 0) one.failures = job.failed += 1;
      } else {
        if (job.state === 'running') job.state = 'done';
        one.synced_at = job.ended_at = Date.now();
        clearInterval(timer);
        this.timers.delete(timer);
      }
      this.changed();
    }, 100);
    this.timers.add(timer);
    this.changed();
    return one;
  }

  stop(id) {
    const one = this.source(id);
    if (one.job?.state === 'running') one.job.state = 'stopped';
    this.changed();
    return one;
  }

  remove(id) {
    this.stop(this.source(id).id);
    this.sources = this.sources.filter((one) => one.id !== id);
    this.changed();
    return null;
  }

  folders(path) {
    const at = path ?? '/home/ada';
    const found = folders[at];
    if (!found) throw new this.Failure(404, `There is no folder ${at}.`, 'not_found');
    const parent = at === '/' ? null : at.slice(0, at.lastIndexOf('/')) || '/';
    return { path: at, parent, folders: found.map((name) => ({ name, path: `${at === '/' ? '' : at}/${name}` })), files: found.length ? 2 : 37 };
  }

  document(id) {
    const found = documents.find((one) => String(one.id) === id);
    if (!found) throw new this.Failure(404, 'There is no such document.', 'not_found');
    const { uri, title, media_type } = found;
    return { id: found.id, uri, title, text: textOf(found), media_type };
  }

  /** Answers /api/search/...; undefined: there is no such address. */
  answer({ method, parts, query, body, administrator, response }) {
    const [place, id, action] = parts;
    const route = `${method} ${[place, id && '*', action].filter(Boolean).join('/')}`;
    if (route === 'GET library') return this.seenBy(administrator);
    if (route === 'GET library/*' && id === 'live') return void this.live(administrator, response);
    if (route === 'GET documents/*') return this.document(id);
    if (route === 'GET documents/*/original') {
      response.setHeader('Content-Type', 'text/plain; charset=utf-8');
      return void response.end(this.document(id).text);
    }
    if (!administrator) throw new this.Failure(403, 'Only an administrator may do that.', 'administrator_only');
    switch (route) {
      case 'GET folders':
        return this.folders(query.get('path'));
      case 'POST sources':
        response.statusCode = 201;
        return this.add(body);
      case 'POST sources/*/sync':
        response.statusCode = 202;
        return this.sync(id);
      case 'POST sources/*/stop':
        response.statusCode = 202;
        return this.stop(id);
      case 'DELETE sources/*':
        return this.remove(id);
      case 'GET sources/*/failures':
        return { failures: kFailures.slice(0, this.source(id).failures).map((failure) => ({ ...failure, at: Date.now() })) };
      default:
        throw new this.Failure(404, 'There is no such address.', 'not_found');
    }
  }
}
