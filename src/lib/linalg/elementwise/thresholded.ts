/**
 * A step of stochastic descent under an l1 penalty, with all that the next step wants to know, in one pass over memory.
 *
 * The cumulative penalty of Tsuruoka, Tsujii & Ananiadou (ACL 2009) clips each weight towards zero by what it owes: u,
 * the penalty due so far, less q, what it has paid. Where every entry is clipped at every step, as on dense data, the
 * account need not be kept: with v = w − q the clipping is w = S(v, u), the soft threshold S(v, u) = v − clamp(v, −u, u),
 * and a step adds c x to v, whatever the penalty did. (So the method is lazy dual averaging; Xiao, JMLR 11, 2010.) An l2
 * penalty beside it shrinks the weights by f, which takes (1 − f) w from v.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

/**
 * z = factor · w + c x; v ← v + z − w; w ← S(v, threshold). Returns w·next with the new w, for the logit of the next
 * example; `sums` receives Σ |z_j| and, unless the factor is 1, Σ z_j² (else 0). A threshold of 0 or more; all vectors of one
 * length and precision; x and next may be one.
 */
export function thresholdedStep(
  v: Vector,
  w: Vector,
  x: Vector,
  next: Vector,
  c: number,
  factor: number,
  threshold: number,
  sums: [absolutes: number, squares: number],
): number {
  const n = v.length;
  checkSame('thresholdedStep, w', w, n, v);
  checkSame('thresholdedStep, x', x, n, v);
  checkSame('thresholdedStep, next', next, n, v);
  const loops = shared(v, w, x, next);
  if (loops) {
    const product = loops.thresholdedStep(at(v), at(w), at(x), at(next), c, factor, threshold, n);
    sums[0] = loops.stepSum(0);
    sums[1] = loops.stepSum(1);
    return product;
  }
  const operands: Operand[] = [
    { vector: v, use: 'both' },
    { vector: w, use: 'both' },
    { vector: x, use: 'in' },
    { vector: next, use: 'in' },
  ];
  let product = 0;
  sums[0] = sums[1] = 0;
  stage(1, n, operands, false, ({ loops, addresses: [a, b, d, e], cols }) => {
    product += loops.thresholdedStep(a, b, d, e, c, factor, threshold, cols);
    sums[0] += loops.stepSum(0);
    sums[1] += loops.stepSum(1);
  });
  return product;
}
