import { describe, expect, test } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { kurtosis } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';

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
