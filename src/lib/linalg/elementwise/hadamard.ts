/**
 * The entry-wise half of a kernel: products of Gram matrices, (σ_w² HHᵀ + σ_b²) ∘ (ΔΔᵀ) for a dense layer, and the
 * cosine normalisation K_ij / √(K_ii K_jj). The other half, the Gram matrices, is BLAS.
 */

import { ShapeError, shapeText } from '../../errors';
import type { Matrix, Vector } from '../matrix';
import { checkSame } from './operands';
import * as plain from './plain';

export interface HadamardOptions {
  /** alpha (default 1). */
  alpha?: number;
  /** c₁, added to every entry of A (default 0). */
  shiftA?: number;
  /** c₂, added to every entry of B (default 0). */
  shiftB?: number;
  /** Add to `out` instead of overwriting it (default false). */
  accumulate?: boolean;
}

/** out (+)= alpha (A + c₁) ∘ (B + c₂), over all entries; `out` may be A or B. */
export function hadamard(A: Vector, B: Vector, out: Vector, options: HadamardOptions = {}): void {
  const { alpha = 1, shiftA = 0, shiftB = 0, accumulate = false } = options;
  checkSame('hadamard, B', B, A.length, A);
  checkSame('hadamard, out', out, A.length, A);
  plain.hadamard(A, B, out, alpha, shiftA, shiftB, accumulate);
}

/** K_ij ← K_ij / √(a_i b_j), in place; a row or column whose a or b is 0 becomes 0. */
export function cosineNormalise(K: Matrix, a: Vector, b: Vector): void {
  checkSame('cosineNormalise, a', a, K.rows, K.data);
  checkSame('cosineNormalise, b', b, K.cols, K.data);
  plain.cosineNormalise(K, a, b);
}

/** out_i = beta · out_i + alpha Σ_j A_ij B_ij: squared row norms when B is A. */
export function rowDots(A: Matrix, B: Matrix, out: Vector, alpha = 1, beta = 0): void {
  if (A.rows !== B.rows || A.cols !== B.cols)
    throw new ShapeError({
      what: 'rowDots, B',
      expected: shapeText(A.shape),
      got: shapeText(B.shape),
      todo: 'Give two matrices of one shape.',
    });
  checkSame('rowDots, B', B.data, A.data.length, A.data);
  checkSame('rowDots, out', out, A.rows, A.data);
  plain.rowDots(A, B, out, alpha, beta);
}
