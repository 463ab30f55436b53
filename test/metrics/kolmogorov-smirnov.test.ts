import { expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { kolmogorovTail, ksStatistic } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-scipy.json';

const { ks } = fixture;

test.each(ks.tails)('P(D ≥ $d) for n = $n is that of scipy', ({ n, d, p }) => {
  expect(kolmogorovTail(n, d)).toBeAllclose(
    p,
    n <= 100 ? { rtol: 1e-9, atol: 1e-13 } : { rtol: 2e-4, atol: 1e-300 },
  );
});

test('one sample: statistic and p-value equal those of scipy', () => {
  const { statistic, pValue } = ksStatistic(ks.uniform.sample, (t) => t);
  expect(statistic).toBeAllclose(ks.uniform.d, { rtol: 1e-12 });
  expect(pValue).toBeAllclose(ks.uniform.p, { rtol: 1e-9 });
});

test('two samples: statistic and exact p-value equal those of scipy, ties and separated samples included', () => {
  const two = ksStatistic(ks.sample, ks.second);
  expect(two.statistic).toBeAllclose(ks.two.d, { rtol: 1e-12 });
  expect(two.pValue).toBeAllclose(ks.two.p, { rtol: 1e-9 });
  // numpy rounds halves to even, which no value here is.
  const tied = ksStatistic(ks.sample.map(Math.round), ks.second.map(Math.round));
  expect(tied.statistic).toBeAllclose(ks.tied.d, { rtol: 1e-12 });
  expect(tied.pValue).toBeAllclose(ks.tied.p, { rtol: 1e-9 });
  const apart = ksStatistic(
    ks.sample,
    ks.second.map((v) => v + 10),
  );
  expect(apart.statistic).toBe(1);
  expect(apart.pValue).toBeAllclose(ks.separate.p, { rtol: 1e-9 });
});

test('p-values under the null are uniform: of 200 tests about a tenth fall below .1', () => {
  const rng = random('null');
  const p = Array.from(
    { length: 200 },
    () => ksStatistic(rng.fill(new Float64Array(60), 'uniform'), (t) => t).pValue,
  );
  expect(ksStatistic(p, (t) => t).pValue).toBeGreaterThan(1e-3);
  const q = Array.from({ length: 200 }, () => {
    const [a, b] = [rng.fill(new Float64Array(45), 'normal'), rng.fill(new Float64Array(80), 'normal')];
    return ksStatistic(a, b).pValue;
  });
  expect(ksStatistic(q, (t) => t).pValue).toBeGreaterThan(1e-3);
});

test('a sample against itself has distance 0 and p-value 1', () => {
  expect(ksStatistic(ks.sample, ks.sample)).toEqual({ statistic: 0, pValue: 1 });
});

test('large samples take the asymptotic law, near the exact one', () => {
  const rng = random('large');
  const [a, b] = [rng.fill(new Float64Array(2100), 'normal'), rng.fill(new Float64Array(2000), 'normal')];
  const asymptotic = ksStatistic(a, b); // 4,200,000 > 4,000,000
  const exact = ksStatistic(a.subarray(0, 1999), b); // below
  expect(asymptotic.pValue).toBeGreaterThan(1e-3);
  expect(exact.pValue).toBeGreaterThan(1e-3);
  expect(
    ksStatistic(
      a,
      b.map((v) => v + 0.3),
    ).pValue,
  ).toBeLessThan(1e-9);
});

test('empty samples, NaN and functions that are no distribution are errors', () => {
  expect(() => ksStatistic([], (t) => t)).toThrow(ShapeError);
  expect(() => ksStatistic([0.5, Number.NaN], (t) => t)).toThrow(ValueError);
  expect(() => ksStatistic([0.5], [Number.NaN])).toThrow(ValueError);
  expect(() => ksStatistic([1.5], (t) => t)).toThrow(/distribution function at 1\.5/);
  expect(() => kolmogorovTail(10, Number.NaN)).toThrow(ValueError);
  expect(() => kolmogorovTail(2.5, 0.3)).toThrow(/whole number of draws.*got n = 2.5/);
});
