/**
 * Linear systems: by Cholesky for positive definite matrices (kernels, ridge), by elimination for general square ones,
 * by the singular value decomposition for least squares of any rank.
 */

import { NumericalError, ShapeError, shapeText } from '../errors';
import { backend } from './blas';
import { checkFinite, checkPrecision, checkSquare, checkSymmetric } from './check';
import { Matrix, type Vector, zeros } from './matrix';
import { checkCut, defaultCut } from './singular';
import { later, now, type Steps } from './steps';

export interface Lstsq {
  /** n × r, the solution of least norm for each right side. */
  x: Matrix;
  /** How many singular values are above rcond · s₁. */
  rank: number;
  /** Of A, descending. */
  singularValues: Vector;
}

export interface LstsqOptions {
  /** Singular values up to rcond · s₁ count as zero. Default: max(m, n) times the precision's epsilon. */
  rcond?: number;
}

function* choleskySteps(A: Matrix): Steps<Matrix> {
  checkSymmetric('cholesky', A);
  const L = A.copy();
  if (A.rows === 0) return L;
  const failed = yield* backend().cholesky(A.rows, L.data);
  if (failed === 0) return L;
  throw new NumericalError({
    what: 'cholesky',
    expected: 'a positive definite matrix',
    got: `a pivot that is not positive at row ${failed - 1} of ${A.rows} (rows count from 0)`,
    todo: 'Add a ridge to the diagonal, or use eigh, lstsq or pinv, which take singular matrices.',
  });
}

function* choleskySolveSteps(L: Matrix, B: Matrix): Steps<Matrix> {
  checkSystem('choleskySolve', 'L', L, B);
  for (let i = 0; i < L.rows; i++)
    if (!(L.data[i * L.cols + i] > 0))
      throw new NumericalError({
        what: 'choleskySolve',
        expected: 'a factor L with a positive diagonal, as cholesky gives it',
        got: `${L.data[i * L.cols + i]} at row ${i}`,
        todo: 'Give cholesky(A), not A itself.',
      });
  const X = B.copy();
  if (B.data.length === 0) return X;
  yield* backend().triangularSolve(L.rows, B.cols, L.data, false, X.data);
  yield* backend().triangularSolve(L.rows, B.cols, L.data, true, X.data);
  return finiteSolution('choleskySolve', X);
}

function* solveSteps(A: Matrix, B: Matrix): Steps<Matrix> {
  checkSystem('solve', 'A', A, B);
  const X = B.copy();
  if (B.data.length === 0) return X;
  const failed = yield* backend().solve(A.rows, B.cols, A.data.slice(), X.data);
  if (failed === 0) return finiteSolution('solve', X);
  throw new NumericalError({
    what: 'solve',
    expected: 'a matrix of full rank',
    got: `a zero pivot at column ${failed - 1} of ${A.rows} (columns count from 0)`,
    todo: 'Use lstsq, which takes singular matrices, or add a ridge to the diagonal.',
  });
}

function* lstsqSteps(A: Matrix, B: Matrix, { rcond = defaultCut(A) }: LstsqOptions): Steps<Lstsq> {
  checkRows('lstsq', 'A', A, B);
  checkCut('lstsq', rcond);
  const { rows: m, cols: n, dtype } = A;
  const r = B.cols;
  if (Math.min(m, n) === 0) return { x: Matrix.zeros(n, r, dtype), rank: 0, singularValues: zeros(0, dtype) };
  // Without a right side the rank and the singular values are still asked for: one of zeros stands in.
  const sides = r === 0 ? Matrix.zeros(m, 1, dtype) : B;
  const { X, rank, s } = yield* backend().lstsq(m, n, sides.cols, A.data.slice(), sides.data.slice(), rcond);
  const x = r === 0 ? Matrix.zeros(n, 0, dtype) : new Matrix(n, r, X);
  return { x: finiteSolution('lstsq', x), rank, singularValues: s };
}

/**
 * The lower triangular L with A = L Lᵀ of a positive definite matrix; zero above the diagonal. A is not changed.
 * Throws a ShapeError when A is not square, a ValueError when it is not finite or not symmetric, a NumericalError
 * that names the pivot when A is not positive definite.
 */
export function cholesky(A: Matrix): Matrix {
  return now(choleskySteps(A));
}

/** `cholesky` off the main thread; A may be changed as soon as the call has returned. */
export function choleskyAsync(A: Matrix): Promise<Matrix> {
  return later(choleskySteps(A));
}

/**
 * X (n × r) with L Lᵀ X = B, L = cholesky(A), B n × r. Only the lower triangle of L is read.
 * Throws a ShapeError when the rows differ, a ValueError for values that are not finite or mixed precisions, a
 * NumericalError for a diagonal that is not positive or a solution that overflows.
 */
export function choleskySolve(L: Matrix, B: Matrix): Matrix {
  return now(choleskySolveSteps(L, B));
}

/** `choleskySolve` off the main thread; L must not be changed until the promise settles. */
export function choleskySolveAsync(L: Matrix, B: Matrix): Promise<Matrix> {
  return later(choleskySolveSteps(L, B));
}

/**
 * X (n × r) with A X = B for a square A, by elimination with row exchanges.
 * Throws a ShapeError when A is not square or the rows differ, a ValueError for values that are not finite or mixed
 * precisions, a NumericalError when A is exactly singular or the solution overflows. A nearly singular A gives a
 * solution of few correct digits: use `lstsq` where that may happen.
 */
export function solve(A: Matrix, B: Matrix): Matrix {
  return now(solveSteps(A, B));
}

/** `solve` off the main thread; A and B may be changed as soon as the call has returned. */
export function solveAsync(A: Matrix, B: Matrix): Promise<Matrix> {
  return later(solveSteps(A, B));
}

/**
 * Least squares: the x (n × r) of least norm among those that minimise ‖A x − B‖, for A m × n of any rank, B m × r.
 * Throws a ShapeError when the rows differ, a ValueError for values that are not finite, mixed precisions or an rcond
 * outside [0, 1), a NumericalError when the iteration does not converge or the solution overflows.
 */
export function lstsq(A: Matrix, B: Matrix, options: LstsqOptions = {}): Lstsq {
  return now(lstsqSteps(A, B, options));
}

/** `lstsq` off the main thread; A and B may be changed as soon as the call has returned. */
export function lstsqAsync(A: Matrix, B: Matrix, options: LstsqOptions = {}): Promise<Lstsq> {
  return later(lstsqSteps(A, B, options));
}

function checkSystem(what: string, name: string, A: Matrix, B: Matrix): void {
  checkSquare(what, A);
  checkRows(what, name, A, B);
}

function checkRows(what: string, name: string, A: Matrix, B: Matrix): void {
  if (A.rows !== B.rows)
    throw new ShapeError({
      what,
      expected: `as many rows in B as in ${name}`,
      got: `${name} ${shapeText(A.shape)} and B ${shapeText(B.shape)}`,
      todo: 'A right side is a column of B.',
    });
  checkPrecision(what, { [name]: A.data, B: B.data });
  checkFinite(what, name, A.data);
  checkFinite(what, 'B', B.data);
}

/** Overflow on the way would otherwise travel on as Infinity or NaN. */
function finiteSolution(what: string, X: Matrix): Matrix {
  for (const value of X.data)
    if (!Number.isFinite(value))
      throw new NumericalError({
        what,
        expected: 'a solution within the range of its precision',
        got: `${value}`,
        todo: 'The matrix is singular in this precision: use lstsq or pinv, add a ridge, or take float64.',
      });
  return X;
}
