/**
 * The entry-wise half of a kernel: products of Gram matrices, (σ_w² HHᵀ + σ_b²) ∘ (ΔΔᵀ) for a dense layer, and the
 * cosine normalisation K_ij / √(K_ii K_jj). The other half, the Gram matrices, is BLAS.
 */

import { ShapeError, shapeText, ValueError } from '../../errors';
import type { Matrix, Vector } from '../matrix';
import { checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

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
  const more = accumulate ? 1 : 0;
  const loops = shared(A, B, out);
  if (loops) {
    loops.hadamard(at(A), at(B), at(out), alpha, shiftA, shiftB, more, A.length);
    return;
  }
  const operands: Operand[] = [
    { vector: A, use: 'in' },
    { vector: B, use: 'in' },
    { vector: out, use: accumulate ? 'both' : 'out' },
  ];
  stage(1, A.length, operands, false, ({ loops, addresses: [a, b, o], cols }) =>
    loops.hadamard(a, b, o, alpha, shiftA, shiftB, more, cols),
  );
}

/** 2⁻ᵏ with 1 ≤ a · 4⁻ᵏ < 4, so that a product with a neither overflows nor underflows; 1 for a = 0. */
function evenPower(a: number): number {
  return a === 0 ? 1 : 2 ** -Math.floor(Math.log2(a) / 2);
}

function checkDiagonal(what: string, diagonal: Vector): void {
  for (let i = 0; i < diagonal.length; i++)
    if (!(diagonal[i] >= 0 && diagonal[i] < Infinity))
      throw new ValueError({
        what,
        expected: 'finite values, 0 or more: the diagonal of a kernel',
        got: `${diagonal[i]} at ${i}`,
        todo: 'A kernel K(x, x) is a squared norm; compute the diagonal in float64 if it comes out negative.',
      });
}

/**
 * K_ij ← K_ij / √(a_i b_j), in place; a row or column whose a or b is 0 becomes 0. When a and b are K's own
 * diagonal the result's diagonal is exactly 1. Throws a ValueError when a or b holds a negative or no finite number.
 */
export function cosineNormalise(K: Matrix, a: Vector, b: Vector): void {
  checkSame('cosineNormalise, a', a, K.rows, K.data);
  checkSame('cosineNormalise, b', b, K.cols, K.data);
  checkDiagonal('cosineNormalise, a', a);
  checkDiagonal('cosineNormalise, b', b);
  const { rows, cols, data } = K;
  const loops = shared(data, b);
  const step = cols * data.BYTES_PER_ELEMENT;
  if (loops) {
    for (let i = 0; i < rows; i++) {
      const factor = evenPower(a[i]);
      loops.cosineRow(at(data) + i * step, at(b), a[i] * factor * factor, factor, cols);
    }
    return;
  }
  const operands: Operand[] = [
    { vector: data, use: 'both' },
    { vector: b, use: 'in', per: 'columns' },
  ];
  stage(rows, cols, operands, false, (tile) => {
    for (let i = 0; i < tile.rows; i++) {
      const factor = evenPower(a[tile.row + i]);
      const [k, other] = tile.addresses;
      tile.loops.cosineRow(k + i * step, other, a[tile.row + i] * factor * factor, factor, tile.cols);
    }
  });
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
  const { rows, cols } = A;
  const loops = shared(A.data, B.data, out);
  if (loops) {
    loops.rowDots(at(A.data), at(B.data), rows, cols, at(out), alpha, beta);
    return;
  }
  const inner = shared(A.data, B.data);
  if (inner) {
    // A few results elsewhere are no reason to copy two matrices.
    const step = cols * A.data.BYTES_PER_ELEMENT;
    for (let i = 0; i < rows; i++) {
      const y = alpha * inner.dot(at(A.data) + i * step, at(B.data) + i * step, cols);
      out[i] = beta === 0 ? y : y + beta * out[i];
    }
    return;
  }
  const operands: Operand[] = [
    { vector: A.data, use: 'in' },
    { vector: B.data, use: 'in' },
    { vector: out, use: 'both', per: 1 },
  ];
  stage(rows, cols, operands, true, ({ loops, addresses: [a, b, o], rows }) =>
    loops.rowDots(a, b, rows, cols, o, alpha, beta),
  );
}
