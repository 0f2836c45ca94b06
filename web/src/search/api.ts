// The search part of the page's API (docs/web-api.md).
import { json, post, request } from '../api';
import { readEvents } from '../sse';

export type SourceKind = 'files' | 'site' | 'feed' | 'page';
export type JobState = 'waiting' | 'running' | 'done' | 'failed' | 'stopped';
export type PassageLanguage = 'en' | 'ko' | 'ja' | 'code';
export type Support = 'supported' | 'partly' | 'unsupported';

/** What a visitor chose; what is missing filters nothing. */
export interface SearchSettings {
  sources?: string[];
  languages?: PassageLanguage[];
  from?: number;
  until?: number;
  web?: boolean;
  unsupported?: 'drop' | 'mark';
}

/** How the question was understood, dates that it named included. */
export interface SearchFilter {
  sources?: string[] | null;
  languages?: PassageLanguage[] | null;
  from?: number | null;
  until?: number | null;
}

/** One stage's word about why a passage was chosen. */
export interface Reason {
  stage: string;
  score: number;
  /** From 1 in this stage's order; 0 where it does not order. */
  rank: number;
  detail: string;
}

export interface Passage {
  /** From 1, as it is cited. */
  n: number;
  id: number | string;
  /** Null: found outside the library. */
  document_id: number | string | null;
  /** Empty: found outside the library. */
  source_id: string;
  uri: string;
  link: string | null;
  title: string;
  headings: string[];
  text: string;
  page: number | null;
  language: string | null;
  dated_at: number | null;
  score: number;
  reasons: Reason[];
}

export interface Citation {
  n: number;
  quote: string;
  /** UTF-16 units of the passage's text. */
  begin: number;
  end: number;
  link: string | null;
}

export interface Sentence {
  text: string;
  support: Support;
  score: number;
  /** Than its passage's: only numbers and words spelled alike were compared. */
  other_language?: boolean;
  citations: Citation[];
}

/** A page of the web that could not be read; null: the web search itself failed. */
export interface Problem {
  uri: string | null;
  code: string;
  message: string;
}

export interface SearchResult {
  standalone: string;
  queries: string[];
  filter: SearchFilter;
  passages: Passage[];
  /** Missing in answers of earlier versions. */
  problems?: Problem[];
  sentences: Sentence[];
  found: boolean;
  /** Null while it is being answered. */
  method: 'model' | 'extract' | null;
  dropped: number;
  follow_ups: string[];
  retrieval_seconds: number;
  answer_seconds: number;
  /** Pages of the web, while they are read. */
  reading?: { done: number; total: number };
}

export interface Job {
  state: JobState;
  items_done: number;
  items_total: number;
  added: number;
  changed: number;
  unchanged: number;
  removed: number;
  failed: number;
  bytes_read: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  error: string | null;
  error_code?: string | null;
}

export interface Source {
  id: string;
  name: string;
  kind: SourceKind;
  /** Null for visitors who are no administrators. */
  location: string | null;
  include: string[] | null;
  exclude: string[] | null;
  max_documents: number;
  max_depth: number;
  sync_every_seconds: number;
  created_at: number;
  synced_at: number | null;
  documents: number;
  passages: number;
  text_bytes: number;
  failures: number;
  job: Job | null;
}

export interface Library {
  sources: Source[];
  documents: number;
  passages: number;
  text_bytes: number;
  stored_bytes: number;
  /** Passages that are found by meaning; null: only words are looked for. */
  vectors: {
    model: string;
    done: number;
    total: number;
    /** Of a large library: how many of them the graph has that finds them fast. */
    in_graph: number | null;
    problem: string | null;
  } | null;
  /** A newer program finds the words of stored passages anew. */
  rereading?: { done: number; total: number } | null;
  /** The web search that is set up. */
  provider: string | null;
}

export interface NewSource {
  kind: SourceKind;
  location: string;
  name?: string;
  include?: string[];
  exclude?: string[];
  max_documents?: number;
  max_depth?: number;
  sync_every_seconds?: number;
  allow_private_addresses?: boolean;
}

export interface Failure {
  uri: string;
  /** Stable; null where none was kept. */
  code: string | null;
  message: string;
  at: number;
}

export interface Folders {
  path: string;
  parent: string | null;
  folders: { name: string; path: string }[];
  files: number;
}

export interface DocumentText {
  id: number | string;
  uri: string;
  title: string;
  text: string;
  media_type: string;
}

const sourcePath = (id: string) => `/api/search/sources/${encodeURIComponent(id)}`;
const documentPath = (id: number | string) => `/api/search/documents/${encodeURIComponent(id)}`;

export const searchApi = {
  library: () => json<Library>('GET', '/api/search/library'),
  add: (source: NewSource) => post<Source>('/api/search/sources', source),
  sync: (id: string) => post<Source>(`${sourcePath(id)}/sync`),
  stop: (id: string) => post<Source>(`${sourcePath(id)}/stop`),
  remove: (id: string) => request('DELETE', sourcePath(id)),
  failures: (id: string, limit: number) => json<{ failures: Failure[] }>('GET', `${sourcePath(id)}/failures?limit=${limit}`),
  folders: (path: string | null) =>
    json<Folders>('GET', `/api/search/folders${path === null ? '' : `?${new URLSearchParams({ path })}`}`),
  document: (id: number | string) => json<DocumentText>('GET', documentPath(id)),
  originalUrl: (id: number | string) => `${documentPath(id)}/original`,

  /** The library at once and after each change, until the signal is aborted or the service ends it. */
  async *live(signal: AbortSignal): AsyncGenerator<Library> {
    const response = await request('GET', '/api/search/library/live', undefined, signal);
    if (!response.body) return;
    for await (const { event, data } of readEvents(response.body)) {
      if (event === 'library') yield JSON.parse(data) as Library;
    }
  },
};
