/**
 * Monomials of the columns of a matrix. Each is an earlier one times a variable, one product a term; a segment is a run
 * of neighbouring terms whose parents are neighbours too and which share the variable, so that it is a product of a
 * contiguous vector and a number. Which segments there are is surrogates/polynomial's business.
 */

import type { Vector } from '../matrix';
import { checkLength, checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

export interface MonomialPlan {
  /** Columns of the matrix. */
  features: number;
  /** Whether each row begins with the constant 1; the features follow. */
  constant: boolean;
  /** (variable, place of the first parent, number of terms) of one segment after the other, in the matrix's precision. */
  segments: Vector;
  /** Terms in a row, the constant and the features included. */
  terms: number;
}

/** out (rows × terms): the monomials of each row of X (rows × features). Apart from X. */
export function monomials(X: Vector, rows: number, plan: MonomialPlan, out: Vector): void {
  const { features, segments, terms } = plan;
  const constant = plan.constant ? 1 : 0;
  const count = segments.length / 3;
  checkLength('monomials, X', X, rows * features);
  checkSame('monomials, segments', segments, segments.length, X);
  checkSame('monomials, out', out, rows * terms, X);
  const loops = shared(X, segments, out);
  if (loops) {
    loops.monomials(at(X), rows, features, at(segments), count, constant, terms, at(out));
    return;
  }
  const operands: Operand[] = [
    { vector: X, use: 'in', per: features },
    { vector: segments, use: 'in', per: 'all' },
    { vector: out, use: 'out', per: terms },
  ];
  stage(rows, terms, operands, true, ({ loops, addresses: [x, plan, o], rows }) =>
    loops.monomials(x, rows, features, plan, count, constant, terms, o),
  );
}
