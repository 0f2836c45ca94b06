// Rendering of an answer while it grows. A top-level block is finished once two further blocks have begun
// after it (a list may still take over the paragraph that follows it, never more than that); finished
// blocks keep their HTML, so each frame renders only the last two.
import { md, renderMarkdown } from './render';

export interface Block {
  source: string;
  html: string;
}

const kDefinition = /^ {0,3}\[[^\]]+\]:/m;
const kOpenBlocks = 2;

/** The lines on which the top-level blocks of `source` begin. */
function blockLines(source: string, env: object): number[] {
  const tokens: ReturnType<typeof md.parse> = [];
  md.block.parse(source, md, env, tokens);
  return tokens.filter((token) => token.level === 0 && token.nesting >= 0 && token.map).map((token) => token.map![0]);
}

function offsetOfLine(source: string, line: number): number {
  let offset = 0;
  for (let at = 0; at < line; ++at) offset = source.indexOf('\n', offset) + 1;
  return offset;
}

function slices(source: string, env: object): string[] {
  const starts = blockLines(source, env).map((line) => offsetOfLine(source, line));
  return starts.map((start, index) => source.slice(index === 0 ? 0 : start, starts[index + 1]));
}

export class BlockRenderer {
  private finished: Block[] = [];
  private finishedEnd = 0;
  private open: Block[] = [];
  private text = '';
  private env: object = {};

  /** The blocks of `text`; those that did not change are the same objects as before. */
  update(raw: string, complete: boolean): readonly Block[] {
    const text = raw.replace(/\r\n?/g, '\n').replaceAll('\0', '\uFFFD');
    if (!text.startsWith(this.text) || (complete && kDefinition.test(text))) this.reset();
    this.text = text;
    // Definitions may follow their use, so a complete text is read for them first.
    if (complete && kDefinition.test(text)) blockLines(text, this.env);
    const parts = slices(text.slice(this.finishedEnd), this.env);
    const ready = complete ? parts.length : Math.max(0, parts.length - kOpenBlocks);
    const blocks = parts.map((source, index) => this.block(source, index));
    this.finished = [...this.finished, ...blocks.slice(0, ready)];
    for (const part of parts.slice(0, ready)) this.finishedEnd += part.length;
    this.open = blocks.slice(ready);
    return [...this.finished, ...this.open];
  }

  /** Forgets what was rendered, for example because a helper has arrived. */
  reset() {
    this.finished = [];
    this.open = [];
    this.finishedEnd = 0;
    this.text = '';
    this.env = {};
  }

  private block(source: string, index: number): Block {
    const before = this.open[index];
    if (before?.source === source) return before;
    return { source, html: renderMarkdown(source, this.env) };
  }
}
