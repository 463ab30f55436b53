/**
 * The matrix product as the layers call it: many small ones, whose shapes fit by construction, in loops that must
 * not allocate. So it is the backend's own call, without the checks and the options of linalg's `gemm`, which for a
 * batch of four examples cost as much as the product.
 */

import { backend } from '../linalg';
import type { Matrix } from '../linalg/matrix';

/** out = alpha A B + beta out. */
export function product(A: Matrix, B: Matrix, alpha: number, beta: number, out: Matrix): Matrix {
  const { rows: m, cols: k } = A;
  const n = B.cols;
  backend().gemm(false, false, m, n, k, alpha, A.data, k, B.data, n, beta, out.data, n);
  return out;
}

/** out = alpha A Bᵀ + beta out. */
export function productTransposeB(A: Matrix, B: Matrix, alpha: number, beta: number, out: Matrix): Matrix {
  const { rows: m, cols: k } = A;
  const n = B.rows;
  backend().gemm(false, true, m, n, k, alpha, A.data, k, B.data, k, beta, out.data, n);
  return out;
}

/** out = alpha Aᵀ B + beta out. */
export function productTransposeA(A: Matrix, B: Matrix, alpha: number, beta: number, out: Matrix): Matrix {
  const { rows: k, cols: m } = A;
  const n = B.cols;
  backend().gemm(true, false, m, n, k, alpha, A.data, m, B.data, n, beta, out.data, n);
  return out;
}
