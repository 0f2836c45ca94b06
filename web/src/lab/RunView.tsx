// One run, or several beside one another: how it stands, what can be done, and its views.
import { useState } from 'preact/hooks';
import { CloseIcon } from '../components/icons';
import type { Run } from './api';
import { colourOfRun, Curves } from './Curves';
import { ConfirmDialog } from './RunDialogs';
import { StateBadge } from './RunList';
import { open, problem, runs, shown, tab, toggleCompared, type Tab } from './state';
import { Data, Recipe, Samples } from './Tabs';
import { duration, l, short, whole } from './texts';

const tabs: Tab[] = ['curves', 'samples', 'recipe', 'data'];

const summaryOf = (name: string): Run | null =>
  open.value[name]?.summary ?? runs.value.find((run) => run.name === name) ?? null;

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function secondsLeft({ share, seconds, state }: Run): number | null {
  if (state !== 'running' || share === null || share <= 0 || share >= 1) return null;
  return (seconds * (1 - share)) / share;
}

function Facts({ run }: { run: Run }) {
  const left = secondsLeft(run);
  return (
    <>
      {run.share !== null && (
        <div class="progress" role="progressbar" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(run.share * 100)} aria-label={run.name}>
          <span style={{ width: `${run.share * 100}%` }} />
        </div>
      )}
      <dl class="run-numbers">
        <Fact name={l('step')} value={whole(run.step)} />
        <Fact name={l('tokens')} value={short(run.tokens)} />
        <Fact name={l('loss')} value={short(run.loss)} />
        <Fact name={l('heldOut')} value={short(run.held_out_loss)} />
        <Fact name={l('bitsPerByte')} value={short(run.bits_per_byte)} />
        <Fact name={l('throughput')} value={short(run.tokens_per_second)} />
        <Fact name={l('time')} value={duration(run.seconds) + (left === null ? '' : ` · ${l('left', { time: duration(left) })}`)} />
      </dl>
    </>
  );
}

function Action({ run }: { run: Run }) {
  const [asking, setAsking] = useState<'stop' | 'resume' | null>(null);
  if (run.state === 'finished') return null;
  const action = run.state === 'running' ? 'stop' : 'resume';
  return (
    <>
      <button
        type="button"
        class={`button${action === 'resume' ? ' primary' : ''}`}
        disabled={run.stopping}
        onClick={() => setAsking(action)}
      >
        {run.stopping ? l('stopping') : l(action)}
      </button>
      {asking && <ConfirmDialog name={run.name} action={asking} onClose={() => setAsking(null)} />}
    </>
  );
}

function Compared() {
  return (
    <ul class="compared" aria-label={l('compared')}>
      {shown.value.map((name, at) => {
        const run = summaryOf(name);
        return (
          <li key={name}>
            <i style={{ background: `var(${colourOfRun(at)})` }} aria-hidden="true" />
            <span class="run-name">{name}</span>
            {run && <StateBadge run={run} />}
            <span class="run-facts">
              {short(run?.loss)} · {short(run?.held_out_loss)}
            </span>
            <button type="button" class="icon-button small" aria-label={l('compare', { name })} aria-pressed onClick={() => toggleCompared(name)}>
              <CloseIcon />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function TabBar() {
  function onKey(event: KeyboardEvent) {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (!step) return;
    tab.value = tabs[(tabs.indexOf(tab.peek()) + step + tabs.length) % tabs.length]!;
    queueMicrotask(() => document.getElementById(`tab-${tab.peek()}`)?.focus());
  }
  return (
    <div class="tabs" role="tablist" aria-label={l('views')} onKeyDown={onKey}>
      {tabs.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={tab.value === name}
          aria-controls="run-view"
          tabIndex={tab.value === name ? 0 : -1}
          onClick={() => (tab.value = name)}
        >
          {l(name)}
        </button>
      ))}
    </div>
  );
}

const views = { curves: Curves, samples: Samples, recipe: Recipe, data: Data };

export function RunView() {
  const names = shown.value;
  const run = summaryOf(names[0]!);
  const View = views[tab.value];
  return (
    <article class="run" aria-label={names.join(', ')}>
      {problem.value && (
        <p class="field-problem" role="alert">
          {problem.value}
        </p>
      )}
      {names.length > 1 ? (
        <>
          <h2 class="visually-hidden">{l('compared')}</h2>
          <Compared />
        </>
      ) : (
        run && (
          <>
            <header class="run-head">
              <h2>{run.name}</h2>
              <StateBadge run={run} />
              <span class="run-facts">{run.recipe}</span>
              <span class="space" />
              <Action run={run} />
            </header>
            {run.note && run.state !== 'finished' && <p class={`run-note ${run.state}`}>{run.note}</p>}
            <Facts run={run} />
          </>
        )
      )}
      <TabBar />
      <div id="run-view" role="tabpanel" aria-labelledby={`tab-${tab.value}`} class="run-view">
        <View />
      </div>
    </article>
  );
}
