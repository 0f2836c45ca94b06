import { describe, expect, it } from 'vitest';
import type { Series } from './api';
import { append, kMostPoints, lastAt, smooth, stepsBetween, thin, valueAt } from './series';

function series(from: number, to: number, stage = 'text'): Series {
  const step = Array.from({ length: to - from + 1 }, (_, at) => from + at);
  const spread = () => ({ mean: step.map((s) => 1 / s), min: step.map((s) => 0.5 / s), max: step.map((s) => 2 / s) });
  return {
    steps_per_point: 1,
    step,
    tokens: step.map((s) => s * 10),
    seconds: step.map((s) => s / 2),
    loss: spread(),
    gradient_norm: spread(),
    learning_rate: spread(),
    tokens_per_second: spread(),
    held_out: { step: [to], tokens: [to * 10], seconds: [to / 2], loss: [3], bits_per_byte: [1] },
    stages: [{ step: from, tokens: from * 10, seconds: from / 2, text: stage }],
    skipped: [{ step: from, tokens: 0, seconds: 0, text: 'why' }],
    n_skipped: 1,
  };
}

describe('curves', () => {
  it('grow; a stage that goes on begins once', () => {
    const grown = append(append(series(1, 10), series(11, 12)), series(13, 14, 'talk'));
    expect(grown.step).toEqual(series(1, 14).step);
    expect(grown.loss.max).toHaveLength(14);
    expect(grown.stages.map((mark) => [mark.step, mark.text])).toEqual([[1, 'text'], [13, 'talk']]);
    expect(grown.held_out.step).toEqual([10, 12, 14]);
    expect(grown.n_skipped).toBe(3);
  });

  it('are thinned without losing a spike or the end', () => {
    const whole = series(1, 11);
    whole.loss.max[4] = 99;
    whole.loss.mean[2] = null;
    const half = thin(whole);
    expect(half.step).toEqual([2, 4, 6, 8, 10, 11]);
    expect(half.loss.max[2]).toBe(99);
    expect(half.loss.mean[1]).toBe(1 / 4);
    expect(half.steps_per_point).toBe(2);
    expect(append(series(1, kMostPoints), series(kMostPoints + 1, kMostPoints + 1)).step.length).toBeLessThan(kMostPoints);
  });

  it('are smoothed from their first point on', () => {
    expect(smooth([4, 4, null, 4], 10)).toEqual([4, 4, null, 4]);
    const calm = smooth([0, 1, 0, 1, 0, 1], 4);
    expect(calm[2]).toBeCloseTo(0.4);
    expect(smooth([5, 4, 3, 2, 1], 4)[2]).toBe(3); // no lag
    expect(smooth([1, 2], 1)).toEqual([1, 2]);
  });

  it('are read at a place', () => {
    expect(lastAt([1, 5, 9], 0)).toBe(-1);
    expect(lastAt([1, 5, 9], 6)).toBe(1);
    expect(valueAt([1, null, 3], [1, 5, 9], 6)).toBe(1);
    expect(valueAt([1], [5], 4)).toBe(null);
  });

  it('know which steps a stretch covers', () => {
    expect(stepsBetween(series(1, 100), 'step', 2.5, 7.2)).toEqual([2, 8]);
    expect(stepsBetween(series(1, 100), 'tokens', 100, 195)).toEqual([10, 20]);
    expect(stepsBetween(series(1, 100), 'seconds', 0, 1e9)).toEqual([1, 100]);
  });
});
