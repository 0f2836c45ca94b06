// One chart: curves of one or more runs over the same axis, with the range of each point behind, marks of
// stages and skipped steps, a crosshair that all charts share, and a part seen closely. uPlot draws it.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { language } from '../i18n';
import { theme } from '../state/ui';
import type { Mark, Values } from './api';
import { lastAt, valueAt, type Axis } from './series';
import { axis, cursor, logarithmic, resetZoom, zoom, zoomTo } from './state';
import { duration, l, short, whole } from './texts';

export interface Curve {
  label: string;
  colour: string;
  /** Drawn apart: few values, each with its point. */
  sparse?: boolean;
  x: number[];
  values: Values;
  /** As measured, behind what was smoothed. */
  raw?: Values;
  low?: Values;
  high?: Values;
}

interface Props {
  title: string;
  curves: Curve[];
  stages?: Mark[];
  skipped?: Mark[];
  tall?: boolean;
}

const kHeight = 190;
const kTallHeight = 320;
const kKeys = 40; // steps from one end to the other with the arrow keys

export const formatX = (value: number, along: Axis) => (along === 'seconds' ? duration(value) : along === 'tokens' ? short(value, 3) : whole(value));

/** Many points would be one thick line. */
const kMostDots = 60;
const hasDots = (curve: Curve) => Boolean(curve.sparse) && curve.x.length <= kMostDots;

const colourOf = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function table(curves: Curve[]): uPlot.AlignedData {
  const tables = curves.map((curve) => {
    const columns = [curve.x, curve.values];
    if (curve.raw) columns.push(curve.raw, curve.low ?? curve.raw, curve.high ?? curve.raw);
    return columns as unknown as uPlot.AlignedData;
  });
  if (!tables.length) return [[]];
  return tables.length === 1 ? tables[0]! : uPlot.join(tables);
}

function seriesOptions(curves: Curve[]): { series: uPlot.Series[]; bands: uPlot.Band[] } {
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const curve of curves) {
    const { label, colour, sparse, raw } = curve;
    const stroke = () => colourOf(colour);
    series.push({
      label,
      stroke,
      width: sparse ? 2 : 1.75,
      spanGaps: true,
      ...(sparse ? { dash: [5, 4] } : {}),
      points: hasDots(curve) ? { show: true, size: 6, fill: stroke } : { show: false },
    });
    if (!raw) continue;
    const faint = () => `color-mix(in srgb, ${colourOf(colour)} 30%, transparent)`;
    const none = { show: false };
    series.push({ label, stroke: faint, width: 1, spanGaps: true, points: none });
    const at = series.length;
    const edge = { label, stroke: 'transparent', width: 0, spanGaps: true, points: none };
    series.push(edge, edge);
    bands.push({ series: [at + 1, at], fill: () => `color-mix(in srgb, ${colourOf(colour)} 12%, transparent)` });
  }
  return { series, bands };
}

