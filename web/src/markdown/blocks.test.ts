import { describe, expect, it } from 'vitest';
import { BlockRenderer } from './blocks';
import { renderMarkdown } from './render';

const text = `# Title

First paragraph with **bold**
over two lines.

- one
- two

  loose

1. a

2. b

\`\`\`js
const a = 1;

const b = 2;
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> quote
lazy

    indented

Setext
------

$$
x + y
$$

The end.
`;

const normal = (html: string) => html.replace(/\s+/g, ' ').trim();
const join = (blocks: readonly { html: string }[]) => normal(blocks.map(({ html }) => html).join(' '));

describe('BlockRenderer', () => {
  it('gives the same as rendering at once, however the text grows', () => {
    const expected = normal(renderMarkdown(text));
    for (const step of [1, 2, 3, 7, 50, 1000]) {
      const renderer = new BlockRenderer();
      for (let end = step; end < text.length; end += step) renderer.update(text.slice(0, end), false);
      expect(join(renderer.update(text, true))).toBe(expected);
    }
  });

  it('shows every prefix as rendering it at once would', () => {
    const renderer = new BlockRenderer();
    for (let end = 1; end <= text.length; ++end) {
      const prefix = text.slice(0, end);
      expect(join(renderer.update(prefix, false))).toBe(normal(renderMarkdown(prefix)));
    }
  });

  it('keeps finished blocks as they are', () => {
    const renderer = new BlockRenderer();
    const before = renderer.update('one\n\ntwo\n\nthree\n\nfour', false);
    const after = renderer.update('one\n\ntwo\n\nthree\n\nfour and more', false);
    expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
    for (let at = 0; at < 3; ++at) expect(after[at]).toBe(before[at]);
    expect(after[3]).not.toBe(before[3]);
  });

  it('resolves link definitions that follow their use once the text is complete', () => {
    const renderer = new BlockRenderer();
    const source = '[a][x]\n\nb\n\nc\n\nd\n\n[x]: https://e.example';
    renderer.update(source, false);
    expect(join(renderer.update(source, true))).toContain('href="https://e.example"');
  });

  it('begins anew when the text is another', () => {
    const renderer = new BlockRenderer();
    renderer.update('a\n\nb\n\nc\n\nd', false);
    expect(join(renderer.update('other', true))).toBe(normal(renderMarkdown('other')));
    expect(join(renderer.update('', true))).toBe('');
  });
});
