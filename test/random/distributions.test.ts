import { describe, expect, test } from 'vitest';
import { mean, standardDeviation } from '../../src/lib/metrics';
import { ksStatistic } from '../../src/lib/metrics/kolmogorov-smirnov';
import { type Distribution, random } from '../../src/lib/random';

/** Φ by the series and continued fraction of the incomplete gamma function: independent of the generator. */
function normalCdf(z: number): number {
  const x = (z * z) / 2;
  if (x === 0) return 0.5;
  const factor = Math.exp(-x) * Math.sqrt(x / Math.PI);
  let p: number;
  if (x < 2) {
    let term = 2;
    let sum = term;
    for (let k = 1; k < 60; k++) sum += term *= x / (k + 0.5);
    p = factor * sum;
  } else {
    let f = 0;
    for (let k = 120; k >= 1; k--) f = (k * (0.5 - k)) / (x + 2 * k + 0.5 + f);
    p = 1 - (factor / x) * (x / (x + 0.5 + f));
  }
  return z > 0 ? (1 + p) / 2 : (1 - p) / 2;
}

const cdfs: {
  name: Distribution;
  parameters: [number, number];
  cdf: (a: number, b: number) => (t: number) => number;
}[] = [
  { name: 'uniform', parameters: [-2, 3], cdf: (a, b) => (t) => Math.min(1, Math.max(0, (t - a) / (b - a))) },
  { name: 'normal', parameters: [1, 2.5], cdf: (m, s) => (t) => normalCdf((t - m) / s) },
  {
    name: 'laplace',
    parameters: [-1, 0.05],
    cdf: (m, s) => (t) => (t < m ? Math.exp((t - m) / s) / 2 : 1 - Math.exp((m - t) / s) / 2),
  },
  { name: 'cauchy', parameters: [2, 0.5], cdf: (m, s) => (t) => 0.5 + Math.atan((t - m) / s) / Math.PI },
];

test('the normal distribution function of these tests is right', () => {
  expect([0, 1, -1, 1.959963984540054, 3, -5].map(normalCdf)).toBeAllclose(
    [0.5, 0.8413447460685429, 0.15865525393145707, 0.975, 0.9986501019683699, 2.866515718791939e-7],
    { rtol: 1e-9 },
  );
});

describe.each(cdfs)('$name', ({ name, parameters, cdf }) => {
  const n = 20_000;
  const [a, b] = parameters;

  test.each(['kernelbook', 7, 8])('follows its distribution function (seed %s)', (seed) => {
    const rng = random(seed);
    const draws = Float64Array.from({ length: n }, () =>
      (rng[name] as (a: number, b: number) => number).call(rng, a, b),
    );
    expect(ksStatistic(draws, cdf(a, b)).pValue).toBeGreaterThan(1e-3);
  });

  test.each([Float32Array, Float64Array])('follows it when a %o is filled', (Vector) => {
    const draws = random('filled').fill(new Vector(n), name, a, b);
    expect(ksStatistic(draws, cdf(a, b)).pValue).toBeGreaterThan(1e-3);
  });

  test('would be told from one a tenth wider, and from one slightly shifted', () => {
    const draws = random('power').fill(new Float64Array(n), name, a, b);
    const wider = draws.map((t) => (name === 'uniform' ? 0.5 + 1.1 * (t - 0.5) : a + 1.1 * (t - a)));
    const shifted = draws.map((t) => t + (name === 'uniform' ? 0.25 : 0.08 * b));
    expect(ksStatistic(wider, cdf(a, b)).pValue).toBeLessThan(1e-3);
    expect(ksStatistic(shifted, cdf(a, b)).pValue).toBeLessThan(1e-3);
  });

  test('is filled with the numbers that single draws give', () => {
    const one = random(5);
    const singles = Array.from({ length: 2500 }, () =>
      (one[name] as (a: number, b: number) => number).call(one, a, b),
    );
    expect(random(5).fill(new Float64Array(2500), name, a, b)).toEqual(Float64Array.from(singles));
    expect(random(5).fill(new Float32Array(2500), name, a, b)).toEqual(Float32Array.from(singles));
  });
});

test('normal numbers have the moments of their law, and tails as often as they should', () => {
  const draws = random('moments').fill(new Float64Array(1_000_000), 'normal');
  const moment = (k: number) => draws.reduce((sum, x) => sum + x ** k, 0) / draws.length;
  // Five standard errors each: var x² = 2, var x³ = 15, var x⁴ = 96.
  expect(Math.abs(moment(1))).toBeLessThan(5e-3);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2e-6));
  expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15e-6));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96e-6));
  // Beyond the ziggurat's own tail, which other code draws: 2(1 − Φ(3.4426)) = 5.76e-4.
  const tail = draws.filter((x) => Math.abs(x) > 3.442619855899);
  expect(Math.abs(tail.length - 575.8)).toBeLessThan(5 * Math.sqrt(575.8));
  const beyond = ksStatistic(
    tail.map(Math.abs),
    (t) => (normalCdf(t) - normalCdf(3.442619855899)) / (1 - normalCdf(3.442619855899)),
  );
  expect(beyond.pValue).toBeGreaterThan(1e-3);
});

