// Finds formulas in Markdown: $...$ and \(...\) within a line, $$...$$ and \[...\] as displays.
// A dollar opens a formula only when no space follows it, and closes one only when no space precedes
// it and no digit follows, so that "$5 and $10" stays money.
import type MarkdownIt from 'markdown-it';
import type { RuleBlock } from 'markdown-it/lib/parser_block.mjs';
import type { RuleInline } from 'markdown-it/lib/parser_inline.mjs';

const isSpace = (char: string | undefined) => char === undefined || /\s/.test(char);

/** The end of an inline formula that starts at `from`, or -1. */
function closingDollar(source: string, from: number): number {
  for (let at = source.indexOf('$', from); at >= 0; at = source.indexOf('$', at + 1)) {
    if (source[at - 1] === '\\') continue;
    if (at === from || isSpace(source[at - 1])) continue;
    if (/\d/.test(source[at + 1] ?? '')) continue;
    return at;
  }
  return -1;
}

interface Found {
  tex: string;
  end: number;
  display: boolean;
}

const delimiters = [
  { open: '$$', close: '$$', display: true },
  { open: '\\[', close: '\\]', display: true },
  { open: '\\(', close: '\\)', display: false },
];

function delimited(source: string, at: number): Found | null {
  for (const { open, close, display } of delimiters) {
    if (!source.startsWith(open, at)) continue;
    const end = source.indexOf(close, at + open.length);
    const tex = end < 0 ? '' : source.slice(at + open.length, end).trim();
    return tex ? { tex, end: end + close.length, display } : null;
  }
  if (source[at] !== '$' || source[at + 1] === '$' || isSpace(source[at + 1])) return null;
  const end = closingDollar(source, at + 1);
  return end < 0 ? null : { tex: source.slice(at + 1, end), end: end + 1, display: false };
}

const inlineRule: RuleInline = (state, silent) => {
  const char = state.src[state.pos];
  if (char !== '$' && char !== '\\') return false;
  const found = delimited(state.src.slice(0, state.posMax), state.pos);
  if (!found) return false;
  if (!silent) {
    const token = state.push('math', 'math', 0);
    token.content = found.tex;
    token.meta = { display: found.display };
  }
  state.pos = found.end;
  return true;
};

const blockRule: RuleBlock = (state, startLine, endLine, silent) => {
  const start = state.bMarks[startLine]! + state.tShift[startLine]!;
  if (state.sCount[startLine]! - state.blkIndent >= 4) return false;
  const open = state.src.slice(start, start + 2);
  const kind = delimiters.find((delimiter) => delimiter.display && delimiter.open === open);
  if (!kind) return false;
  for (let line = startLine; line < endLine; ++line) {
    const from = line === startLine ? start + 2 : state.bMarks[line]! + state.tShift[line]!;
    const text = state.src.slice(from, state.eMarks[line]!);
    const close = text.indexOf(kind.close);
    if (close < 0) continue;
    if (text.slice(close + 2).trim()) return false;
    if (silent) return true;
    const inner = state.getLines(startLine, line + 1, state.blkIndent, false).trim();
    const token = state.push('math_block', 'math', 0);
    token.content = inner.slice(2, inner.lastIndexOf(kind.close)).trim();
    token.meta = { display: true };
    token.map = [startLine, line + 1];
    state.line = line + 1;
    return true;
  }
  return false;
};

export function mathRules(md: MarkdownIt, render: (tex: string, display: boolean) => string) {
  md.inline.ruler.before('escape', 'math', inlineRule);
  md.block.ruler.before('fence', 'math_block', blockRule, { alt: ['paragraph', 'reference', 'blockquote', 'list'] });
  md.renderer.rules['math'] = (tokens, index) => render(tokens[index]!.content, tokens[index]!.meta.display);
  md.renderer.rules['math_block'] = (tokens, index) => `<div class="formula">${render(tokens[index]!.content, true)}</div>\n`;
}
