import { describe, expect, test } from 'vitest';
import { uniformGrid } from '../../src/lib/data';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { type DType, Matrix } from '../../src/lib/linalg/matrix';
import { relativeError, weightedNorm } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-nodes.json';

const functions: Record<string, (x: number) => number> = {
  'exp(sin 2πx)': (x) => Math.exp(Math.sin(2 * Math.PI * x)),
  'exp(3x)': (x) => Math.exp(3 * x),
  'cos(exp(3x))': (x) => Math.cos(Math.exp(3 * x)),
};

/** Values at some nodes and weights, one of which is 0. */
function drawn(name: string, dtype: DType = 'float64') {
  const rng = random(name);
  const [n, r] = [2 + Math.floor(rng.uniform(0, 40)), 1 + Math.floor(rng.uniform(0, 4))];
  const g = new Matrix(n, r, rng.fill(Matrix.zeros(n, r, dtype).data, 'normal'));
  const weights = rng.fill(new Float64Array(n), 'uniform').fill(0, 0, 1);
  return { g, weights, n, r };
}
const draws = Array.from({ length: 12 }, (_, k) => `draw ${k}`);

describe('a weighted norm', () => {
  test.each(fixture.norms)(
    'of $name on $N intervals is scipy’s trapezoidal rule',
    ({ name, a, b, N, norm }) => {
      const { nodes, weights } = uniformGrid(a, b, N);
      expect(weightedNorm(nodes.map(functions[name]), weights)).toBeAllclose(norm, { rtol: 1e-14 });
    },
  );

  test('of a periodic function on its period is its integral: ∫ exp(2 sin 2πx) dx over [−1, 1] is 2 I₀(2)', () => {
    const { nodes, weights } = uniformGrid(-1, 1, 40);
    const g = nodes.map(functions['exp(sin 2πx)']);
    expect(weightedNorm(g, weights)).toBeAllclose(Math.sqrt(2 * 2.2795853023360673), { rtol: 1e-14 });
  });

  test.each(draws)('of a matrix is that of its columns, squared and summed (%s)', (name) => {
    const { g, weights, r } = drawn(name);
    const columns = Array.from({ length: r }, (_, j) => weightedNorm(g.column(j), weights) ** 2);
    expect(weightedNorm(g, weights) ** 2).toBeAllclose(
      columns.reduce((a, b) => a + b),
      { rtol: 1e-14 },
    );
  });

  test.each(draws)('is a norm: homogeneous, and no longer than two sides (%s)', (name) => {
    const { g, weights, n, r } = drawn(name);
    const h = new Matrix(n, r, random(`${name}, h`).fill(new Float64Array(n * r), 'normal'));
    const sum = new Matrix(
      n,
      r,
      g.data.map((v, k) => v + h.data[k]),
    );
    const [a, b] = [weightedNorm(g, weights), weightedNorm(h, weights)];
    expect(weightedNorm(sum, weights)).toBeLessThanOrEqual((a + b) * (1 + 1e-14));
    expect(weightedNorm(sum, weights)).toBeGreaterThanOrEqual(Math.abs(a - b) * (1 - 1e-12));
    // Squares of the first would be 0, of the second infinite.
    for (const c of [-1e-200, 1e200])
      expect(
        weightedNorm(
          g.data.map((v) => c * v),
          Float64Array.from({ length: n * r }, (_, k) => weights[Math.floor(k / r)]),
        ),
      ).toBeAllclose(Math.abs(c) * a, { rtol: 1e-14 });
  });

  test('sums float32 values in float64', () => {
    const { g, weights } = drawn('float32', 'float32');
    expect(weightedNorm(g, weights)).toBe(weightedNorm(g.as('float64'), weights));
  });

  test('of zeros is 0, and sees nothing where the weights are 0', () => {
    expect(weightedNorm([0, 0], [1, 1])).toBe(0);
    expect(weightedNorm([3, 4e9], [4, 0])).toBe(6);
  });

  test('refuses weights of another number, negative ones and what is not finite', () => {
    expect(() => weightedNorm([1, 2], [1])).toThrow(ShapeError);
    expect(() => weightedNorm(Matrix.zeros(2, 3), new Float64Array(6))).toThrow(
      /expected 2, one for each node, got 6/,
    );
    expect(() => weightedNorm([], [])).toThrow(ShapeError);
    expect(() => weightedNorm([1, 2], [1, -1e-9])).toThrow(/weight 1: expected 0 or more, got -1e-9/);
    expect(() => weightedNorm([1, Number.NaN], [1, 1])).toThrow(ValueError);
    expect(() => weightedNorm([1, 2], [Number.POSITIVE_INFINITY, 1])).toThrow(ValueError);
  });
});

describe('a relative error', () => {
  test.each(fixture.norms)('of 1e-11 beside $name on $N intervals is scipy’s', ({ name, a, b, N, error }) => {
    const { nodes, weights } = uniformGrid(a, b, N);
    const y = nodes.map(functions[name]);
    const f = nodes.map((x, i) => y[i] + 1e-11 * Math.cos(40 * x));
    // What is left of 1e-11 beside y in float64.
    expect(relativeError(f, y, weights)).toBeAllclose(error, { rtol: 1e-4 });
  });

  test.each(draws)('is 0 for the function itself, 1 for zero, and the same in any unit (%s)', (name) => {
    const { g, weights, n, r } = drawn(name);
    expect(relativeError(g, g, weights)).toBe(0);
    expect(relativeError(Matrix.zeros(n, r), g, weights)).toBe(1);
    const scaled = (c: number) =>
      new Matrix(
        n,
        r,
        g.data.map((v) => c * v),
      );
    expect(relativeError(scaled(0.75), g, weights)).toBeAllclose(0.25, { rtol: 1e-14 });
    expect(relativeError(scaled(3e5), scaled(4e5), weights)).toBeAllclose(0.25, { rtol: 1e-14 });
  });

  test('takes a vector and a column for the same', () => {
    const { g, weights, n } = drawn('column');
    const y = g.column(0);
    expect(relativeError(new Float64Array(n).fill(1), new Matrix(n, 1, y), weights)).toBe(
      relativeError(new Matrix(n, 1, new Float64Array(n).fill(1)), y, weights),
    );
  });

  test('refuses other shapes, and a function of norm 0', () => {
    expect(() => relativeError(Matrix.zeros(2, 3), Matrix.zeros(3, 2), [1, 1])).toThrow(
      /two of one shape, got 2 × 3 and 3 × 2/,
    );
    expect(() => relativeError([1, 2], [1, 2], [1])).toThrow(ShapeError);
    expect(() => relativeError([1, 2], [0, 5], [1, 0])).toThrow(NumericalError);
    expect(() => relativeError([Number.NaN], [1], [1])).toThrow(/, f, value 0/);
    expect(() => relativeError([1], [Number.NaN], [1])).toThrow(/, y, value 0/);
  });
});