test('the laws with a variance have it', () => {
  const rng = random('variance');
  expect(standardDeviation(rng.fill(new Float64Array(100_000), 'laplace', 3, 2))).toBeAllclose(
    2 * Math.SQRT2,
    { rtol: 0.02 },
  );
  expect(standardDeviation(rng.fill(new Float64Array(100_000), 'uniform', 3, 9))).toBeAllclose(
    6 / Math.sqrt(12),
    { rtol: 0.01 },
  );
  expect(mean(rng.fill(new Float64Array(100_000), 'laplace', 3, 2))).toBeAllclose(3, { atol: 0.05 });
});

test('Bernoulli numbers are 1 as often as p says, singly and filled', () => {
  const rng = random('coin');
  for (const p of [0, 0.03, 0.5, 0.8, 1]) {
    const n = 50_000;
    const filled = rng.fill(new Float32Array(n), 'bernoulli', p);
    const singles = Float32Array.from({ length: n }, () => rng.bernoulli(p));
    for (const draws of [filled, singles]) {
      expect(draws.every((x) => x === 0 || x === 1)).toBe(true);
      expect(Math.abs(mean(draws) - p)).toBeLessThanOrEqual(5 * Math.sqrt((p * (1 - p)) / n));
    }
  }
});

test('Rademacher signs are even, and neighbours, far ones and words of 32 do not agree more than they should', () => {
  const n = 320_000;
  const signs = random('signs').fill(new Float64Array(n), 'rademacher');
  expect(signs.every((x) => x === 1 || x === -1)).toBe(true);
  const bound = 5 / Math.sqrt(n);
  expect(Math.abs(mean(signs))).toBeLessThan(bound);
  for (const lag of [1, 2, 31, 32, 33, 64, 1024])
    expect(Math.abs(mean(signs.subarray(0, n - lag).map((x, i) => x * signs[i + lag])))).toBeLessThan(
      1.05 * bound,
    );
  const rng = random('single signs');
  expect(Math.abs(mean(Float64Array.from({ length: 40_000 }, () => rng.rademacher())))).toBeLessThan(5 / 200);
});

test('each bit of a word is a fair coin (the generator alone has linear low bits)', () => {
  const rng = random('bits');
  const n = 40_000;
  const ones = new Float64Array(32);
  for (let i = 0; i < n; i++) {
    const word = rng.integer(2 ** 32);
    for (let b = 0; b < 32; b++) ones[b] += (word >>> b) & 1;
  }
  for (const count of ones) expect(Math.abs(count - n / 2)).toBeLessThan(5 * Math.sqrt(n / 4));
});

/** P(χ²_k > x) by Wilson and Hilferty's cube root. */
const chiSquareTail = (x: number, k: number) =>
  1 - normalCdf((Math.cbrt(x / k) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k)));

const chiSquare = (counts: Float64Array, expected: number) =>
  counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);

test.each([2, 3, 10, 97, 1000])('whole numbers below %i are equally likely', (n) => {
  const rng = random(`integers ${n}`);
  const counts = new Float64Array(n);
  for (let i = 0; i < 100 * n; i++) counts[rng.integer(n)]++;
  expect(chiSquareTail(chiSquare(counts, 100), n - 1)).toBeGreaterThan(1e-3);
});

test('whole numbers below 3·2³⁰ and 3·2⁵¹, where a remainder would favour the lower third, are even', () => {
  const rng = random('large');
  for (const n of [3 * 2 ** 30, 3 * 2 ** 51]) {
    const counts = new Float64Array(3);
    for (let i = 0; i < 30_000; i++) counts[Math.floor((3 * rng.integer(n)) / n)]++;
    expect(chiSquareTail(chiSquare(counts, 10_000), 2)).toBeGreaterThan(1e-3);
  }
});

test('all orders of four items are equally likely', () => {
  const rng = random('orders');
  const counts = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const order = rng.permutation(4).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  expect(chiSquareTail(chiSquare(Float64Array.from(counts.values()), 1000), 23)).toBeGreaterThan(1e-3);
});

test('a permutation holds every number once, and shuffle keeps the items', () => {
  expect(random(1).permutation(1000).slice().sort()).toEqual(Uint32Array.from({ length: 1000 }, (_, i) => i));
  expect(random(1).permutation(0)).toEqual(new Uint32Array(0));
  const items = ['a', 'b', 'c', 'd'];
  expect(random(2).shuffle(items)).toBe(items);
  expect([...items].sort()).toEqual(['a', 'b', 'c', 'd']);
});

test('uniform numbers stay below b, also where float32 would round up to it', () => {
  const filled = random('edge').fill(new Float32Array(2_000_000), 'uniform', 0, 1);
  expect(filled.every((x) => x >= 0 && x < 1)).toBe(true);
  const narrow = random('edge').fill(new Float64Array(2000), 'uniform', 1, 1 + 2 * Number.EPSILON);
  expect(narrow.every((x) => x >= 1 && x < 1 + 2 * Number.EPSILON)).toBe(true);
});
