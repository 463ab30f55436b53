import { describe, expect, test } from 'vitest';
import { productGrid, uniformGrid } from '../../src/lib/data';
import { ValueError } from '../../src/lib/errors';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-nodes.json';

/** Intervals and numbers of nodes of all sizes, the study's among them. */
const rng = random('grids');
const drawn = Array.from({ length: 40 }, () => {
  const a = rng.uniform(-10, 10) * 10 ** Math.floor(rng.uniform(-3, 4));
  return [a, a + rng.uniform(0.01, 5), 1 + Math.floor(rng.uniform(0, 500))] as const;
});
const cases = [[-1, 1, 200], [-1, 1, 11], [0, 1, 3], [-0.1, 0.3, 7], [0.1, 0.7, 1], ...drawn] as const;

describe('a uniform grid', () => {
  test.each(fixture.norms)('on [$a, $b] has numpy’s nodes, up to a rounding', ({ a, b, N, nodes }) => {
    const own = uniformGrid(a, b, N).nodes;
    expect(nodes.length).toBeGreaterThan(10);
    expect(own.filter((_, i) => i % Math.floor(N / 10) === 0)).toBeAllclose(nodes, {
      rtol: 0,
      atol: 2 ** -52,
    });
  });

  test.each(cases)(
    'on [%d, %d] of %i intervals begins and ends where it should, and rises evenly',
    (a, b, N) => {
      const { nodes, step, inputs } = uniformGrid(a, b, N);
      expect(nodes).toHaveLength(N + 1);
      expect([nodes[0], nodes[N]]).toEqual([a, b]);
      const rounding = 4 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b));
      for (let i = 0; i < N; i++)
        expect(nodes[i + 1] - nodes[i]).toBeAllclose(step, { rtol: 1e-14, atol: rounding });
      expect(inputs.shape).toEqual([N + 1, 1]);
      expect(inputs.dtype).toBe('float64');
      expect(inputs.column(0)).toEqual(nodes);
    },
  );

  test.each(cases)('on [%d, %d] of %i intervals is part of every finer one, bit for bit', (a, b, N) => {
    const coarse = uniformGrid(a, b, N).nodes;
    for (const tau of [2, 3, 5, 6, 7, 10, 49]) {
      const fine = uniformGrid(a, b, tau * N).nodes;
      expect(fine.filter((_, i) => i % tau === 0)).toEqual(coarse);
    }
  });

  test('has the weights of the trapezoidal rule, whose error for x² is (b − a) step²/6', () => {
    expect(uniformGrid(0, 1, 4).weights).toEqual(Float64Array.of(1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8));
    expect(uniformGrid(-1, 2, 1).weights).toEqual(Float64Array.of(1.5, 1.5));
    for (const [a, b, N] of drawn) {
      const { nodes, weights, step } = uniformGrid(a, b, N);
      const integral = (f: (x: number) => number) => nodes.reduce((sum, x, i) => sum + weights[i] * f(x), 0);
      expect(integral(() => 1)).toBeAllclose(b - a, { rtol: 1e-13 });
      expect(integral((x) => x - a)).toBeAllclose((b - a) ** 2 / 2, { rtol: 1e-10 });
      expect(integral((x) => (x - a) ** 2)).toBeAllclose((b - a) ** 3 / 3 + ((b - a) * step ** 2) / 6, {
        rtol: 1e-10,
      });
    }
  });

  test.each([
    [1, 1, 5, /a < b, got 1 and 1/],
    [2, -2, 5, /a < b/],
    [Number.NaN, 1, 5, /a < b/],
    [0, Number.POSITIVE_INFINITY, 5, /a < b/],
    [0, 1, 0, /a whole number of intervals, 1 or more, got 0/],
    [0, 1, 2.5, /got 2.5/],
  ])('refuses [%d, %d] of %d intervals', (a, b, N, message) => {
    expect(() => uniformGrid(a, b, N)).toThrow(ValueError);
    expect(() => uniformGrid(a, b, N)).toThrow(message);
  });
});

describe('a product grid', () => {
  const train = productGrid(uniformGrid(-1, 1, 11), uniformGrid(-2, 1, 7));
  const fine = productGrid(uniformGrid(-1, 1, 22), uniformGrid(-2, 1, 21));

  test('has each pair of nodes once, at the row that its index says', () => {
    expect(train.shape).toEqual([12, 8]);
    expect(train.inputs.shape).toEqual([96, 2]);
    const [x, y] = train.axes;
    const rows = new Set<number>();
    for (let i = 0; i < 12; i++)
      for (let j = 0; j < 8; j++) {
        const row = train.index(i, j);
        rows.add(row);
        expect([...train.inputs.row(row)]).toEqual([x.nodes[i], y.nodes[j]]);
        expect(train.weights[row]).toBe(x.weights[i] * y.weights[j]);
      }
    expect(rows.size).toBe(96);
    expect(train.weights.reduce((a, b) => a + b)).toBeCloseTo(2 * 3, 13);
  });

  test('is part of a finer one, bit for bit', () => {
    for (let i = 0; i < 12; i++)
      for (let j = 0; j < 8; j++)
        expect(fine.inputs.row(fine.index(2 * i, 3 * j))).toEqual(train.inputs.row(train.index(i, j)));
  });

  test('refuses the index of a node that it does not have', () => {
    for (const [i, j] of [
      [12, 0],
      [0, 8],
      [-1, 0],
      [0.5, 0],
    ])
      expect(() => train.index(i, j)).toThrow(`expected i of 0 … 11 and j of 0 … 7, got (${i}, ${j})`);
  });
});
