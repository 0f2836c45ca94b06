// Small texts for people: durations, JSON with line breaks, the latest sentence of a growing text.
import { t } from './i18n';

export function formatDuration(time_ms: number): string {
  const seconds = Math.round(time_ms / 1000);
  if (seconds < 60) return t('seconds', { n: seconds });
  return t('minutes', { m: Math.floor(seconds / 60), s: seconds % 60 });
}

const kClosing: Record<string, string> = { '{': '}', '[': ']' };

/**
 * Breaks JSON into indented lines. It only moves white space, so numbers keep every digit, and what is not yet
 * whole (or is no JSON at all) is shown as it is.
 */
export function indentJson(text: string): string {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s"{}[\],:]+/gs) ?? [];
  let out = '';
  let depth = 0;
  const line = () => `\n${'  '.repeat(Math.min(depth, 32))}`;
  tokens.forEach((token, at) => {
    if (token === '{' || token === '[') {
      depth += 1;
      out += token;
      const next = tokens[at + 1];
      if (next !== undefined && next !== kClosing[token]) out += line();
    } else if (token === '}' || token === ']') {
      depth = Math.max(0, depth - 1);
      const before = tokens[at - 1];
      out += before !== undefined && kClosing[before] === token ? token : line() + token;
    } else if (token === ',') {
      out += token + line();
    } else {
      out += token === ':' ? ': ' : token;
    }
  });
  return out;
}

const kLookBack = 600; // characters
const kSentenceEnd = /[.!?:][\s)*_"'”’]*\s|[。！？：]|\n/g;

/** The last whole sentence or line of a growing text (its beginning, before there is one), without Markdown's marks. */
export function latestSentence(text: string): string {
  const parts: string[] = [];
  const near = text.slice(-kLookBack);
  let from = 0;
  for (const end of near.matchAll(kSentenceEnd)) {
    parts.push(near.slice(from, end.index + end[0].length));
    from = end.index + end[0].length;
  }
  const plain = (part: string) => part.replace(/^[\s#>*+-]+|[*_`]+/g, '').trim();
  const said = (part: string) => /[\p{L}\p{N}]{2}/u.test(part);
  return parts.map(plain).findLast(said) ?? plain(near.slice(from));
}
