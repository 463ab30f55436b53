/**
 * Products of matrices and vectors (BLAS levels 1 to 3) over `Matrix`, with the checks at the entry. Each is one call
 * of the backend. In a loop that must not allocate, give `out`, or use `backend()` itself.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import { backend } from './blas';
import { checkApart, checkPrecision } from './check';
import { Matrix, type Vector, zeros } from './matrix';
import { later, type Steps } from './steps';

export interface GemmOptions {
  /** Use Aᵀ in place of A. */
  transposeA?: boolean;
  /** Use Bᵀ in place of B. */
  transposeB?: boolean;
  /** Factor of the product; 1 unless given. */
  alpha?: number;
  /** Factor of what `out` holds before; 0 unless given (`out` is then not read). Needs `out`. */
  beta?: number;
  /** Where the result goes; a new matrix unless given. May not share memory with A or B. */
  out?: Matrix;
}

export interface SyrkOptions {
  /** AᵀA in place of A Aᵀ. */
  transpose?: boolean;
  /** Factor of the product; 1 unless given. */
  alpha?: number;
  /** Factor of what `out` (then symmetric) holds before; 0 unless given. Needs `out`. */
  beta?: number;
  /** Where the result goes; a new matrix unless given. May not share memory with A. */
  out?: Matrix;
}

export interface GemvOptions {
  /** Aᵀx in place of A x. */
  transpose?: boolean;
  /** Factor of the product; 1 unless given. */
  alpha?: number;
  /** Factor of what `out` holds before; 0 unless given. Needs `out`. */
  beta?: number;
  /** Where the result goes; a new vector unless given. May not share memory with A or x. */
  out?: Vector;
}

type GemmCall = Parameters<ReturnType<typeof backend>['gemm']>;
type SyrkCall = Parameters<ReturnType<typeof backend>['syrk']>;

const NO_OPTIONS = {};

/** Checks a product and lays out the backend's arguments; `out` is where the result will be. */
function prepareGemm(A: Matrix, B: Matrix, options: GemmOptions): { out: Matrix; call: GemmCall } {
  const { transposeA = false, transposeB = false, alpha = 1, beta = 0 } = options;
  const m = transposeA ? A.cols : A.rows;
  const k = transposeA ? A.rows : A.cols;
  const kB = transposeB ? B.cols : B.rows;
  const n = transposeB ? B.rows : B.cols;
  if (k !== kB)
    throw new ShapeError({
      what: `gemm, ${transposeA ? 'Aᵀ' : 'A'} ${transposeB ? 'Bᵀ' : 'B'}`,
      expected: 'an inner dimension that is the same on both sides',
      got: `A ${shapeText(A.shape)}${transposeA ? ' transposed' : ''} and B ${shapeText(B.shape)}${transposeB ? ' transposed' : ''}`,
      todo: 'Look whether transposeA or transposeB is missing.',
    });
  const out = options.out ?? fresh('gemm', m, n, A, beta);
  checkPrecision('gemm', { A: A.data, B: B.data, out: options.out?.data });
  if (options.out) {
    checkOutShape('gemm', out, m, n, A, B);
    checkApart('gemm', out.data, { A: A.data, B: B.data });
  }
  const call: GemmCall = [
    ...([transposeA, transposeB, m, n, k, alpha] as const),
    ...([A.data, Math.max(1, A.cols), B.data, Math.max(1, B.cols), beta, out.data, Math.max(1, n)] as const),
  ];
  return { out, call };
}

function prepareSyrk(A: Matrix, options: SyrkOptions): { out: Matrix; call: SyrkCall } {
  const { transpose = false, alpha = 1, beta = 0 } = options;
  const [n, k] = transpose ? [A.cols, A.rows] : A.shape;
  const out = options.out ?? fresh('syrk', n, n, A, beta);
  checkPrecision('syrk', { A: A.data, out: options.out?.data });
  if (options.out) {
    checkOutShape('syrk', out, n, n, A);
    checkApart('syrk', out.data, { A: A.data });
  }
  return {
    out,
    call: [transpose, n, k, alpha, A.data, Math.max(1, A.cols), beta, out.data, Math.max(1, n)],
  };
}

/**
 * The general product alpha op(A) op(B) + beta out, where op is the identity or, with `transposeA`/`transposeB`, the
 * transpose. op(A) is m × k, op(B) is k × n, the result m × n. One precision throughout.
 * Throws a ShapeError when the shapes do not fit, a ValueError for mixed precisions or an `out` that overlaps an input.
 */
export function gemm(A: Matrix, B: Matrix, options: GemmOptions = NO_OPTIONS): Matrix {
  const { out, call } = prepareGemm(A, B, options);
  if (isEmpty(out, call[4], call[10])) return out;
  backend().gemm(...call);
  return out;
}

/** `gemm` off the main thread. A, B and out must not be changed until the promise settles. */
export async function gemmAsync(A: Matrix, B: Matrix, options: GemmOptions = NO_OPTIONS): Promise<Matrix> {
  const { out, call } = prepareGemm(A, B, options);
  if (!isEmpty(out, call[4], call[10])) await later(backend().gemmSteps(...call));
  return out;
}

