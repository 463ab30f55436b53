import { describe, expect, test } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { geometricMean, kurtosis, mean } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-nodes.json';

describe('the kurtosis', () => {
  test('of a few numbers is what one works out by hand', () => {
    // mean 3, deviations −2 −1 0 1 2: m₂ = 2, m₄ = 34/5
    expect(kurtosis([1, 2, 3, 4, 5])).toBeCloseTo(34 / 5 / 4, 14);
    expect(kurtosis([0, 1])).toBe(1);
  });

  test('is at least 1, and changes with neither shift nor scale', () => {
    const rng = random('kurtosis');
    for (let draw = 0; draw < 20; draw++) {
      const x = rng.fill(new Float64Array(2 + Math.floor(rng.uniform(0, 50))), 'normal');
      const k = kurtosis(x);
      expect(k).toBeGreaterThanOrEqual(1 - 1e-12);
      expect(kurtosis(x.map((v) => 1e3 - 7 * v))).toBeCloseTo(k, 8);
    }
  });

  test.each([
    ['uniform', 1.8, 4.6],
    ['normal', 3, 24],
    ['laplace', 6, 2600],
  ] as const)('of a %s law is near %d', (law, expected, spread) => {
    const n = 200_000;
    // `spread` bounds n · variance of the sample kurtosis.
    const k = kurtosis(random(law).fill(new Float64Array(n), law));
    expect(Math.abs(k - expected)).toBeLessThan(4 * Math.sqrt(spread / n));
  });

  test('needs values that differ, all finite', () => {
    expect(() => kurtosis([2, 2, 2])).toThrow(NumericalError);
    expect(() => kurtosis([2])).toThrow(ShapeError);
    expect(() => kurtosis([1, Number.NaN])).toThrow(ValueError);
  });
});

describe('the geometric mean', () => {
  test('is scipy’s over eleven orders of magnitude', () => {
    const { values, mean } = fixture.geometricMean;
    expect(geometricMean(values)).toBeAllclose(mean, { rtol: 1e-14 });
  });

  test('of a few numbers is what one works out by hand', () => {
    expect(geometricMean([1e-12, 1e-8])).toBeAllclose(1e-10, { rtol: 1e-14 });
    expect(geometricMean([2, 4, 8])).toBeAllclose(4, { rtol: 1e-15 });
    expect(geometricMean(Float32Array.of(0.5))).toBe(0.5);
  });

  test('lies below the mean, scales with its values, and turns ratios into a ratio', () => {
    const rng = random('geometric mean');
    for (let draw = 0; draw < 20; draw++) {
      const n = 2 + Math.floor(rng.uniform(0, 20));
      const [x, y] = [0, 1].map(() => Float64Array.from({ length: n }, () => 10 ** rng.uniform(-11, 1)));
      expect(geometricMean(x)).toBeLessThan(mean(x));
      expect(geometricMean(x.map((v) => 7e-3 * v))).toBeAllclose(7e-3 * geometricMean(x), { rtol: 1e-13 });
      expect(geometricMean(x.map((v, i) => v / y[i]))).toBeAllclose(geometricMean(x) / geometricMean(y), {
        rtol: 1e-12,
      });
    }
  });

  test('needs positive numbers', () => {
    expect(() => geometricMean([1, 0])).toThrow(/value 1: expected a positive number, got 0/);
    expect(() => geometricMean([-1, 1])).toThrow(ValueError);
    expect(() => geometricMean([1, Number.NaN])).toThrow(ValueError);
    expect(() => geometricMean([])).toThrow(ShapeError);
  });
});
