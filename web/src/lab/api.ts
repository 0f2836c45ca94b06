// The lab's part of the page's API (docs/web-api.md).
import { json, post, request } from '../api';
import { readEvents } from '../sse';

export type RunState = 'running' | 'stopped' | 'finished' | 'failed';

export interface Run {
  name: string;
  state: RunState;
  /** Running, and asked to stop. */
  stopping: boolean;
  /** What it does before its first step, or why it failed. */
  note: string;
  recipe: string;
  stage: string;
  step: number;
  tokens: number;
  seconds: number;
  share: number | null;
  loss: number | null;
  held_out_loss: number | null;
  bits_per_byte: number | null;
  tokens_per_second: number;
  started_at: number;
  changed_at: number;
  losses: number[];
}

export type Values = (number | null)[];

export interface Spread {
  mean: Values;
  min: Values;
  max: Values;
}

export interface Places {
  step: number[];
  tokens: number[];
  seconds: number[];
}

export interface Mark {
  step: number;
  tokens: number;
  seconds: number;
  text: string;
}

export interface Series extends Places {
  steps_per_point: number;
  loss: Spread;
  gradient_norm: Spread;
  learning_rate: Spread;
  tokens_per_second: Spread;
  held_out: Places & { loss: Values; bits_per_byte: Values };
  stages: Mark[];
  skipped: Mark[];
  n_skipped: number;
}

export interface SampleStep {
  step: number;
  tokens: number;
  samples: { prompt: string; text: string }[];
}

export interface Count {
  documents: number;
  bytes: number;
}

export interface DataSource {
  name?: string;
  package_version?: string;
  n_files: number;
  in?: Count;
  dropped?: Record<string, Count>;
  languages?: Record<string, Count>;
  train?: Count;
  held_out?: Count;
}

export interface RunDetails extends Run {
  folder: string;
  recipe_json: unknown;
  data: {
    lineage?: string;
    program?: string;
    tokens: { train: number; held_out: number } | null;
    sources: DataSource[];
  } | null;
  output: string;
}

export interface NewRun {
  name: string;
  recipe?: string;
  depth?: number;
  data?: string[];
}

export type LiveEvent =
  | { event: 'series'; data: { run: string; series: Series } }
  | { event: 'points'; data: { run: string; series: Series } }
  | { event: 'summary'; data: { run: string; summary: Run } }
  | { event: 'samples'; data: { run: string; samples: SampleStep[] } };

const runPath = (name: string) => `/api/lab/runs/${encodeURIComponent(name)}`;

export const labApi = {
  list: () => json<{ folder: string; runs: Run[] }>('GET', '/api/lab/runs'),
  run: (name: string) => json<RunDetails>('GET', runPath(name)),
  series: (name: string, from: number, to: number) => json<Series>('GET', `${runPath(name)}/series?from=${from}&to=${to}`),
  begin: (run: NewRun) => post<Run>('/api/lab/runs', run),
  stop: (name: string) => post<Run>(`${runPath(name)}/stop`),
  resume: (name: string) => post<Run>(`${runPath(name)}/resume`),

  async *live(names: string[], signal: AbortSignal): AsyncGenerator<LiveEvent> {
    const query = new URLSearchParams(names.map((name) => ['run', name]));
    const response = await request('GET', `/api/lab/live?${query}`, undefined, signal);
    if (!response.body) return;
    for await (const { event, data } of readEvents(response.body)) {
      yield { event, data: JSON.parse(data) } as LiveEvent;
    }
  },
};
