import { describe, expect, it } from 'vitest';
import { Arena, monomials, thresholdedStep } from '../../src/lib/linalg/elementwise';
import { type DType, type Vector, zeros } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';

const dtypes: DType[] = ['float32', 'float64'];
/** Every remainder by two vectors of either precision, and one longer than a staged block. */
const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 466, 5001];

/**
 * The penalty as Tsuruoka, Tsujii & Ananiadou (2009) keep it: z is clipped towards zero by what the weight owes, u − q or
 * u + q, where q is the (signed) penalty that it has paid.
 */
function clip(z: number, q: number, u: number): number {
  if (z > 0) return Math.max(0, z - (u + q));
  if (z < 0) return Math.min(0, z + (u - q));
  return z;
}

describe.each(dtypes)('in %s', (dtype) => {
  describe.each(['an arena', 'ordinary arrays', 'an arena and ordinary arrays'])('on %s', (place) => {
    const arena = new Arena(1 << 20);
    let count = 0;
    const make = (length: number): Vector => {
      const inside = place === 'an arena' || (place !== 'ordinary arrays' && count++ % 2 === 0);
      return inside ? arena.vector(length, dtype) : zeros(length, dtype);
    };
    const near = dtype === 'float32' ? { rtol: 1e-4, atol: 1e-4 } : { rtol: 1e-12, atol: 1e-13 };

    it.each([
      ['l1 alone', 1],
      ['l1 beside a shrinking l2', 0.97],
    ])('thresholded steps are those of the cumulative penalty: %s', (_, factor) => {
      for (const n of lengths) {
        arena.reset();
        const [v, w, x, next] = [make(n), make(n), make(n), make(n)];
        const rng = random(`steps ${n}`);
        const plain = new Float64Array(n);
        const paid = new Float64Array(n);
        const sums: [number, number] = [Number.NaN, Number.NaN];
        let due = 0;
        let zeroed = 0;
        for (let step = 0; step < 40; step++) {
          rng.fill(x, 'normal');
          rng.fill(next, 'normal');
          const c = rng.normal();
          due += 0.3 * rng.uniform();
          let [absolutes, squares, product] = [0, 0, 0];
          for (let j = 0; j < n; j++) {
            const z = factor * plain[j] + c * x[j];
            absolutes += Math.abs(z);
            squares += z * z;
            plain[j] = clip(z, paid[j], due);
            paid[j] += plain[j] - z;
            product += plain[j] * next[j];
            if (plain[j] === 0) zeroed++;
          }
          const got = thresholdedStep(v, w, x, next, c, factor, due, sums);
          const size = { rtol: near.rtol, atol: 10 * n * near.atol };
          expect(got).toBeAllclose(product, size);
          expect(sums[0]).toBeAllclose(absolutes, size);
          expect(sums[1]).toBeAllclose(factor === 1 ? 0 : squares, size);
        }
        expect(w).toBeAllclose(plain, near);
        expect(Array.from(w).filter((value) => value === 0).length).toBe(
          plain.filter((value) => value === 0).length,
        );
        if (n > 100) expect(zeroed).toBeGreaterThan(n);
      }
    });

    it('a step takes one row as both, and keeps what is not finite', () => {
      const n = 11;
      const [v, w, x] = [make(n), make(n), make(n)];
      x.fill(2);
      const sums: [number, number] = [0, 0];
      expect(thresholdedStep(v, w, x, x, 1.5, 1, 0.5, sums)).toBeAllclose(n * 2.5 * 2);
      expect(Array.from(v)).toEqual(new Array(n).fill(3));
      expect(sums).toEqual([3 * n, 0]);
      for (const j of [2, n - 1])
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          x.fill(2);
          x[j] = bad;
          v.fill(0);
          w.fill(0);
          expect(Number.isFinite(thresholdedStep(v, w, x, x, 1, 1, 0.5, sums))).toBe(false);
          expect(Number.isFinite(w[j])).toBe(false);
          // An update of nothing times infinity is not nothing.
          v.fill(0);
          thresholdedStep(v, w, x, x, 0, 1, 0.5, sums);
          expect(w[j]).toBeNaN();
        }
    });

    it('monomials are products of an earlier one and a variable, in the digits of the language', () => {
      const rng = random('plans');
      const round = dtype === 'float32' ? Math.fround : (value: number) => value;
      for (const constant of [true, false])
        for (const [features, rows] of [
          [1, 1],
          [2, 3],
          [3, 700],
          [6, 40],
          [23, 5],
        ]) {
          arena.reset();
          // Any plan will do whose parents come before: here each run has its end somewhere in what there is.
          const segments: number[] = [];
          let terms = features + (constant ? 1 : 0);
          for (let k = 0; k < 12; k++) {
            const first = rng.integer(terms);
            const run = 1 + rng.integer(Math.min(terms - first, 60));
            segments.push(rng.integer(features), first, run);
            terms += run;
          }
          const X = make(rows * features);
          rng.fill(X, 'normal');
          const plan = make(segments.length);
          plan.set(segments);
          const out = make(rows * terms);
          out.fill(Number.NaN);
          monomials(X, rows, { features, constant, segments: plan, terms }, out);
          const expected: number[] = [];
          for (let i = 0; i < rows; i++) {
            const start = i * terms;
            if (constant) expected.push(1);
            for (let j = 0; j < features; j++) expected.push(X[i * features + j]);
            for (let k = 0; k < segments.length; k += 3)
              for (let j = 0; j < segments[k + 2]; j++)
                expected.push(round(X[i * features + segments[k]] * expected[start + segments[k + 1] + j]));
          }
          expect(Array.from(out)).toEqual(expected);
        }
    });
  });
});
