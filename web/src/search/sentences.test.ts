import { describe, expect, it } from 'vitest';
import type { Citation, Passage, Sentence, Support } from './api';
import { blocksOf, byPassage, citedNumbers, copiedText, styled, withoutMarks } from './sentences';

const cite = (n: number, quote = ''): Citation => ({ n, quote, begin: 0, end: quote.length, link: `https://e.example/${n}#x` });
const sentence = (text: string, citations: Citation[] = [], support: Support = 'supported'): Sentence => ({ text, support, score: 1, citations });
const passage = (n: number): Passage => ({
  n, id: n, document_id: n, source_id: 's', uri: `https://e.example/${n}`, link: null, title: `Title ${n}`, headings: [], text: '',
  page: null, language: 'en', dated_at: null, score: 1, reasons: [],
});

describe('blocksOf', () => {
  const shape = (...texts: string[]) => blocksOf(texts.map((text) => sentence(text))).map(({ kind, items }) => [kind, items.map((item) => item.map(({ text }) => text.trim()))]);

  it('keeps sentences together until a line breaks', () => {
    expect(shape('One.', ' Two.', '\n\nThree.', ' Four.')).toEqual([
      ['paragraph', [['One.', 'Two.']]],
      ['paragraph', [['Three.', 'Four.']]],
    ]);
  });

  it('makes a list of bullets and numbers', () => {
    expect(shape('These:', '\n- One.', ' More.', '\n- Two.', '\n\nEnd.')).toEqual([
      ['paragraph', [['These:']]],
      ['list', [['One.', 'More.'], ['Two.']]],
      ['paragraph', [['End.']]],
    ]);
    expect(shape('1. One.', '\n2) Two.')).toEqual([['list', [['One.'], ['Two.']]]]);
  });

  it('leaves a dash within a line alone', () => {
    expect(shape('One.', ' - not a list.')).toEqual([['paragraph', [['One.', '- not a list.']]]]);
  });
});

it('byPassage names each passage once, in order', () => {
  expect(byPassage([cite(2, 'a'), cite(1), cite(2, 'b')]).map(({ n, citations }) => [n, citations.length])).toEqual([[2, 2], [1, 1]]);
});

it('citedNumbers', () => {
  expect([...citedNumbers([sentence('a', [cite(3), cite(1)]), sentence('b', [cite(3)])])].sort()).toEqual([1, 3]);
});

it('withoutMarks drops the marks of its own citations only', () => {
  expect(withoutMarks(sentence('Paid [1][2] in array[3].', [cite(1), cite(2)]))).toBe('Paid in array[3].');
});

it('styled', () => {
  expect(styled('a **b c** `d**` 2 ** 3')).toEqual([
    { style: 'plain', text: 'a ' },
    { style: 'strong', text: 'b c' },
    { style: 'plain', text: ' ' },
    { style: 'code', text: 'd**' },
    { style: 'plain', text: ' 2 ** 3' },
  ]);
});

it('copiedText lists what is cited, and nothing else', () => {
  const sentences = [sentence('One.', [cite(2)]), sentence(' Two.', [cite(2), cite(1)])];
  expect(copiedText(sentences, [passage(1), passage(2), passage(3)], 'Sources:')).toBe(
    'One. [2] Two. [2][1]\n\nSources:\n[1] Title 1 – https://e.example/1\n[2] Title 2 – https://e.example/2',
  );
  expect(copiedText([sentence('Alone.')], [passage(1)], 'Sources:')).toBe('Alone.');
});
