// A small stand-in for the service: docs/web-api.md in memory, with invented answers that stream. It serves
// dist/ with the service's Content-Security-Policy. Only for developing and testing the page.
//
//   node e2e/mock-server.mjs [--port 8091] [--key KEY] [--visitor] [--empty]
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answerTo } from './mock-answers.mjs';
import { MockLibrary, streamSearch } from './mock-search.mjs';

const kDist = fileURLToPath(new URL('../dist', import.meta.url));
const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.txt': 'text/plain; charset=utf-8' };
const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const kModels = [
  { id: 'pioneer-tiny', description: 'Built-in small-talk model, 4M parameters', context_length: 1024, state: 'loaded', thinking: 'never' },
  { id: 'echo', description: 'Test model', context_length: 4096, state: 'loaded', thinking: 'never' },
  { id: 'thinker', description: 'Thinks before it answers', context_length: 8192, state: 'loaded', thinking: 'on' },
];
const kDefaults = { temperature: 0.7, top_p: 0.95, max_tokens: 512 };
const kMostTitle = 60;

class Failure extends Error {
  constructor(status, message, code = null) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function readJson(request) {
  let text = '';
  for await (const piece of request) text += piece;
  try {
    return text ? JSON.parse(text) : {};
  } catch {
    throw new Failure(400, 'The body is not JSON.', 'invalid_json');
  }
}

const summary = ({ id, title, settings, created_at, updated_at }) => ({ id, title, created_at, updated_at, search: settings.search !== undefined });

const withoutMessages = (chat) => ({
  ...summary(chat),
  model: chat.model,
  settings: chat.settings,
  leaf_id: chat.leaf_id,
});

class Mock {
  constructor({ key, administrator, filled, provider, vectors }) {
    this.key = key;
    this.administrator = administrator;
    this.library = new MockLibrary({ filled, provider, vectors, Failure });
    this.visitors = new Map();
    this.clock = Date.now();
  }

  now() {
    this.clock = Math.max(this.clock + 1, Date.now());
    return this.clock;
  }

  visitor(request, response) {
    const id = /(?:^|;\s*)pioneer_visitor=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    const known = this.visitors.get(id);
    if (known) return known;
    const fresh = { id: randomUUID(), chats: new Map(), allowed: !this.key };
    this.visitors.set(fresh.id, fresh);
    response.setHeader('Set-Cookie', `pioneer_visitor=${fresh.id}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`);
    return fresh;
  }

  chat(visitor, id) {
    const chat = visitor.chats.get(id);
    if (!chat || chat.deleted) throw new Failure(404, 'There is no such chat.', 'not_found');
    return chat;
  }

  state(visitor) {
    return { version: '0.1.0-mock', models: kModels, defaults: kDefaults, search: this.library.sources.length > 0 || this.library.provider !== null, auth_required: !visitor.allowed, administrator: this.administrator };
  }

  list(visitor, query) {
    const wanted = (query.get('q') ?? '').toLowerCase();
    const limit = Number(query.get('limit') ?? 50);
    const before = query.has('before') ? Number(query.get('before')) : Infinity;
    const matches = (chat) =>
      `${chat.title}\n${chat.messages.map((message) => message.content).join('\n')}`.toLowerCase().includes(wanted);
    const found = [...visitor.chats.values()]
      .filter((chat) => !chat.deleted && chat.updated_at < before && matches(chat))
      .sort((a, b) => b.updated_at - a.updated_at);
    return { chats: found.slice(0, limit).map(summary), more: found.length > limit };
  }

  create(visitor, { title = null, model = kModels[0].id, settings = {} }) {
    const now = this.now();
    const chat = { id: randomUUID(), title, model, settings, created_at: now, updated_at: now, leaf_id: null, messages: [] };
    visitor.chats.set(chat.id, chat);
    return withoutMessages(chat);
  }

  message(chat, parent_id, role, content, status) {
    const model = role === 'assistant' ? chat.model : null;
    const thoughts = { reasoning: null, reasoning_ms: null, tool_calls: [] };
    const message = { id: randomUUID(), parent_id, role, content, ...thoughts, status, model, created_at: this.now(), usage: null, error: null, search: null };
    chat.messages.push(message);
    return message;
  }

  async generate(chat, { parent_id = null, content }, request, response) {
    if (chat.busy) throw new Failure(409, 'This chat is already generating.', 'busy');
    if (parent_id !== null && !chat.messages.some((message) => message.id === parent_id)) {
      throw new Failure(404, 'There is no such message.', 'not_found');
    }
    if (content?.includes('/refuse')) throw new Failure(503, 'The queue is full; try again in a moment.', 'queue_full');
    chat.busy = true;
    const question = content === undefined ? null : this.message(chat, parent_id, 'user', content, 'done');
    const asked = question ?? chat.messages.find((message) => message.id === parent_id);
    const answer = this.message(chat, asked.id, 'assistant', '', 'streaming');
    chat.title ??= asked.content.slice(0, kMostTitle);
    chat.leaf_id = answer.id;
    chat.updated_at = this.now();
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
    const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    send('saved', { user_message: question, assistant_message: { ...answer }, title: chat.title });
    try {
      if (chat.settings?.search) await streamSearch({ chat, question: asked, answer, response, send });
      else await this.stream(answer, answerTo(asked.content, chat.settings?.thinking ?? true), response, send);
    } finally {
      chat.busy = false;
      chat.updated_at = this.now();
      response.end();
    }
  }