/** Upright lines where stages begin, small triangles where steps were skipped. */
function drawMarks(plot: uPlot, stages: Mark[], skipped: Mark[]) {
  const { ctx, bbox } = plot;
  const along = axis.peek();
  const place = (mark: Mark) => plot.valToPos(mark[along], 'x', true);
  const inside = (x: number) => x >= bbox.left && x <= bbox.left + bbox.width;
  const pixel = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colourOf('--muted');
  ctx.font = `${11 * pixel}px ${colourOf('--font')}`;
  ctx.lineWidth = pixel;
  for (const stage of stages.slice(1).filter((mark) => inside(place(mark)))) {
    const x = Math.round(place(stage)) + 0.5;
    ctx.setLineDash([2 * pixel, 3 * pixel]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(stage.text, x + 4 * pixel, bbox.top + 12 * pixel);
  }
  ctx.fillStyle = colourOf('--danger');
  for (const skip of skipped.filter((mark) => inside(place(mark)))) {
    const x = place(skip);
    const y = bbox.top + bbox.height;
    ctx.beginPath();
    ctx.moveTo(x, y - 7 * pixel);
    ctx.lineTo(x - 4 * pixel, y);
    ctx.lineTo(x + 4 * pixel, y);
    ctx.fill();
  }
  ctx.restore();
}

/** What can be drawn on a scale of powers. */
const positive = (values: Values) => values.map((value) => (value !== null && value > 0 ? value : null));

export function Chart({ title, curves: given, stages = [], skipped = [], tall = false }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const marks = useRef({ stages, skipped });
  marks.current = { stages, skipped };
  const [anchor, setAnchor] = useState<number | null>(null);
  const log = logarithmic.value;
  const along = axis.value;
  const height = tall ? kTallHeight : kHeight;
  const curves = log
    ? given.map((curve) => ({
        ...curve,
        values: positive(curve.values),
        ...(curve.raw ? { raw: positive(curve.raw), low: positive(curve.low ?? curve.raw), high: positive(curve.high ?? curve.raw) } : {}),
      }))
    : given;
  const data = useMemo(() => table(curves), [given, log]);
  // What makes another chart of it; values alone do not.
  const kind = [title, log, along, theme.value, language.value, height, ...curves.map((curve) => `${curve.label}${curve.colour}${Boolean(curve.raw)}${hasDots(curve)}`)].join();

  useEffect(() => {
    const element = box.current!;
    const line = { stroke: () => colourOf('--line'), width: 1 };
    const text = { stroke: () => colourOf('--muted'), font: `11px ${colourOf('--font')}`, ticks: { show: false }, grid: line };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height,
        ...seriesOptions(curves),
        legend: { show: false },
        scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
        axes: [
          { ...text, grid: { show: false }, size: 30, values: (_, ticks) => ticks.map((tick) => formatX(tick, along)), space: 70 },
          { ...text, size: 56, values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : short(tick))) },
        ],
        cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 7 }, y: false },
        hooks: {
          setCursor: [
            (self) => {
              if (self.cursor.event) cursor.value = (self.cursor.left ?? -1) >= 0 ? self.posToVal(self.cursor.left!, 'x') : null;
            },
          ],
          setSelect: [
            (self) => {
              if (self.select.width < 6) return;
              void zoomTo(self.posToVal(self.select.left, 'x'), self.posToVal(self.select.left + self.select.width, 'x'));
              self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
            },
          ],
          draw: [(self) => drawMarks(self, marks.current.stages, marks.current.skipped)],
        },
      },
      data,
      element,
    );
    plot.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const redraw = () => made.redraw(false);
    dark.addEventListener('change', redraw);
    return () => {
      dark.removeEventListener('change', redraw);
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [kind]);

  useEffect(() => plot.current?.setData(data), [data]);

  // The crosshair follows the pointer on any chart.
  const at = cursor.value;
  useEffect(() => {
    const self = plot.current;
    if (!self || self.cursor.event) return;
    self.setCursor(at === null ? { left: -10, top: -10 } : { left: self.valToPos(at, 'x'), top: 10 }, false);
  }, [at]);

  function onKey(event: KeyboardEvent) {
    const { min = 0, max = 0 } = plot.current?.scales['x'] ?? {};
    const now = cursor.peek() ?? max;
    const step = (max - min) / kKeys;
    const places: Record<string, number> = { ArrowLeft: now - step, ArrowRight: now + step, Home: min, End: max };
    const place = places[event.key];
    if (place !== undefined) {
      cursor.value = Math.min(max, Math.max(min, place));
    } else if (event.key === 'Enter') {
      if (anchor === null) return setAnchor(now);
      setAnchor(null);
      if (now !== anchor) void zoomTo(Math.min(anchor, now), Math.max(anchor, now));
    } else if (event.key === 'Escape' && (zoom.peek() || cursor.peek() !== null)) {
      setAnchor(null);
      cursor.value = null;
      resetZoom();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  const readable = given.filter((curve) => curve.x.length);
  const read = (curve: Curve) => (at === null ? curve.values.findLast((value) => value !== null) : valueAt(curve.values, curve.x, at));
  return (
    <figure class={`chart${tall ? ' tall' : ''}`}>
      <figcaption>
        <h3>{title}</h3>
        <span class="readout" aria-live="polite">
          {anchor !== null && <em>{l('markSet', { x: formatX(anchor, along) })}</em>}
          {at !== null && <em>{formatX(at, along)}</em>}
          {readable.map((curve) => (
            <span key={curve.label}>
              <i class={curve.sparse ? 'dashed' : ''} style={{ color: `var(${curve.colour})` }} aria-hidden="true" />
              {curve.label} <b>{short(read(curve))}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div
        ref={box}
        class="plot"
        style={{ height: `${height}px` }}
        tabIndex={0}
        role="group"
        aria-label={l('chartKeys', { name: title })}
        onKeyDown={onKey}
        onMouseLeave={() => (cursor.value = null)}
        onDblClick={resetZoom}
      />
    </figure>
  );
}

/** The numbers of a chart's curves at some places, for who cannot see it. */
export function CurveTable({ curves }: { curves: Curve[] }) {
  const along = axis.value;
  const ends = curves.map((curve) => curve.x.at(-1) ?? 0);
  const end = Math.max(0, ...ends);
  const longest = curves[ends.indexOf(end)]?.x ?? [];
  const kRows = 20;
  const rows = [...new Set(Array.from({ length: kRows }, (_, row) => longest[Math.max(0, lastAt(longest, (end * (row + 1)) / kRows))]!))];
  return (
    <table class="numbers-table">
      <thead>
        <tr>
          <th scope="col">{l(along === 'seconds' ? 'time' : along)}</th>
          {curves.map((curve) => (
            <th key={curve.label} scope="col">
              {curve.label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.filter((row) => row !== undefined).map((row) => (
          <tr key={row}>
            <th scope="row">{formatX(row, along)}</th>
            {curves.map((curve) => (
              <td key={curve.label}>{short(valueAt(curve.values, curve.x, row))}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
