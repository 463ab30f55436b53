/**
 * The two passes over all examples of which a step of sequential minimal optimisation consists (surrogates/smo.ts; Fan,
 * Chen & Lin, JMLR 6, 2005). "Up" and "low" are sets of examples, each given by a shift: `up` is 0 in its set and −∞
 * outside, `low` is 0 in its set and ∞ outside, so that a largest over "up" and a least over "low" need no branch.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

/**
 * r ← r − t (x − y). Returns the place of the largest r over "up", the first of equals, or −1 where the set is empty;
 * `extremes` receives that r, and the least r over "low" (−∞ and ∞ for an empty set). Vectors of one length and
 * precision, without NaN; x and y may be one.
 */
export function pairStep(
  r: Vector,
  up: Vector,
  low: Vector,
  x: Vector,
  y: Vector,
  t: number,
  extremes: [largest: number, least: number],
): number {
  const n = r.length;
  checkSame('pairStep, up', up, n, r);
  checkSame('pairStep, low', low, n, r);
  checkSame('pairStep, x', x, n, r);
  checkSame('pairStep, y', y, n, r);
  const loops = shared(r, up, low, x, y);
  if (loops) {
    const place = loops.pairStep(at(r), at(up), at(low), at(x), at(y), t, n);
    extremes[0] = loops.pairExtreme(0);
    extremes[1] = loops.pairExtreme(1);
    return place;
  }
  const operands: Operand[] = [
    { vector: r, use: 'both' },
    { vector: up, use: 'in' },
    { vector: low, use: 'in' },
    { vector: x, use: 'in' },
    { vector: y, use: 'in' },
  ];
  let best = -1;
  extremes[0] = Number.NEGATIVE_INFINITY;
  extremes[1] = Number.POSITIVE_INFINITY;
  stage(1, n, operands, false, ({ loops, addresses: [a, b, c, d, e], cols, col }) => {
    const place = loops.pairStep(a, b, c, d, e, t, cols);
    const largest = loops.pairExtreme(0);
    if (largest > extremes[0]) {
      extremes[0] = largest;
      best = col + place;
    }
    extremes[1] = Math.min(extremes[1], loops.pairExtreme(1));
  });
  return best;
}

/**
 * The place of "low" below `top` with the largest (top − r)² / max(least, own + d − 2x), the first of equals, or −1
 * where no r of "low" is below `top`: the partner of the example whose r is `top`, whose row of the kernel is x and
 * whose place on its diagonal d holds `own`. `least` > 0; vectors of one length and precision, without NaN.
 */
export function pairPartner(
  r: Vector,
  low: Vector,
  x: Vector,
  d: Vector,
  { top, own, least }: { top: number; own: number; least: number },
): number {
  const n = r.length;
  checkSame('pairPartner, low', low, n, r);
  checkSame('pairPartner, x', x, n, r);
  checkSame('pairPartner, d', d, n, r);
  const loops = shared(r, low, x, d);
  if (loops) return loops.pairPartner(at(r), at(low), at(x), at(d), top, own, least, n);
  const operands: Operand[] = [
    { vector: r, use: 'in' },
    { vector: low, use: 'in' },
    { vector: x, use: 'in' },
    { vector: d, use: 'in' },
  ];
  let best = -1;
  let gain = 0;
  stage(1, n, operands, false, ({ loops, addresses: [a, b, c, e], cols, col }) => {
    const place = loops.pairPartner(a, b, c, e, top, own, least, cols);
    if (loops.pairExtreme(0) > gain) {
      gain = loops.pairExtreme(0);
      best = col + place;
    }
  });
  return best;
}
