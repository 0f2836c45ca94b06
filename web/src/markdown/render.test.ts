import { beforeAll, describe, expect, it } from 'vitest';
import { formulas, highlighter } from './lazy';
import { renderMarkdown } from './render';

beforeAll(async () => {
  await highlighter.ready();
  await formulas.ready();
});

function dom(source: string): HTMLElement {
  const root = document.createElement('div');
  root.innerHTML = renderMarkdown(source);
  return root;
}

describe('safety', () => {
  const attacks = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '[x](javascript:alert(1))',
    '[x](JaVaScRiPt:alert(1))',
    '[x](java\tscript:alert(1))',
    '[x](&#106;avascript:alert(1))',
    '[x](vbscript:msgbox)',
    '[x](data:text/html,<script>alert(1)</script>)',
    '![x](javascript:alert(1))',
    '<javascript:alert(1)>',
    '<svg><script>alert(1)</script></svg>',
    '<a href="https://e.example" onclick="alert(1)">x</a>',
    '<iframe src="https://e.example"></iframe>',
    '$\\href{javascript:alert(1)}{x}$',
    '$\\url{javascript:alert(1)}$',
    '$\\includegraphics{https://e.example/x.png}$',
    '```"><img src=x onerror=alert(1)>\ncode\n```',
    '```html\n<img src=x onerror=alert(1)>\n```',
  ];
  it.each(attacks)('%s', (source) => {
    const root = dom(source);
    expect(root.querySelector('script, iframe, svg, img, object, embed, form, input')).toBeNull();
    for (const element of root.querySelectorAll('*')) {
      for (const { name, value } of element.attributes) {
        expect(name.startsWith('on')).toBe(false);
        if (name === 'href' || name === 'src') expect(value).toMatch(/^(https?:|mailto:)/);
      }
    }
  });

  it('opens links elsewhere and without a trace', () => {
    const link = dom('[x](https://e.example/a?b=1)').querySelector('a')!;
    expect(link.getAttribute('href')).toBe('https://e.example/a?b=1');
    expect(link.target).toBe('_blank');
    expect(link.rel).toBe('noopener noreferrer');
  });

  it('keeps relative addresses as text', () => {
    expect(dom('[x](/api/visitor)').querySelector('a')).toBeNull();
  });

  it('shows a link instead of a picture from elsewhere', () => {
    const root = dom('![a cat](https://e.example/cat.png)');
    expect(root.querySelector('img')).toBeNull();
    expect(root.querySelector('a')!.textContent).toBe('Image: a cat');
  });

  it('shows a picture that is part of the text', () => {
    const data = 'data:image/png;base64,iVBORw0KGgo=';
    expect(dom(`![dot](${data})`).querySelector('img')!.getAttribute('src')).toBe(data);
    expect(dom('![x](data:image/svg+xml;base64,PHN2Zz4=)').querySelector('img')).toBeNull();
  });
});

describe('formulas', () => {
  const count = (source: string) => dom(source).querySelectorAll('math').length;

  it.each(['$x^2$', '\\(x^2\\)', 'a $x$b', '$$x$$', '\\[x\\]', '$$\nx\n$$', '\\[\nx\n+ y\n\\]', '- $$x$$', '> \\[\n> x\n> \\]'])(
    'reads %j',
    (source) => expect(count(source)).toBe(1),
  );

  it.each(['$5 and $10', 'costs $5', '`$x$`', '\\$x\\$', '$ x $', '```\n$x$\n```', '$$', '\\(', '\\[ open'])(
    'leaves %j alone',
    (source) => expect(count(source)).toBe(0),
  );

  it('keeps what MathML needs', () => {
    const math = dom('$$\\sum_{i=0}^n \\left(\\frac{1}{2}\\right)$$').querySelector('math')!;
    expect(math.getAttribute('display')).toBe('block');
    expect(math.querySelector('munderover mo')!.getAttribute('movablelimits')).toBe('false');
    expect(math.querySelector('mo[fence=true]')).not.toBeNull();
  });

  it('shows broken TeX instead of failing', () => {
    expect(dom('$\\frac{1$').textContent).toContain('frac');
  });

  it('does not touch emphasis inside', () => {
    expect(dom('$a_1 b_1$ and *c*').querySelectorAll('em').length).toBe(1);
  });
});

describe('code', () => {
  it('colours a known language and offers to copy', () => {
    const root = dom('```js\nconst a = 1;\n```');
    expect(root.querySelector('.hljs-keyword')!.textContent).toBe('const');
    expect(root.querySelector('code')!.textContent).toBe('const a = 1;\n');
    expect(root.querySelector('button.copy-code')).not.toBeNull();
  });

  it('shows an unknown language plainly', () => {
    const root = dom('```zzz\n<b>\n```');
    expect(root.querySelector('code')!.textContent).toBe('<b>\n');
    expect(root.querySelector('b')).toBeNull();
  });
});

describe('text', () => {
  it('keeps line breaks, tables and addresses', () => {
    expect(dom('a\nb').querySelector('br')).not.toBeNull();
    expect(dom('|a|\n|-|\n|b|').querySelectorAll('td').length).toBe(1);
    expect(dom('see https://e.example/x.').querySelector('a')!.getAttribute('href')).toBe('https://e.example/x');
    expect(dom('main.py and e.example').querySelector('a')).toBeNull();
  });
});
