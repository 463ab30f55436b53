import { describe, expect, it } from 'vitest';
import { Arena, exp, expm1, log, log1p, sigmoid, softplus, tanh } from '../../src/lib/linalg/elementwise';
import { type DType, type Vector, zeros } from '../../src/lib/linalg/matrix';
import fixture from '../fixtures/linalg-elementwise.json';

const functions = { exp, expm1, log, log1p, sigmoid, softplus, tanh };
type Name = keyof typeof functions;
const names = Object.keys(functions) as Name[];
const dtypes: DType[] = ['float32', 'float64'];

/** The distance between a float and the next, at y. */
function ulp(y: number, dtype: DType): number {
  const [digits, least] = dtype === 'float32' ? [23, -149] : [52, -1074];
  const exponent = Math.floor(Math.log2(Math.abs(y)));
  return 2 ** Math.max(Number.isFinite(exponent) ? exponent - digits : least, least);
}

function apply(name: Name, x: ArrayLike<number>, dtype: DType): Vector {
  const input = zeros(x.length, dtype);
  input.set(x);
  const out = zeros(x.length, dtype);
  functions[name](input, out);
  return out;
}

/**
 * Worst errors in units in the last place, as measured and a little more. (Float64 is compared with values that are
 * themselves rounded, so its errors come out whole.)
 */
const bounds: Record<Name, [float32: number, float64: number]> = {
  exp: [1, 1.5],
  expm1: [1.25, 2.5],
  log: [1, 1.5],
  log1p: [1, 1.5],
  sigmoid: [1.75, 2.5],
  softplus: [1.75, 2.5],
  tanh: [2, 2.5],
};

describe.each(dtypes)('functions in %s', (dtype) => {
  const which = dtype === 'float32' ? 0 : 1;
  const largest = dtype === 'float32' ? 3.4028235677973366e38 : Infinity;

  it.each(names)('%s is within its bound of 60-digit values, tails and denormals included', (name) => {
    const { x, y } = fixture[name];
    const got = apply(name, x, dtype);
    let worst = 0;
    let where = Number.NaN;
    x.forEach((_, i) => {
      const exact = y[i];
      if (exact === null || Math.abs(exact) >= largest) {
        expect(got[i]).toBe(Infinity);
        return;
      }
      const error = Math.abs(got[i] - exact) / ulp(exact, dtype);
      if (!(error <= worst)) {
        worst = error;
        where = x[i];
      }
    });
    expect(worst, `at ${where}`).toBeLessThan(bounds[name][which]);
  });

  it('follows Math over a dense grid', () => {
    const grid = Float64Array.from({ length: 40001 }, (_, i) => Math.fround((i - 20000) / 1000));
    const rounding = dtype === 'float32' ? 2 ** -22.5 : 2 ** -50.5;
    for (const name of ['exp', 'expm1', 'tanh'] as const)
      expect(apply(name, grid, dtype)).toBeAllclose(Array.from(grid, Math[name]), { rtol: rounding });
    const positive = grid.map((v) => Math.fround(Math.abs(v) + 2 ** -10));
    for (const name of ['log', 'log1p'] as const)
      expect(apply(name, positive, dtype)).toBeAllclose(Array.from(positive, Math[name]), {
        rtol: rounding,
      });
  });

  it('keeps NaN, and gives the limits at the infinities', () => {
    const limits: Record<Name, [minus: number, plus: number]> = {
      exp: [0, Infinity],
      expm1: [-1, Infinity],
      log: [Number.NaN, Infinity],
      log1p: [Number.NaN, Infinity],
      sigmoid: [0, 1],
      softplus: [0, Infinity],
      tanh: [-1, 1],
    };
    for (const name of names)
      expect(Array.from(apply(name, [Number.NaN, -Infinity, Infinity], dtype))).toEqual([
        Number.NaN,
        ...limits[name],
      ]);
    expect(Array.from(apply('log', [0, -0, -1], dtype))).toEqual([-Infinity, -Infinity, Number.NaN]);
    expect(Array.from(apply('log1p', [-1, -1.5], dtype))).toEqual([-Infinity, Number.NaN]);
  });

  it('keeps the sign of zero, and denormals, where f(x) ≈ x', () => {
    const least = dtype === 'float32' ? 2 ** -149 : Number.MIN_VALUE;
    const small = [-0, 0, least, -least, 3 * least, 1000 * least, -1e-30];
    for (const name of ['expm1', 'log1p', 'tanh'] as const) {
      const got = apply(name, small, dtype);
      const exact = zeros(small.length, dtype);
      exact.set(small);
      expect(Array.from(got)).toEqual(Array.from(exact)); // toEqual tells −0 from 0
    }
  });

  it('gives the same digits at any length and place, in an arena or out of it, in place or not', () => {
    const x = Float64Array.from({ length: 67 }, (_, i) => 0.05 + 0.3 * i);
    const arena = new Arena(1 << 16);
    for (const name of names) {
      const whole = apply(name, x, dtype);
      for (const length of [0, 1, 2, 3, 4, 5, 7, 8, 9, 67])
        for (const offset of [0, 1, 3]) {
          const end = Math.min(offset + length, 67);
          const expected = whole.slice(offset, end);
          expect(apply(name, x.slice(offset, end), dtype)).toEqual(expected);
          arena.reset();
          const inside = arena.vector(67, dtype);
          inside.set(x);
          functions[name](inside.subarray(offset, end));
          expect(inside.slice(offset, end)).toEqual(expected);
          // Nothing beyond the ends is touched.
          const before = zeros(67, dtype);
          before.set(x);
          expect(inside.slice(0, offset)).toEqual(before.slice(0, offset));
          expect(inside.slice(end)).toEqual(before.slice(end));
        }
    }
  });

  it('works through arrays longer than a staged block', () => {
    const x = zeros(50_001, dtype).map((_, i) => Math.sin(i)) as Vector;
    const out = zeros(x.length, dtype);
    tanh(x, out);
    expect(out).toBeAllclose(
      Array.from(x, (v) => Math.tanh(v)),
      { rtol: dtype === 'float32' ? 3e-7 : 1e-15 },
    );
  });
});