  async stream(answer, { thoughts, pieces, calls, pause_ms, fails }, response, send) {
    const started = Date.now();
    const say = async (all, take) => {
      for (const [at, text] of all.entries()) {
        if (response.destroyed) return;
        take(text, at === all.length - 1);
        await new Promise((resolve) => setTimeout(resolve, pause_ms));
      }
    };
    await say(thoughts, (text) => {
      answer.reasoning = (answer.reasoning ?? '') + text;
      answer.reasoning_ms = Date.now() - started;
      send('reasoning', { text, ms: answer.reasoning_ms });
    });
    await say(pieces, (text) => {
      answer.content += text;
      send('delta', { text });
    });
    for (const [call, { name, pieces: written }] of calls.entries()) {
      const made = { id: `call_${call}`, name, arguments: '' };
      if (!response.destroyed) answer.tool_calls.push(made);
      await say(written, (text, finished) => {
        made.arguments += text;
        send('tool_call', { call, id: made.id, name, arguments: text, finished });
      });
    }
    answer.usage = { prompt_tokens: 12, completion_tokens: thoughts.length + pieces.length };
    answer.status = response.destroyed ? 'stopped' : fails ? 'error' : 'done';
    if (!fails) return send('done', { message: answer });
    answer.error = 'The model ran out of memory.';
    send('error', { message: answer, error: { message: answer.error, code: 'out_of_memory' } });
  }

  export(chat, response) {
    const text = chat.messages.map(({ role, content }) => `**${role}**\n\n${content}\n`).join('\n');
    response.writeHead(200, {
      'Content-Type': 'text/markdown; charset=utf-8',
      'Content-Disposition': 'attachment; filename="chat.md"',
    });
    response.end(`# ${chat.title}\n\n${text}`);
  }

  async api(request, response, url) {
    const visitor = this.visitor(request, response);
    const [, , room, id, action] = url.pathname.split('/');
    const route = `${request.method} ${[room, id && '*', action].filter(Boolean).join('/')}`;
    if (request.method !== 'GET' && request.headers['content-type'] !== 'application/json') {
      throw new Failure(415, 'Send application/json.');
    }
    const body = request.method === 'GET' ? {} : await readJson(request);
    if (route === 'GET state') return this.state(visitor);
    if (route === 'POST login') {
      if (body.key !== this.key) throw new Failure(401, 'The key is wrong.', 'invalid_api_key');
      visitor.allowed = true;
      return null;
    }
    if (!visitor.allowed) throw new Failure(401, 'This service asks for an API key.', 'invalid_api_key');
    if (room === 'search') {
      const parts = url.pathname.split('/').slice(3);
      return this.library.answer({ method: request.method, parts, query: url.searchParams, body, administrator: this.administrator, response });
    }
    if (route === 'GET chats') return this.list(visitor, url.searchParams);
    if (route === 'POST chats') {
      response.statusCode = 201;
      return this.create(visitor, body);
    }
    if (route === 'DELETE visitor') {
      visitor.chats.clear();
      return null;
    }
    if (route === 'POST chats/*/restore') {
      const deleted = visitor.chats.get(id);
      if (deleted) deleted.deleted = false;
    }
    const chat = this.chat(visitor, id);
    switch (route) {
      case 'GET chats/*':
        return { ...withoutMessages(chat), messages: chat.messages };
      case 'PATCH chats/*':
        for (const name of ['title', 'model', 'settings', 'leaf_id']) if (name in body) chat[name] = body[name];
        return withoutMessages(chat);
      case 'DELETE chats/*':
        chat.deleted = true;
        return null;
      case 'POST chats/*/restore':
        return withoutMessages(chat);
      case 'GET chats/*/export':
        return this.export(chat, response);
      case 'POST chats/*/generate':
        return this.generate(chat, body, request, response);
      default:
        throw new Failure(404, 'There is no such address.', 'not_found');
    }
  }

  async file(response, path) {
    const name = path === '/' ? '/index.html' : path;
    const file = join(kDist, normalize(name));
    try {
      const bytes = await readFile(file);
      response.writeHead(200, {
        'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream',
        'Content-Security-Policy': kPolicy,
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
      });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }

  async handle(request, response) {
    const url = new URL(request.url, 'http://localhost');
    try {
      if (!url.pathname.startsWith('/api/')) return await this.file(response, url.pathname);
      const answer = await this.api(request, response, url);
      if (response.headersSent || answer === undefined) return;
      if (answer === null) response.writeHead(204).end();
      else response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      const { status = 500, message, code = null } = error;
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ error: { message, type: 'error', code, param: null } }));
    }
  }
}

/** Listens on loopback; resolves to { url, close }. */
export async function startMock({ port = 0, key = '', administrator = false, filled = true, provider = 'SearXNG', vectors = null } = {}) {
  const mock = new Mock({ key, administrator, filled, provider, vectors });
  const server = createServer((request, response) => void mock.handle(request, response));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    mock.library.close();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, port: server.address().port, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, fallback) => {
    const at = process.argv.indexOf(name);
    return at < 0 ? fallback : process.argv[at + 1];
  };
  const has = (name) => process.argv.includes(name);
  const { url } = await startMock({
    port: Number(option('--port', '8091')),
    key: option('--key', ''),
    administrator: !has('--visitor'),
    filled: !has('--empty'),
  });
  console.log(`The mock service listens on ${url}`);
}
