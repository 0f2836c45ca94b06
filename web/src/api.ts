// The typed client of the service's page API (docs/web-api.md). Every failure becomes an ApiError:
// status 0 means that the service could not be reached at all.
import type { Passage, Problem, SearchFilter, SearchResult, SearchSettings, Sentence } from './search/api';
import { readEvents } from './sse';

export interface Settings {
  temperature?: number;
  top_p?: number;
  max_tokens?: number;
  system?: string;
  /** Where the model lets itself be asked. */
  thinking?: boolean;
  /** Present: the chat answers by searching the library. */
  search?: SearchSettings;
}

/** Whether a model thinks before it answers: "on" and "off" are its ways until it is asked otherwise. */
export type Thinking = 'never' | 'always' | 'on' | 'off';

export interface Model {
  id: string;
  description: string;
  context_length: number;
  state: 'unloaded' | 'loading' | 'loaded' | 'failed';
  /** Known once the model has been loaded; "never" until then. */
  thinking: Thinking;
}

export interface ServiceState {
  version: string;
  models: Model[];
  defaults: Settings;
  /** There is something that questions can be answered from. */
  search: boolean;
  auth_required: boolean;
  /** May use the lab and change the library. */
  administrator: boolean;
}

export interface ChatSummary {
  id: string;
  title: string | null;
  created_at: number;
  updated_at: number;
  /** Answers by searching. */
  search?: boolean;
}

export interface Chat extends ChatSummary {
  model: string | null;
  settings: Settings | null;
  leaf_id: string | null;
}

export type MessageStatus = 'done' | 'stopped' | 'error' | 'streaming';

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

export interface ToolCall {
  id: string;
  name: string;
  /** JSON, as far as it was written. */
  arguments: string;
}

export interface Message {
  id: string;
  parent_id: string | null;
  role: 'user' | 'assistant';
  content: string;
  reasoning: string | null;
  reasoning_ms: number | null;
  tool_calls: ToolCall[];
  status: MessageStatus;
  model: string | null;
  created_at: number;
  usage: Usage | null;
  error: string | null;
  /** How it was found, of an answer of a search. */
  search?: SearchResult | null;
}

export interface ChatWithMessages extends Chat {
  messages: Message[];
}

export interface ChatChange {
  title?: string;
  model?: string;
  settings?: Settings;
  leaf_id?: string;
}

export interface ErrorBody {
  message: string;
  code: string | null;
}

export type GenerateEvent =
  | { event: 'saved'; data: { user_message: Message | null; assistant_message: Message; title: string } }
  | { event: 'reasoning'; data: { text: string; ms: number } }
  | { event: 'delta'; data: { text: string } }
  | { event: 'tool_call'; data: { call: number; id: string; name: string; arguments: string; finished: boolean } }
  | { event: 'queries'; data: { standalone: string; queries: string[]; filter: SearchFilter } }
  | { event: 'reading'; data: { done: number; total: number } }
  | { event: 'passages'; data: { passages: Passage[]; problems: Problem[] } }
  | { event: 'sentence'; data: Sentence }
  | { event: 'done'; data: { message: Message } }
  | { event: 'error'; data: { message: Message; error: ErrorBody } };

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** The service is away or restarting; asking again later makes sense. */
  get unreachable(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 504;
  }
}

async function errorFrom(response: Response): Promise<ApiError> {
  try {
    const body = (await response.json()) as { error?: Partial<ErrorBody> };
    const message = body.error?.message ?? response.statusText;
    return new ApiError(response.status, message, body.error?.code ?? null);
  } catch {
    return new ApiError(response.status, response.statusText || `HTTP ${response.status}`);
  }
}

export async function request(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const options: RequestInit = { method, credentials: 'same-origin', cache: 'no-store' };
  if (method !== 'GET') {
    options.headers = { 'Content-Type': 'application/json' };
    options.body = JSON.stringify(body ?? {});
  }
  if (signal) options.signal = signal;
  let response: Response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw await errorFrom(response);
  return response;
}

export async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await request(method, path, body);
  return (await response.json()) as T;
}

export const post = <T>(path: string, body?: unknown) => json<T>('POST', path, body);

const chatPath = (id: string) => `/api/chats/${encodeURIComponent(id)}`;

export const api = {
  state: () => json<ServiceState>('GET', '/api/state'),

  login: (key: string) => request('POST', '/api/login', { key }),

  listChats(options: { q?: string; before?: number; limit?: number } = {}) {
    const query = new URLSearchParams();
    if (options.q) query.set('q', options.q);
    if (options.before !== undefined) query.set('before', String(options.before));
    query.set('limit', String(options.limit ?? 50));
    return json<{ chats: ChatSummary[]; more: boolean }>('GET', `/api/chats?${query}`);
  },

  createChat: (chat: { title?: string; model?: string; settings?: Settings }) =>
    json<Chat>('POST', '/api/chats', chat),

  chat: (id: string) => json<ChatWithMessages>('GET', chatPath(id)),

  changeChat: (id: string, change: ChatChange) => json<Chat>('PATCH', chatPath(id), change),

  deleteChat: (id: string) => request('DELETE', chatPath(id)),

  restoreChat: (id: string) => json<Chat>('POST', `${chatPath(id)}/restore`),

  exportUrl: (id: string) => `${chatPath(id)}/export`,

  deleteEverything: () => request('DELETE', '/api/visitor'),

  /** Yields the stream's events; aborting the signal closes the request, which stops the answer. */
  async *generate(
    id: string,
    question: { parent_id: string | null; content?: string },
    signal: AbortSignal,
  ): AsyncGenerator<GenerateEvent> {
    const response = await request('POST', `${chatPath(id)}/generate`, question, signal);
    if (!response.body) throw new ApiError(0, 'The answer has no body.');
    for await (const { event, data } of readEvents(response.body)) {
      yield { event, data: JSON.parse(data) } as GenerateEvent;
    }
  },
};
