import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { argsort, kendallTau, midRanks, pearson, rSquared, spearman } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-scipy.json';

/** Infinities stand as text in the fixture. */
const numbers = (values: (number | string)[]) => values.map(Number);

/** τ-b by its definition, over all pairs. */
function kendallByPairs(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let [difference, untiedX, untiedY] = [0, 0, 0];
  for (let i = 0; i < x.length; i++)
    for (let j = 0; j < i; j++) {
      const sx = Math.sign(x[i] - x[j]);
      const sy = Math.sign(y[i] - y[j]);
      difference += sx * sy;
      untiedX += sx * sx;
      untiedY += sy * sy;
    }
  return difference / Math.sqrt(untiedX * untiedY);
}

describe.each(fixture.pairs)('$name', ({ x, y, kendall, spearman: rho, pearson: r }) => {
  test('Kendall, Spearman and Pearson equal those of scipy', () => {
    const [a, b] = [numbers(x), numbers(y)];
    expect(kendallTau(a, b)).toBeAllclose(kendall, { rtol: 1e-12, atol: 1e-14 });
    expect(spearman(a, b)).toBeAllclose(rho, { rtol: 1e-11, atol: 1e-14 });
    if (r !== null) expect(pearson(a, b)).toBeAllclose(r, { rtol: 1e-11, atol: 1e-14 });
  });

  test('τ-b is symmetric, odd and unmoved by increasing maps', () => {
    const [a, b] = [numbers(x), numbers(y)];
    const tau = kendallTau(a, b);
    expect(kendallTau(b, a)).toBeAllclose(tau, { rtol: 1e-14 });
    expect(
      kendallTau(
        a,
        b.map((v) => -v),
      ),
    ).toBeAllclose(-tau, { rtol: 1e-14 });
    expect(kendallTau(a.map(Math.atan), b)).toBeAllclose(
      kendallTau(
        a.map(Math.atan),
        b.map((v) => v),
      ),
      { rtol: 0 },
    );
  });
});

test.each([2, 3, 7, 8, 9, 31, 100, 257])(
  'τ-b of %i points equals its definition over all pairs, with and without ties',
  (n) => {
    const rng = random(`tau ${n}`);
    for (const levels of [2, 3, n, 1000 * n]) {
      const x = Float32Array.from({ length: n }, () => rng.integer(levels) - levels / 2);
      const y = Float64Array.from({ length: n }, () => rng.integer(levels) / 7);
      x[0] = 1e9;
      y[n - 1] = -1e9;
      expect(kendallTau(x, y)).toBeAllclose(kendallByPairs(x, y), { rtol: 1e-13, atol: 1e-15 });
    }
  },
);

test('τ of a row with itself is 1, with its reverse −1, for 100,000 points', () => {
  const x = random('long').fill(new Float64Array(100_000), 'normal');
  expect(kendallTau(x, x)).toBe(1);
  expect(
    kendallTau(
      x,
      x.map((v) => -v),
    ),
  ).toBe(-1);
});

test('argsort orders stably, doubles of every size and sign', () => {
  const rng = random('sort');
  const values = Float64Array.from({ length: 5000 }, (_, i) =>
    i % 7 === 0 ? 0 : i % 11 === 0 ? -0 : rng.cauchy() * 2 ** (rng.integer(600) - 300),
  );
  const expected = Array.from(values.keys()).sort((i, j) => values[i] - values[j] || i - j);
  expect(Array.from(argsort(values))).toEqual(expected);
  expect(argsort([])).toEqual(new Uint32Array(0));
});

test('equal values share the mean of their ranks', () => {
  expect(midRanks([10, 20, 10, 30, 10])).toEqual(Float64Array.of(2, 4, 2, 5, 2));
});

test('R² equals that of scikit-learn, is 1 for the truth and 0 for its mean', () => {
  const { predicted, actual, r2 } = fixture.regression;
  expect(rSquared(predicted, actual)).toBeAllclose(r2, { rtol: 1e-12 });
  expect(rSquared(actual, actual)).toBe(1);
  expect(rSquared([2, 2, 2], [1, 2, 3])).toBe(0);
  expect(rSquared([0, 0, 9], [1, 2, 3])).toBeLessThan(0);
});

test('what has no rank correlation gives an error that says why', () => {
  const wrong: [() => unknown, new (...args: never[]) => Error, RegExp][] = [
    [() => kendallTau([1, 1, 1], [1, 2, 3]), ValueError, /kendallTau, x: .*got 3 equal ones/],
    [() => kendallTau([1, 2, 3], [4, 4, 4]), ValueError, /kendallTau, y/],
    [() => kendallTau([1, Number.NaN], [1, 2]), ValueError, /kendallTau, x, value 1: .*NaN/],
    [() => kendallTau([1, 2], [1, Number.NaN]), ValueError, /kendallTau, y, value 1/],
    [() => kendallTau([1, 2, 3], [1, 2]), ShapeError, /got 3 and 2/],
    [() => kendallTau([1], [1]), ShapeError, /at least 2/],
    [() => pearson([1, 1], [1, 2]), ValueError, /pearson, x/],
    [() => pearson([1, Number.POSITIVE_INFINITY], [1, 2]), ValueError, /finite/],
    [() => spearman([3, 3], [1, 2]), ValueError, /spearman, x/],
    [() => rSquared([1, 2], [5, 5]), ValueError, /rSquared, actual/],
    [() => rSquared([1, Number.NaN], [5, 6]), ValueError, /rSquared, predicted, value 1/],
  ];
  for (const [call, type, message] of wrong) {
    expect(call).toThrow(type);
    expect(call).toThrow(message);
  }
});
