/**
 * Eigenvalues of symmetric matrices: A = V diag(w) Vᵀ (LAPACK's divide and conquer, ?SYEVD: Gu & Eisenstat, SIAM J.
 * Matrix Anal. Appl. 16, 1995; the portable path: Householder tridiagonalisation and implicit QL).
 */

import { backend } from './blas';
import { checkSymmetric } from './check';
import { type Matrix, type Vector, zeros } from './matrix';
import { later, now, type Steps } from './steps';

export interface Eigh {
  /** Eigenvalues, ascending. */
  values: Vector;
  /** n × n, orthogonal: column j belongs to value j. */
  vectors: Matrix;
}

function* eighSteps(A: Matrix): Steps<Eigh> {
  checkSymmetric('eigh', A);
  const vectors = A.copy();
  if (A.rows === 0) return { values: zeros(0, A.dtype), vectors };
  const values = yield* backend().eigh(A.rows, vectors.data, true);
  return { values, vectors };
}

function* eigvalshSteps(A: Matrix): Steps<Vector> {
  checkSymmetric('eigvalsh', A);
  if (A.rows === 0) return zeros(0, A.dtype);
  return yield* backend().eigh(A.rows, A.data.slice(), false);
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix: A = vectors · diag(values) · vectorsᵀ, values ascending. A is
 * not changed. Needs about three times the memory of A beside it.
 * Throws a ShapeError when A is not square, a ValueError when it is not finite or not symmetric, a NumericalError
 * when the iteration does not converge.
 */
export function eigh(A: Matrix): Eigh {
  return now(eighSteps(A));
}

/** `eigh` off the main thread; A may be changed as soon as the call has returned. */
export function eighAsync(A: Matrix): Promise<Eigh> {
  return later(eighSteps(A));
}

/** The eigenvalues of a symmetric matrix alone, ascending: several times faster than `eigh`. Throws as eigh does. */
export function eigvalsh(A: Matrix): Vector {
  return now(eigvalshSteps(A));
}

/** `eigvalsh` off the main thread; A may be changed as soon as the call has returned. */
export function eigvalshAsync(A: Matrix): Promise<Vector> {
  return later(eigvalshSteps(A));
}

/** The steps of `eigh`, for algorithms that contain it. */
export { eighSteps };
