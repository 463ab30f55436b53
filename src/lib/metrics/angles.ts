/**
 * Principal angles between subspaces: how far the span of one set of directions is from that of another.
 *
 * Å. Björck, G. H. Golub, "Numerical methods for computing angles between linear subspaces", Math. Comp. 27, 1973.
 * A. V. Knyazev, M. E. Argentati, "Principal angles between subspaces in an A-based scalar product", SIAM J. Sci.
 * Comput. 23, 2002 (sines for the small angles).
 */

import { NumericalError, ShapeError, shapeText } from '../errors';
import { gemm, type Matrix, svd } from '../linalg';
import { checkFinite } from './checks';

/**
 * The principal angles between the column spaces of A (n × p) and B (n × q), in radians, smallest first:
 * θ_k = min ∠(a, b) over unit vectors of the two spaces orthogonal to the earlier pairs; min(rank A, rank B) of them,
 * each in [0, π/2]. Computed in float64; cosines are the singular values of Q_AᵀQ_B, and where these are near 1, too
 * flat to tell small angles apart, sines are taken from Q_B − Q_A Q_AᵀQ_B. Throws a ShapeError for different numbers of rows or
 * no columns, a ValueError for NaN or infinity, a NumericalError for a zero matrix.
 */
export function principalAngles(A: Matrix, B: Matrix): Float64Array {
  if (A.rows !== B.rows || A.cols === 0 || B.cols === 0 || A.rows === 0)
    throw new ShapeError({
      what: 'principalAngles(A, B)',
      expected: 'two matrices with columns in one space (equal numbers of rows)',
      got: `${shapeText(A.shape)} and ${shapeText(B.shape)}`,
      todo: 'Put the spanning directions in the columns.',
    });
  let QA = orthonormalBasis('principalAngles, A', A);
  let QB = orthonormalBasis('principalAngles, B', B);
  if (QB.cols > QA.cols) [QA, QB] = [QB, QA]; // the smaller space is projected on the larger
  const overlap = gemm(QA, QB, { transposeA: true });
  const cosines = svd(overlap).s; // descending: angles ascending
  const outside = gemm(QA, overlap, { alpha: -1, beta: 1, out: QB.copy() });
  const sines = svd(outside).s.slice().reverse(); // ascending: angles ascending
  return Float64Array.from(cosines, (cosine, k) =>
    cosine * cosine >= 0.5 ? Math.asin(Math.min(1, sines[k])) : Math.acos(Math.min(1, cosine)),
  );
}

/** The left singular vectors whose singular values count: a basis of the column space, n × rank. */
function orthonormalBasis(what: string, A: Matrix): Matrix {
  checkFinite(what, A.data, 1);
  const { U, s } = svd(A.as('float64'));
  const epsilon = A.dtype === 'float32' ? 2 ** -23 : Number.EPSILON;
  const threshold = s[0] * Math.max(A.rows, A.cols) * epsilon;
  let rank = 0;
  while (rank < s.length && s[rank] > threshold) rank++;
  if (rank === 0)
    throw new NumericalError({
      what,
      expected: 'a matrix that is not zero',
      got: `${shapeText(A.shape)} zeros`,
      todo: 'A zero matrix spans no space to measure an angle to.',
    });
  return U.transpose().slice(0, rank).transpose();
}
