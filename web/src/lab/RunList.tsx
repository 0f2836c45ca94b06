// All runs at a glance: state, how far, the last numbers, and the loss as a small line.
import { useRef } from 'preact/hooks';
import type { Run } from './api';
import { addressOf, kMostCompared, runs, shown, toggleCompared } from './state';
import { ago, l, short, whole } from './texts';

export function StateBadge({ run }: { run: Run }) {
  const state = run.stopping ? 'stopping' : run.state;
  return (
    <span class={`run-state ${state}`}>
      <i aria-hidden="true" />
      {l(state)}
    </span>
  );
}

const kWidth = 120;
const kHeight = 32;

export function Sparkline({ values }: { values: number[] }) {
  if (values.length < 2) return <svg class="sparkline" viewBox={`0 0 ${kWidth} ${kHeight}`} preserveAspectRatio="none" aria-hidden="true" />;
  const low = Math.min(...values);
  const range = Math.max(...values) - low || 1;
  const point = (value: number, at: number) =>
    `${((at / (values.length - 1)) * (kWidth - 4) + 2).toFixed(1)},${(kHeight - 3 - ((value - low) / range) * (kHeight - 6)).toFixed(1)}`;
  return (
    <svg class="sparkline" viewBox={`0 0 ${kWidth} ${kHeight}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline points={values.map(point).join(' ')} />
    </svg>
  );
}

function Row({ run }: { run: Run }) {
  const names = shown.value;
  const chosen = names.includes(run.name);
  const full = !chosen && names.length >= kMostCompared;
  return (
    <li class={`run-row${chosen ? ' shown' : ''}`}>
      <input
        type="checkbox"
        checked={chosen}
        disabled={full}
        aria-label={l('compare', { name: run.name })}
        title={l('compare', { name: run.name })}
        onChange={() => toggleCompared(run.name)}
      />
      <a href={addressOf([run.name])} aria-current={names[0] === run.name ? 'page' : undefined}>
        <span class="run-name">{run.name}</span>
        <StateBadge run={run} />
        <span class="run-facts">
          {run.step > 0 ? `${l('step')} ${whole(run.step)}` : run.recipe}
          {run.loss !== null && ` · ${l('loss')} ${short(run.loss)}`}
          {run.changed_at > 0 && <span class="run-when"> · {ago(run.changed_at)}</span>}
        </span>
        <Sparkline values={run.losses} />
        {run.share !== null && run.state !== 'finished' && (
          <span class="run-share" aria-hidden="true">
            <span style={{ width: `${run.share * 100}%` }} />
          </span>
        )}
      </a>
    </li>
  );
}

export function RunList() {
  const list = useRef<HTMLUListElement>(null);
  // Up and down go from run to run; Tab goes through everything as usual.
  function onKey(event: KeyboardEvent) {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...list.current!.querySelectorAll<HTMLAnchorElement>('a')];
    const at = links.indexOf((event.target as HTMLElement).closest('li')?.querySelector('a') as HTMLAnchorElement);
    const next = links[at + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
  return (
    <ul ref={list} class="run-list" aria-label={l('runs')} onKeyDown={onKey}>
      {runs.value.map((run) => (
        <Row key={run.name} run={run} />
      ))}
    </ul>
  );
}
