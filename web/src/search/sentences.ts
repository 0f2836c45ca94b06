// The sentences of an answer as blocks to be shown, their citations by passage, and the text to be copied.
import type { Citation, Passage, Sentence } from './api';

export interface Block {
  kind: 'paragraph' | 'list';
  /** Of a paragraph one, of a list one an item. */
  items: Sentence[][];
}

export interface CitedPassage {
  n: number;
  citations: Citation[];
}

export interface Styled {
  style: 'plain' | 'strong' | 'code';
  text: string;
}

const kBullet = /^(?:[-*•]|\d{1,2}[.)])\s+/;

/** Sentences carry the white space before them: a line break there begins a paragraph or an item. */
export function blocksOf(sentences: readonly Sentence[]): Block[] {
  const blocks: Block[] = [];
  for (const sentence of sentences) {
    const text = sentence.text.trimStart();
    const breaks = sentence.text.slice(0, sentence.text.length - text.length).includes('\n');
    const last = blocks.at(-1);
    if (kBullet.test(text) && (breaks || !last)) {
      const item = [{ ...sentence, text: text.replace(kBullet, '') }];
      if (last?.kind === 'list') last.items.push(item);
      else blocks.push({ kind: 'list', items: [item] });
    } else if (!last || breaks) {
      blocks.push({ kind: 'paragraph', items: [[sentence]] });
    } else {
      last.items.at(-1)!.push(sentence);
    }
  }
  return blocks;
}

/** Each passage once, in the order of the first citation. */
export function byPassage(citations: readonly Citation[]): CitedPassage[] {
  const found = new Map<number, Citation[]>();
  for (const citation of citations) found.set(citation.n, [...(found.get(citation.n) ?? []), citation]);
  return [...found].map(([n, all]) => ({ n, citations: all }));
}

/** Which passages the shown sentences cite. */
export function citedNumbers(sentences: readonly Sentence[]): Set<number> {
  return new Set(sentences.flatMap(({ citations }) => citations.map(({ n }) => n)));
}

/** Without marks such as [1] that the citations say better. */
export function withoutMarks(sentence: Sentence): string {
  const cited = new Set(sentence.citations.map(({ n }) => n));
  return sentence.text.replace(/\s*\[(\d{1,3})\]/g, (mark, n: string) => (cited.has(Number(n)) ? '' : mark));
}

/** **Strong** words and `code`, which is all that answers are given in. */
export function styled(text: string): Styled[] {
  const out: Styled[] = [];
  let at = 0;
  for (const match of text.matchAll(/\*\*(\S(?:[^*]*\S)?)\*\*|`([^`\n]+)`/g)) {
    if (match.index > at) out.push({ style: 'plain', text: text.slice(at, match.index) });
    out.push(match[1] === undefined ? { style: 'code', text: match[2]! } : { style: 'strong', text: match[1] });
    at = match.index + match[0].length;
  }
  if (at < text.length) out.push({ style: 'plain', text: text.slice(at) });
  return out;
}

/** Where a passage is read: at the very place where that is known. */
export const linkOf = (passage: Passage, citation?: Citation) => citation?.link || passage.link || passage.uri;

/** The answer with its marks, and below it what they stand for. */
export function copiedText(sentences: readonly Sentence[], passages: readonly Passage[], heading: string): string {
  const text = sentences
    .map((sentence) => {
      const marks = byPassage(sentence.citations).map(({ n }) => `[${n}]`).join('');
      return withoutMarks(sentence) + (marks && ` ${marks}`);
    })
    .join('')
    .trim();
  const cited = citedNumbers(sentences);
  const sources = passages.filter(({ n }) => cited.has(n)).map((passage) => `[${passage.n}] ${passage.title} – ${linkOf(passage)}`);
  return sources.length ? `${text}\n\n${heading}\n${sources.join('\n')}` : text;
}
