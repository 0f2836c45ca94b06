// An answer while it is being written: thoughts, text and tool calls as far as they have come.
import { signal } from '@preact/signals';
import type { Message, ToolCall } from '../api';
import type { SearchResult } from '../search/api';
import { FrameText } from './frame-text';

export interface GrowingCall extends ToolCall {
  finished: boolean;
}

const kNothingYet: SearchResult = {
  standalone: '',
  queries: [],
  filter: {},
  passages: [],
  sentences: [],
  found: false,
  method: null,
  dropped: 0,
  follow_ups: [],
  retrieval_seconds: 0,
  answer_seconds: 0,
};

export class Generation {
  readonly text = new FrameText();
  readonly thoughts = new FrameText();
  /** Of an answer that is searched for: null until something of it has come. */
  readonly search = signal<SearchResult | null>(null);
  readonly calls = signal<readonly GrowingCall[]>([]);
  /** The thoughts are over: something else has come. */
  readonly thought = signal(false);
  /** performance.now() of the first piece of anything, and of the first thought. */
  begun_at: number | null = null;
  thinking_since: number | null = null;
  thinking_ms: number | null = null;

  constructor(
    readonly message_id: string,
    /** It is searched for, whatever comes of it. */
    readonly searching = false,
  ) {}

  addThoughts(text: string, ms: number) {
    this.begun_at ??= performance.now();
    this.thinking_since ??= performance.now();
    this.thinking_ms = ms;
    this.thoughts.append(text);
  }

  addText(text: string) {
    this.begun_at ??= performance.now();
    this.thought.value = true;
    this.text.append(text);
  }

  /** What a search has found out so far; sentences are added with `addSentence()`. */
  addFound(part: Partial<SearchResult>) {
    this.begun_at ??= performance.now();
    this.search.value = { ...kNothingYet, ...this.search.peek(), ...part };
  }

  addSentence(sentence: SearchResult['sentences'][number]) {
    this.addFound({ found: true, sentences: [...(this.search.peek()?.sentences ?? []), sentence] });
    this.text.append(sentence.text);
  }

  addToCall(piece: { call: number; id: string; name: string; arguments: string; finished: boolean }) {
    this.begun_at ??= performance.now();
    this.thought.value = true;
    const calls = [...this.calls.peek()];
    const { id, name, finished } = piece;
    calls[piece.call] = { id, name, arguments: (calls[piece.call]?.arguments ?? '') + piece.arguments, finished };
    this.calls.value = calls;
  }

  /** What has come, as a message has it. */
  written(): Pick<Message, 'content' | 'reasoning' | 'reasoning_ms' | 'tool_calls' | 'search'> {
    return {
      content: this.text.whole(),
      reasoning: this.thoughts.whole() || null,
      reasoning_ms: this.thinking_ms,
      search: this.search.peek(),
      tool_calls: this.calls.peek().map(({ id, name, arguments: text }) => ({ id, name, arguments: text })),
    };
  }
}
