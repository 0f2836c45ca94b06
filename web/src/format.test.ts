import { describe, expect, it } from 'vitest';
import { formatDuration, indentJson, latestSentence } from './format';

describe('durations', () => {
  it('are told as people tell them', () => {
    expect(formatDuration(12_400)).toBe('12 s');
    expect(formatDuration(59_600)).toBe('1 min 0 s');
    expect(formatDuration(125_000)).toBe('2 min 5 s');
  });
});

describe('indented JSON', () => {
  it('breaks objects and lists into lines', () => {
    expect(indentJson('{"city":"Oslo", "days": [1,2], "none": {}, "empty":[ ]}')).toBe(
      '{\n  "city": "Oslo",\n  "days": [\n    1,\n    2\n  ],\n  "none": {},\n  "empty": []\n}',
    );
  });

  it('leaves strings and numbers as they are', () => {
    const text = String.raw`{"a": "x\"{[,:]} \\", "n": 12345678901234567890.10, "t": true}`;
    expect(indentJson(text)).toBe(String.raw`{
  "a": "x\"{[,:]} \\",
  "n": 12345678901234567890.10,
  "t": true
}`);
  });

  it('loses nothing of any text', () => {
    const dense = (text: string) => text.replace(/\s+/g, '');
    for (const text of ['', '{', '{"a', '{"a": [1, {"b"', ']}', 'no json', '{"a": "b\\', '"x" y', '[[[[', '{]']) {
      expect(dense(indentJson(text)), text).toBe(dense(text));
    }
    for (const whole of ['{"a":[{"b":{"c":[]}}],"d":"한국어"}', '[]', '5', '"text"']) {
      expect(JSON.parse(indentJson(whole))).toEqual(JSON.parse(whole));
    }
  });

  it('keeps step with a hostile depth', () => {
    expect(indentJson('['.repeat(20_000)).length).toBeLessThan(2_000_000);
  });
});

describe('the latest sentence', () => {
  it('is the last whole one, without marks', () => {
    expect(latestSentence('First\n\n## **Second** step\n\n')).toBe('Second step');
    expect(latestSentence('- item with `code`\n')).toBe('item with code');
    expect(latestSentence('One thing. Another thing is')).toBe('One thing.');
    expect(latestSentence('값은 3.14 입니다. 그래서')).toBe('값은 3.14 입니다.');
    expect(latestSentence('まず挨拶。次に')).toBe('まず挨拶。');
    expect(latestSentence('Done.\n\n```\n}\n')).toBe('Done.');
  });

  it('is what there is before the first is whole', () => {
    expect(latestSentence('')).toBe('');
    expect(latestSentence('Hm, let me')).toBe('Hm, let me');
  });
});
