import { describe, expect, it } from 'vitest';
import { Arena, pairPartner, pairStep } from '../../src/lib/linalg/elementwise';
import { type DType, type Vector, zeros } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';

const dtypes: DType[] = ['float32', 'float64'];
/** Every remainder by two vectors of either precision, and one longer than a staged block. */
const lengths = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 466, 5001];

describe.each(dtypes)('in %s', (dtype) => {
  describe.each(['an arena', 'ordinary arrays', 'an arena and ordinary arrays'])('on %s', (place) => {
    const arena = new Arena(1 << 20);
    let count = 0;
    const make = (length: number): Vector => {
      const inside = place === 'an arena' || (place !== 'ordinary arrays' && count++ % 2 === 0);
      return inside ? arena.vector(length, dtype) : zeros(length, dtype);
    };
    const round = dtype === 'float32' ? Math.fround : (value: number) => value;

    /** Sets that overlap, as of examples between their bounds, and values of which many are equal. */
    function problem(n: number, seed: string) {
      arena.reset();
      const rng = random(seed);
      const [r, up, low, x, y, d] = [make(n), make(n), make(n), make(n), make(n), make(n)];
      for (let k = 0; k < n; k++) {
        const set = rng.integer(4);
        up[k] = set === 0 ? Number.NEGATIVE_INFINITY : 0;
        low[k] = set === 1 ? Number.POSITIVE_INFINITY : 0;
        r[k] = rng.integer(7) / 4 - 1;
        d[k] = 1 + rng.integer(3);
        x[k] = rng.integer(9) / 4 - 1;
        y[k] = rng.integer(9) / 4 - 1;
      }
      return { r, up, low, x, y, d };
    }

    it('a step takes t (x − y) from r and finds both ends, of equals the first', () => {
      for (const n of lengths) {
        const { r, up, low, x, y } = problem(n, `step ${n}`);
        const extremes: [number, number] = [Number.NaN, Number.NaN];
        for (const t of [0, 0.5, -1.3]) {
          const now = Array.from(r, (v, k) => round(v - round(round(t) * round(x[k] - y[k]))));
          const ups = now.filter((_, k) => up[k] === 0);
          const found = pairStep(r, up, low, x, y, t, extremes);
          expect(Array.from(r)).toEqual(now);
          expect(extremes).toEqual([Math.max(...ups), Math.min(...now.filter((_, k) => low[k] === 0))]);
          expect(found).toBe(now.findIndex((v, k) => up[k] === 0 && v === Math.max(...ups)));
        }
      }
    });

    it('the partner is the one of the largest gain among those below, of equals the first', () => {
      for (const n of lengths)
        for (const top of [1, 0.3, -2]) {
          const { r, low, x, d } = problem(n, `partner ${n}`);
          const gains = Array.from(r, (v, k) =>
            low[k] === 0 && v < top
              ? round(round(round(top) - v) ** 2) / Math.max(round(0.01), round(2 + d[k]) - 2 * x[k])
              : 0,
          ).map(round);
          const best = Math.max(0, ...gains);
          expect(pairPartner(r, low, x, d, { top, own: 2, least: 0.01 })).toBe(
            best > 0 ? gains.indexOf(best) : -1,
          );
        }
    });

    it('the last of many is found, and the first of many that are equal', () => {
      const n = 9001;
      const extremes: [number, number] = [0, 0];
      for (const at of [0, 1, 4095, 4096, 8191, n - 1]) {
        const { r, up, low, x, y, d } = problem(n, 'far');
        r.fill(1);
        up.fill(0);
        low.fill(0);
        expect(pairStep(r, up, low, x, y, 0, extremes)).toBe(0);
        r[at] = 2;
        expect(pairStep(r, up, low, x, y, 0, extremes)).toBe(at);
        expect(extremes).toEqual([2, 1]);
        r[at] = -1;
        x.fill(0);
        d.fill(1);
        expect(pairPartner(r, low, x, d, { top: 1, own: 1, least: 1e-12 })).toBe(at);
        expect(pairPartner(r, low, x, d, { top: 1.5, own: 1, least: 1e-12 })).toBe(at);
        r[at] = 1;
        expect(pairPartner(r, low, x, d, { top: 1.5, own: 1, least: 1e-12 })).toBe(0);
      }
    });

    it('empty sets have no place, and a curvature of zero or less counts as the least', () => {
      const { r, up, low, x, y, d } = problem(37, 'empty');
      up.fill(Number.NEGATIVE_INFINITY);
      low.fill(Number.POSITIVE_INFINITY);
      const extremes: [number, number] = [0, 0];
      expect(pairStep(r, up, low, x, y, 0.5, extremes)).toBe(-1);
      expect(extremes).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
      expect(pairPartner(r, low, x, d, { top: 5, own: 1, least: 0.5 })).toBe(-1);
      low.fill(0);
      r.fill(0);
      x.fill(0);
      d.fill(0);
      d[11] = -7; // curvature 1 − 7: ½, below the 1 of the others
      expect(pairPartner(r, low, x, d, { top: 1, own: 1, least: 0.5 })).toBe(11);
      d[5] = -0.5; // ½ as well
      expect(pairPartner(r, low, x, d, { top: 1, own: 1, least: 0.5 })).toBe(5);
    });

    it('refuses vectors of another length', () => {
      const [a, b] = [make(4), make(5)];
      expect(() => pairStep(a, a, a, b, a, 0, [0, 0])).toThrow(/pairStep, x: expected 4 entries, got 5/);
      expect(() => pairPartner(a, b, a, a, { top: 0, own: 0, least: 1 })).toThrow(/pairPartner, low/);
    });
  });
});