/** The steps of a plain product, for algorithms that contain one. */
export function* gemmSteps(A: Matrix, B: Matrix, options: GemmOptions = NO_OPTIONS): Steps<Matrix> {
  const { out, call } = prepareGemm(A, B, options);
  if (!isEmpty(out, call[4], call[10])) yield* backend().gemmSteps(...call);
  return out;
}

/**
 * The Gram matrix alpha A Aᵀ + beta out (n × n for A n × k), or alpha AᵀA + beta out with `transpose` (n × n for
 * A k × n), at half the cost of gemm. Both triangles are filled, exactly symmetric.
 * Throws as gemm does.
 */
export function syrk(A: Matrix, options: SyrkOptions = NO_OPTIONS): Matrix {
  const { out, call } = prepareSyrk(A, options);
  if (!isEmpty(out, call[2], call[6])) backend().syrk(...call);
  return out;
}

/** `syrk` off the main thread. A and out must not be changed until the promise settles. */
export async function syrkAsync(A: Matrix, options: SyrkOptions = NO_OPTIONS): Promise<Matrix> {
  const { out, call } = prepareSyrk(A, options);
  if (!isEmpty(out, call[2], call[6])) await later(backend().syrkSteps(...call));
  return out;
}

/**
 * alpha A x + beta out for A m × n and x of n values (alpha Aᵀx + beta out with `transpose`, x of m values).
 * Throws as gemm does.
 */
export function gemv(A: Matrix, x: Vector, options: GemvOptions = NO_OPTIONS): Vector {
  const { transpose = false, alpha = 1, beta = 0 } = options;
  const [length, inner] = transpose ? [A.cols, A.rows] : A.shape;
  if (x.length !== inner)
    throw new ShapeError({
      what: `gemv, ${transpose ? 'Aᵀx' : 'A x'}`,
      expected: `${inner} values in x for A ${shapeText(A.shape)}`,
      got: `${x.length}`,
      todo: transpose ? 'Aᵀx wants one value a row of A.' : 'A x wants one value a column of A.',
    });
  if (!options.out && beta !== 0) needsOut('gemv');
  const out = options.out ?? zeros(length, A.dtype);
  checkPrecision('gemv', { A: A.data, x, out });
  if (out.length !== length)
    throw new ShapeError({
      what: 'gemv, out',
      expected: `${length} values for A ${shapeText(A.shape)}`,
      got: `${out.length}`,
      todo: 'Leave out away, or give one of the length of the result.',
    });
  if (options.out) checkApart('gemv', out, { A: A.data, x });
  if (length === 0) return out;
  if (inner === 0) scale(out, beta);
  else backend().gemv(transpose, A.rows, A.cols, alpha, A.data, A.cols, x, beta, out);
  return out;
}

/** Σ xᵢyᵢ. Throws a ShapeError when the lengths differ, a ValueError for mixed precisions. */
export function dot(x: Vector, y: Vector): number {
  checkLengths('dot', x, y);
  return x.length === 0 ? 0 : backend().dot(x.length, x, y);
}

/** y ← alpha x + y, in place; returns y. Throws as dot does, and when x and y overlap. */
export function axpy(alpha: number, x: Vector, y: Vector): Vector {
  checkLengths('axpy', x, y);
  checkApart('axpy', y, { x });
  if (x.length > 0) backend().axpy(x.length, alpha, x, y);
  return y;
}

/** The Euclidean norm √Σxᵢ² (of a Matrix: the Frobenius norm), without overflow on the way. */
export function norm(x: Vector | Matrix): number {
  const data = x instanceof Matrix ? x.data : x;
  return data.length === 0 ? 0 : backend().norm(data.length, data);
}

/** A product with an empty side needs no library: over nothing it is zero (or beta · out). */
function isEmpty(out: Matrix, inner: number, beta: number): boolean {
  if (out.data.length > 0 && inner > 0) return false;
  scale(out.data, beta);
  return true;
}

function scale(data: Vector, beta: number): void {
  if (beta === 0) data.fill(0);
  else for (let i = 0; i < data.length; i++) data[i] *= beta;
}

function fresh(what: string, rows: number, cols: number, like: Matrix, beta: number): Matrix {
  if (beta !== 0) needsOut(what);
  return Matrix.zeros(rows, cols, like.dtype);
}

function needsOut(what: string): never {
  throw new ValueError({
    what: `${what}, beta`,
    expected: 'an out, since beta multiplies what it holds',
    got: 'none',
    todo: 'Give out, or leave beta away.',
  });
}

function checkOutShape(what: string, out: Matrix, rows: number, cols: number, A: Matrix, B?: Matrix): void {
  if (out.rows === rows && out.cols === cols) return;
  throw new ShapeError({
    what: `${what}, out`,
    expected: `${shapeText([rows, cols])} for A ${shapeText(A.shape)}${B ? ` and B ${shapeText(B.shape)}` : ''}`,
    got: shapeText(out.shape),
    todo: 'Leave out away, or give one of the shape of the result.',
  });
}

function checkLengths(what: string, x: Vector, y: Vector): void {
  if (x.length !== y.length)
    throw new ShapeError({
      what,
      expected: 'two vectors of one length',
      got: `${x.length} and ${y.length} values`,
      todo: 'Give vectors of one length.',
    });
  checkPrecision(what, { x, y });
}
