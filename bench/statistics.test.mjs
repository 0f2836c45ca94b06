import assert from "node:assert/strict";
import { test } from "node:test";
import { exponential, makeRandom, median, pairedRatio, parseLengths, quantile, summary, table } from "./statistics.mjs";

test("quantiles lie between neighbours by proportion", () => {
  assert.equal(quantile([], 0.5), null);
  assert.equal(quantile([7], 0.99), 7);
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(quantile([0, 10, 20, 30, 40], 0.9), 36);
  assert.deepEqual(summary([2, 4]), { count: 2, mean: 3, p50: 3, p90: 3.8, p99: 3.98, min: 2, max: 4 });
  assert.equal(summary([]), null);
});

test("a ratio is of pairs, so what slows both down does not change it", () => {
  const { ratio, low, high, pairs } = pairedRatio([2, 20, 6], [1, 10, 2]);
  assert.deepEqual([ratio, low, high, pairs], [2, 2, 3, 3]);
  assert.equal(pairedRatio([], []), null);
  assert.equal(pairedRatio([4, 4, 4], [2]).pairs, 1);
});

test("random numbers repeat with their seed and fill [0, 1)", () => {
  const list = (seed) => Array.from({ length: 20000 }, makeRandom(seed));
  assert.deepEqual(list(7), list(7));
  assert.notDeepEqual(list(7), list(8));
  const numbers = list(7);
  assert.ok(numbers.every((x) => x >= 0 && x < 1));
  assert.ok(Math.abs(numbers.reduce((x, y) => x + y) / numbers.length - 0.5) < 0.01);
});

test("arrivals come at their rate", () => {
  const random = makeRandom(3);
  const waits = Array.from({ length: 20000 }, () => exponential(random, 4));
  assert.ok(Math.abs(waits.reduce((x, y) => x + y) / waits.length - 0.25) < 0.01);
  assert.ok(waits.every((wait) => wait >= 0 && Number.isFinite(wait)));
});

test("lengths are fixed, even or log-normal", () => {
  const draw = (text) => { const random = makeRandom(5); const length = parseLengths(text); return Array.from({ length: 4001 }, () => length(random)); };
  assert.ok(draw("256").every((n) => n === 256));
  const even = draw("10-12");
  assert.deepEqual([...new Set(even)].sort(), [10, 11, 12]);
  const skewed = draw("200~0.5");
  assert.ok(Math.abs(median(skewed) - 200) < 10);
  assert.ok(skewed.every((n) => n >= 1 && n <= 1600));
  for (const wrong of ["", "x", "12-10", "-3", "1~"]) assert.throws(() => parseLengths(wrong), /lengths are/);
});

test("tables line up", () => {
  assert.equal(table(["a", "bb"], [["xyz", 1], ["x", null]]), "a    bb\nxyz   1\nx     -");
  assert.equal(table(["a", "bb"], [["x", "y"]], 2), "a  bb\nx  y");
});
