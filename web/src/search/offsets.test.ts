import { describe, expect, it } from 'vitest';
import { inDocument, joined, locate, paragraphs, windowAround } from './offsets';

const document = 'Leave\n\nEvery employee has 25 days.\nThey lapse on 31 March.\n\nSick leave\n\nTell your lead 🤒 first.';
const range = (text: string, part: string) => ({ begin: text.indexOf(part), end: text.indexOf(part) + part.length });
const cut = (text: string, { begin, end }: { begin: number; end: number }) => text.slice(begin, end);

describe('locate', () => {
  it('finds a passage as it stands', () => {
    expect(locate(document, 'They lapse on 31 March.')).toEqual(range(document, 'They lapse on 31 March.'));
  });

  it('finds it where lines break elsewhere', () => {
    const place = locate(document, ' Every employee has\n25 days. They lapse on 31 March. ');
    expect(cut(document, place!)).toBe('Every employee has 25 days.\nThey lapse on 31 March.');
  });

  it('tells when the document no longer says it', () => {
    expect(locate(document, 'Every employee has 30 days.')).toBeNull();
    expect(locate(document, '  ')).toBeNull();
    expect(locate('', 'x')).toBeNull();
  });
});

describe('inDocument', () => {
  it('moves a quote with its passage', () => {
    const passage = 'They lapse on 31 March.';
    const quote = inDocument(document, locate(document, passage)!, passage, range(passage, '31 March'));
    expect(quote && cut(document, quote)).toBe('31 March');
  });

  it('follows white space that differs', () => {
    const passage = 'Every employee has 25 days.   They lapse on 31 March.';
    const quote = inDocument(document, locate(document, passage)!, passage, range(passage, 'days.   They lapse'));
    expect(quote && cut(document, quote)).toBe('days.\nThey lapse');
  });

  it('skips the white space around the passage', () => {
    const passage = '\n  They lapse on 31 March.\n';
    const quote = inDocument(document, locate(document, passage)!, passage, range(passage, 'They'));
    expect(quote && cut(document, quote)).toBe('They');
  });

  it('counts UTF-16 units, as the service does', () => {
    const passage = 'Tell your lead 🤒 first.';
    const quote = inDocument(document, locate(document, passage)!, passage, range(passage, '🤒 first'));
    expect(quote && cut(document, quote)).toBe('🤒 first');
  });
});

describe('joined', () => {
  it('orders, joins what overlaps and keeps inside', () => {
    const ranges = [{ begin: 8, end: 12 }, { begin: -3, end: 4 }, { begin: 10, end: 99 }, { begin: 6, end: 6 }];
    expect(joined(ranges, 20)).toEqual([{ begin: 0, end: 4 }, { begin: 8, end: 20 }]);
  });
});

describe('windowAround', () => {
  const lines = Array.from({ length: 100 }, (_, at) => `line ${at}`).join('\n');

  it('cuts at line ends', () => {
    const place = range(lines, 'line 50');
    const shown = cut(lines, windowAround(lines, place, 30, 30));
    expect(shown.split('\n').every((line) => /^line \d+$/.test(line))).toBe(true);
    expect(shown).toContain('line 50');
    expect(shown.length).toBeLessThan(70);
  });

  it('keeps a short text whole', () => {
    expect(windowAround('short', { begin: 1, end: 2 }, 100, 100)).toEqual({ begin: 0, end: 5 });
  });

  it('cuts a text without lines, too', () => {
    const text = 'x'.repeat(1000);
    expect(windowAround(text, { begin: 500, end: 510 }, 50, 50)).toEqual({ begin: 450, end: 560 });
  });
});

describe('paragraphs', () => {
  const whole = { begin: 0, end: document.length };

  it('says what is passage and what is quote', () => {
    const passage = range(document, 'Every employee has 25 days.\nThey lapse on 31 March.');
    const found = paragraphs(document, whole, passage, [range(document, '25 days'), range(document, 'days')]);
    expect(found).toEqual([
      [{ kind: 'plain', text: 'Leave' }],
      [
        { kind: 'passage', text: 'Every employee has ' },
        { kind: 'quote', text: '25 days' },
        { kind: 'passage', text: '.' },
      ],
      [{ kind: 'passage', text: 'They lapse on 31 March.' }],
      [{ kind: 'plain', text: 'Sick leave' }],
      [{ kind: 'plain', text: 'Tell your lead 🤒 first.' }],
    ]);
  });

  it('marks a quote that goes over lines on each of them', () => {
    const quote = range(document, 'days.\nThey');
    const kinds = paragraphs(document, whole, null, [quote]).map((pieces) => pieces.map(({ kind }) => kind).join(' '));
    expect(kinds).toEqual(['plain', 'plain quote', 'quote plain', 'plain', 'plain']);
  });

  it('loses no letter and shows no more than the window', () => {
    const window = range(document, 'employee has 25 days.\nThey lapse');
    const text = paragraphs(document, window, null, []).map((pieces) => pieces.map((piece) => piece.text).join('')).join('\n');
    expect(text).toBe(cut(document, window));
  });
});
