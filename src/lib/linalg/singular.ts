/**
 * The singular value decomposition A = U diag(s) Vᵀ (LAPACK's ?GESDD; the portable path: Golub–Kahan), and the
 * Moore–Penrose pseudo-inverse that follows from it.
 */

import { ValueError } from '../errors';
import { backend } from './blas';
import { checkFinite } from './check';
import { eighSteps } from './eigen';
import { Matrix, type Vector, zeros } from './matrix';
import { gemmSteps } from './products';
import { later, now, type Steps } from './steps';

export interface Svd {
  /** m × k, k = min(m, n), orthonormal columns. */
  U: Matrix;
  /** Singular values, descending. */
  s: Vector;
  /** k × n, orthonormal rows. */
  Vt: Matrix;
}

export interface PinvOptions {
  /** Singular values up to rcond · s₁ count as zero. Default: max(m, n) times the precision's epsilon. */
  rcond?: number;
  /** A is symmetric: the faster `eigh` is used, on absolute values. */
  hermitian?: boolean;
}

/** Of the precision: the distance from 1 to the next number, times the larger side, as numpy and scipy cut by default. */
export function defaultCut(A: Matrix): number {
  return Math.max(A.rows, A.cols) * (A.dtype === 'float32' ? 2 ** -23 : 2 ** -52);
}

export function checkCut(what: string, rcond: number): number {
  if (rcond >= 0 && rcond < 1) return rcond;
  throw new ValueError({
    what: `${what}, rcond`,
    expected: 'a number from 0 to 1',
    got: `${rcond}`,
    todo: 'It is the ratio to the largest singular value up to which one counts as zero; leave it away for the usual.',
  });
}

function* svdSteps(A: Matrix): Steps<Svd> {
  checkFinite('svd', 'A', A.data);
  const { rows: m, cols: n, dtype } = A;
  const k = Math.min(m, n);
  if (k === 0) return { U: Matrix.zeros(m, 0, dtype), s: zeros(0, dtype), Vt: Matrix.zeros(0, n, dtype) };
  const { U, s, Vt } = yield* backend().svd(m, n, A.data.slice());
  return { U: new Matrix(m, k, U), s, Vt: new Matrix(k, n, Vt) };
}

function* singularValuesSteps(A: Matrix): Steps<Vector> {
  checkFinite('singularValues', 'A', A.data);
  if (A.data.length === 0) return zeros(0, A.dtype);
  return yield* backend().singularValues(A.rows, A.cols, A.data.slice());
}

function* pinvSteps(A: Matrix, { rcond = defaultCut(A), hermitian = false }: PinvOptions): Steps<Matrix> {
  checkCut('pinv', rcond);
  if (A.data.length === 0) return Matrix.zeros(A.cols, A.rows, A.dtype);
  if (hermitian) {
    const { values, vectors } = yield* eighSteps(A);
    return yield* inverseOnRange(vectors, values, vectors.transpose(), rcond);
  }
  const { U, s, Vt } = yield* svdSteps(A);
  return yield* inverseOnRange(U, s, Vt, rcond);
}

/** V diag(1/s) Uᵀ over the values whose size is above rcond times the largest. */
function* inverseOnRange(U: Matrix, s: Vector, Vt: Matrix, rcond: number): Steps<Matrix> {
  let largest = 0;
  for (const value of s) largest = Math.max(largest, Math.abs(value));
  for (let j = 0; j < s.length; j++) {
    const factor = Math.abs(s[j]) > rcond * largest ? 1 / s[j] : 0;
    const row = Vt.row(j);
    for (let i = 0; i < row.length; i++) row[i] *= factor;
  }
  return yield* gemmSteps(Vt, U, { transposeA: true, transposeB: true });
}

/**
 * The thin singular value decomposition A = U · diag(s) · Vt of an m × n matrix, k = min(m, n): U m × k, s descending,
 * Vt k × n. A is not changed. Throws a ValueError when A is not finite, a NumericalError when it does not converge.
 */
export function svd(A: Matrix): Svd {
  return now(svdSteps(A));
}

/** `svd` off the main thread; A may be changed as soon as the call has returned. */
export function svdAsync(A: Matrix): Promise<Svd> {
  return later(svdSteps(A));
}

/** The singular values alone, descending. Throws as svd does. */
export function singularValues(A: Matrix): Vector {
  return now(singularValuesSteps(A));
}

/** `singularValues` off the main thread; A may be changed as soon as the call has returned. */
export function singularValuesAsync(A: Matrix): Promise<Vector> {
  return later(singularValuesSteps(A));
}

/**
 * The Moore–Penrose pseudo-inverse A⁺ = V diag(1/s) Uᵀ (n × m for A m × n), over the singular values above rcond · s₁.
 * Throws as svd does (with `hermitian` as eigh does), and a ValueError for an rcond outside [0, 1).
 */
export function pinv(A: Matrix, options: PinvOptions = {}): Matrix {
  return now(pinvSteps(A, options));
}

/** `pinv` off the main thread; A may be changed as soon as the call has returned. */
export function pinvAsync(A: Matrix, options: PinvOptions = {}): Promise<Matrix> {
  return later(pinvSteps(A, options));
}
