// Shows Markdown block by block. The renderer is a chunk of its own; plain text stands in until it is here.
import { signal } from '@preact/signals';
import { memo } from './memo';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { language, t } from '../i18n';
import { arrived } from '../markdown/lazy';
import { announce } from '../state/ui';
import { copyText } from './CopyButton';

type Renderer = typeof import('../markdown/blocks');

const renderer = signal<Renderer | null>(null);
let asked = false;

function fetchRenderer() {
  if (asked) return;
  asked = true;
  import('../markdown/blocks').then(
    (module) => (renderer.value = module),
    () => (asked = false),
  );
}

// While a visitor reads the welcome, the renderer is fetched for the first answer.
if ('requestIdleCallback' in globalThis) requestIdleCallback(fetchRenderer, { timeout: 3000 });
else setTimeout(fetchRenderer, 1000);

const kCopied_ms = 1600;

function onClick(event: MouseEvent) {
  const button = (event.target as Element).closest<HTMLButtonElement>('button.copy-code');
  const code = button?.closest('.code')?.querySelector('code')?.textContent;
  if (!button || code === undefined || code === null) return;
  void copyText(code.replace(/\n$/, '')).then((copied) => {
    if (!copied) return;
    button.textContent = t('copied');
    announce(t('copied'));
    setTimeout(() => (button.textContent = t('copy')), kCopied_ms);
  });
}

const BlockView = memo(({ html }: { html: string }) => (
  <div class="block" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />
));

/** Longer answers cost more to render; the pause between renderings grows with what the last one took. */
function usePaced(text: string, streaming: boolean): { text: string; spent: (time_ms: number) => void } {
  const nextAt = useRef(0);
  const shown = useRef(text);
  const [, again] = useState(0);
  const now = performance.now();
  const late = streaming && now < nextAt.current;
  if (!late) shown.current = text;
  useEffect(() => {
    if (!late) return;
    const timer = setTimeout(() => again((count) => count + 1), nextAt.current - now);
    return () => clearTimeout(timer);
  });
  const spent = (time_ms: number) => {
    nextAt.current = performance.now() + Math.min(400, time_ms * 3);
  };
  return { text: shown.current, spent };
}

export function Markdown({ text, streaming }: { text: string; streaming: boolean }) {
  const module = renderer.value;
  const helpers = arrived.value;
  const spoken = language.value;
  const blocks = useMemo(() => module && new module.BlockRenderer(), [module, helpers, spoken]);
  const paced = usePaced(text, streaming);
  const shown = useMemo(() => {
    const started = performance.now();
    const result = blocks?.update(paced.text, !streaming) ?? null;
    paced.spent(performance.now() - started);
    return result;
  }, [blocks, paced.text, streaming]);
  if (!shown) {
    fetchRenderer();
    return <div class="markdown plain">{text}</div>;
  }
  return (
    <div class={`markdown${streaming ? ' growing' : ''}`} onClick={onClick}>
      {shown.map((block, index) => (
        <BlockView key={index} html={block.html} />
      ))}
    </div>
  );
}
