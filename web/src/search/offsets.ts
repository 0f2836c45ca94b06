// Finds a passage and its quotes in the text of the whole document, and cuts what is shown of it into
// paragraphs of plain, passage and quoted pieces. All offsets are UTF-16 units, begin included, end not.
export interface Range {
  begin: number;
  end: number;
}

export type PieceKind = 'plain' | 'passage' | 'quote';

export interface Piece {
  kind: PieceKind;
  text: string;
}

/** Where the spaces are other than in the passage, or a line was broken elsewhere. */
function withoutSpaces(text: string): { letters: string; at: number[] } {
  const at: number[] = [];
  let letters = '';
  for (let i = 0; i < text.length; ++i) {
    if (/\s/.test(text[i]!)) continue;
    letters += text[i];
    at.push(i);
  }
  return { letters, at };
}

/** Where the passage stands in the document; null when the document no longer says it. */
export function locate(document: string, passage: string): Range | null {
  const wanted = passage.trim();
  if (!wanted) return null;
  const exact = document.indexOf(wanted);
  if (exact >= 0) return { begin: exact, end: exact + wanted.length };
  const haystack = withoutSpaces(document);
  const needle = withoutSpaces(wanted).letters;
  const found = haystack.letters.indexOf(needle);
  if (found < 0) return null;
  return { begin: haystack.at[found]!, end: haystack.at[found + needle.length - 1]! + 1 };
}

/** A range of the passage's text, moved to where the passage stands in the document. */
export function inDocument(document: string, place: Range, passage: string, range: Range): Range | null {
  const quote = passage.slice(range.begin, range.end);
  const lead = passage.length - passage.trimStart().length;
  const begin = place.begin + range.begin - lead;
  const straight = { begin, end: begin + quote.length };
  if (document.slice(straight.begin, straight.end) === quote) return straight;
  const found = locate(document.slice(place.begin, place.end), quote);
  return found && { begin: place.begin + found.begin, end: place.begin + found.end };
}

/** In order, inside the text, overlaps joined. */
export function joined(ranges: readonly Range[], length: number): Range[] {
  const sorted = ranges
    .map(({ begin, end }) => ({ begin: Math.max(0, begin), end: Math.min(length, end) }))
    .filter(({ begin, end }) => begin < end)
    .sort((a, b) => a.begin - b.begin);
  const out: Range[] = [];
  for (const range of sorted) {
    const last = out.at(-1);
    if (last && range.begin <= last.end) last.end = Math.max(last.end, range.end);
    else out.push({ ...range });
  }
  return out;
}

/** At most `reach` units around the place, cut at line ends, so that a book is not laid out as a whole. */
export function windowAround(text: string, place: Range, before: number, after: number): Range {
  let begin = Math.max(0, place.begin - before);
  let end = Math.min(text.length, place.end + after);
  if (begin > 0) {
    const line = text.indexOf('\n', begin);
    if (line >= 0 && line < place.begin) begin = line + 1;
  }
  if (end < text.length) {
    const line = text.lastIndexOf('\n', end);
    if (line > place.end) end = line;
  }
  return { begin, end };
}

const kindAt = (at: number, passage: Range | null, quotes: readonly Range[]): PieceKind => {
  if (quotes.some(({ begin, end }) => begin <= at && at < end)) return 'quote';
  return passage && passage.begin <= at && at < passage.end ? 'passage' : 'plain';
};

function pieces(text: string, from: Range, passage: Range | null, quotes: readonly Range[]): Piece[] {
  const edges = [passage, ...quotes].flatMap((range) => (range ? [range.begin, range.end] : []));
  const inside = edges.filter((edge) => edge > from.begin && edge < from.end);
  const cuts = [...new Set([from.begin, ...inside, from.end])].sort((a, b) => a - b);
  return cuts.slice(0, -1).map((begin, index) => ({
    kind: kindAt(begin, passage, quotes),
    text: text.slice(begin, cuts[index + 1]),
  }));
}

/** The paragraphs of a window of the text; lines without letters end one. */
export function paragraphs(text: string, window: Range, passage: Range | null, quotes: readonly Range[]): Piece[][] {
  const marks = joined(quotes, text.length);
  const out: Piece[][] = [];
  const lines = /[^\n]+/g;
  lines.lastIndex = window.begin;
  for (let match = lines.exec(text); match && match.index < window.end; match = lines.exec(text)) {
    if (!match[0].trim()) continue;
    const line = { begin: match.index, end: Math.min(match.index + match[0].length, window.end) };
    out.push(pieces(text, line, passage, marks));
  }
  return out;
}
