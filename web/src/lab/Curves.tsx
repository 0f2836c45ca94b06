// The charts of the shown runs, and how they are drawn.
import type { Spread } from './api';
import { Chart, CurveTable, type Curve } from './Chart';
import { axes, smooth, type Metric } from './series';
import { axis, logarithmic, open, resetZoom, seriesOf, shown, smoothing, zoom, zoomTo } from './state';
import { l, whole } from './texts';

const kColours = 8;
const kSmoothing = [1, 5, 20, 60, 200];

export const colourOfRun = (at: number) => `--curve-${(at % kColours) + 1}`;

interface Drawn {
  name: string;
  colour: string;
  series: NonNullable<ReturnType<typeof seriesOf>>;
}

function drawn(): Drawn[] {
  return shown.value.flatMap((name, at) => {
    const series = seriesOf(name);
    return series && series.step.length ? [{ name, colour: colourOfRun(at), series }] : [];
  });
}

function spreadCurves(all: Drawn[], metric: Metric, label: string, calm: boolean): Curve[] {
  return all.map(({ name, colour, series }) => {
    const { mean, min, max }: Spread = series[metric];
    const curve = { label: all.length > 1 ? name : label, colour, x: series[axis.value] };
    if (!calm) return { ...curve, values: mean };
    return { ...curve, values: smooth(mean, smoothing.value), raw: mean, low: min, high: max };
  });
}

function heldOutCurves(all: Drawn[], metric: 'loss' | 'bits_per_byte', label: string): Curve[] {
  return all
    .filter(({ series }) => series.held_out.step.length)
    .map(({ name, colour, series }) => ({
      label: all.length > 1 ? `${name}, ${label}` : label,
      colour: all.length > 1 ? colour : '--curve-2',
      sparse: true,
      x: series.held_out[axis.value],
      values: series.held_out[metric],
    }));
}

function Controls() {
  return (
    <div class="chart-controls">
      <fieldset class="segments">
        <legend class="visually-hidden">{l('axis')}</legend>
        {axes.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="axis"
              checked={axis.value === name}
              onChange={() => {
                resetZoom();
                axis.value = name;
              }}
            />
            <span>{l(name === 'seconds' ? 'time' : name)}</span>
          </label>
        ))}
      </fieldset>
      <label class="check">
        <input type="checkbox" checked={logarithmic.value} onChange={() => (logarithmic.value = !logarithmic.value)} />
        {l('logScale')}
      </label>
      <label class="check">
        {l('smoothing')}
        <input
          type="range"
          min={0}
          max={kSmoothing.length - 1}
          value={kSmoothing.indexOf(smoothing.value)}
          aria-valuetext={String(smoothing.value)}
          onInput={(event) => (smoothing.value = kSmoothing[Number(event.currentTarget.value)]!)}
        />
      </label>
      {zoom.value ? (
        <button type="button" class="button" onClick={resetZoom}>
          {l('resetZoom')}
        </button>
      ) : (
        <span class="hint">{l('zoomHint')}</span>
      )}
    </div>
  );
}

function Skipped({ all }: { all: Drawn[] }) {
  return (
    <>
      {all
        .filter(({ series }) => series.n_skipped > 0)
        .map(({ name, series }) => (
          <details key={name} class="skipped">
            <summary>
              {all.length > 1 && `${name}: `}
              {l('skipped', { n: whole(series.n_skipped) })}
            </summary>
            <ul>
              {series.skipped.toReversed().map((mark) => (
                <li key={mark.step}>
                  <button
                    type="button"
                    class="text-button"
                    onClick={() => {
                      const reach = Math.max(50, series.steps_per_point * 20);
                      axis.value = 'step';
                      void zoomTo(mark.step - reach, mark.step + reach);
                    }}
                  >
                    {l('skippedAt', { n: whole(mark.step), why: mark.text })}
                  </button>
                </li>
              ))}
            </ul>
          </details>
        ))}
    </>
  );
}

export function Curves() {
  const all = drawn();
  const only = all.length === 1 ? all[0]!.series : null;
  if (!all.length) {
    const summary = open.value[shown.value[0] ?? '']?.summary;
    return <p class="late lab-note">{summary?.note ? l('preparing', { note: summary.note }) : l('noCurve')}</p>;
  }
  const loss = [...spreadCurves(all, 'loss', l('training'), true), ...heldOutCurves(all, 'loss', l('heldOut'))];
  const bits = heldOutCurves(all, 'bits_per_byte', l('heldOut'));
  const marks = { stages: only?.stages ?? [], skipped: only?.skipped ?? [] };
  return (
    <>
      <Controls />
      <Chart title={l('lossLong')} curves={loss} {...marks} tall />
      <div class="chart-grid">
        {bits.length > 0 && <Chart title={l('bitsPerByte')} curves={bits.map((curve) => ({ ...curve, sparse: false }))} {...marks} />}
        <Chart title={l('gradientNorm')} curves={spreadCurves(all, 'gradient_norm', l('gradientNorm'), true)} {...marks} />
        <Chart title={l('throughput')} curves={spreadCurves(all, 'tokens_per_second', l('throughput'), true)} stages={marks.stages} />
        <Chart title={l('learningRate')} curves={spreadCurves(all, 'learning_rate', l('learningRate'), false)} stages={marks.stages} />
      </div>
      <Skipped all={all} />
      <details class="as-table">
        <summary>{l('table')}</summary>
        <div class="table-scroll" tabIndex={0} role="region" aria-label={l('table')}>
          <CurveTable curves={loss} />
        </div>
      </details>
    </>
  );
}
