// What the model thought before its answer: one calm line, opened when the reader wants to read on. The line
// stays in view while open thoughts scroll by, so that they can be closed from anywhere.
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { formatDuration, latestSentence } from '../format';
import { t } from '../i18n';
import { thoughtsOpen } from '../state/ui';
import { ChevronDownIcon, ThoughtIcon } from './icons';
import { Markdown } from './Markdown';

const kTick_ms = 1000;

function useClock(running: boolean) {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => tick((count) => count + 1), kTick_ms);
    return () => clearInterval(timer);
  }, [running]);
}

function Elapsed({ since }: { since: number }) {
  useClock(true);
  const time_ms = performance.now() - since;
  return time_ms < kTick_ms ? null : <span class="elapsed">{formatDuration(time_ms)}</span>;
}

function summary(time_ms: number | null): string {
  if (time_ms === null) return t('thoughts');
  return time_ms < kTick_ms ? t('thoughtBriefly') : t('thoughtFor', { time: formatDuration(time_ms) });
}

interface Props {
  text: string;
  /** Being written now. */
  live: boolean;
  /** performance.now() of the first thought, when this page saw it. */
  since: number | null;
  time_ms: number | null;
}

export function Thoughts({ text, live, since, time_ms }: Props) {
  const [open, setOpen] = useState(thoughtsOpen.peek());
  const id = useId();
  const bar = useRef<HTMLDivElement>(null);
  function toggle() {
    setOpen(!open);
    // Closed from far below, the line would be left above the view.
    if (open) requestAnimationFrame(() => bar.current?.scrollIntoView({ block: 'nearest' }));
  }
  return (
    <section class={`thoughts${live ? ' live' : ''}${open ? ' open' : ''}`}>
      <div class="thoughts-bar" ref={bar}>
        <button
          type="button"
          class="thoughts-head"
          aria-expanded={open}
          aria-controls={id}
          data-fold={live ? 'live' : 'still'}
          onClick={toggle}
        >
          <ThoughtIcon />
          <span class="label">{live ? t('thinking') : summary(time_ms)}</span>
          {live && since !== null && <Elapsed since={since} />}
          <ChevronDownIcon />
        </button>
        {live && !open && (
          <span class="glimpse" dir="auto" aria-hidden="true">
            {latestSentence(text)}
          </span>
        )}
      </div>
      <div class="thoughts-body" id={id} hidden={!open}>
        {open && <Markdown text={text} streaming={live} />}
      </div>
    </section>
  );
}
