/**
 * How alike two kernels are: the cosine of the angle between their Gram matrices in the Frobenius inner product,
 * as they are or centred in feature space.
 *
 * N. Cristianini, J. Shawe-Taylor, A. Elisseeff, J. Kandola, "On kernel-target alignment", NeurIPS 2001.
 * C. Cortes, M. Mohri, A. Rostamizadeh, "Algorithms for learning kernels based on centered alignment", JMLR 13, 2012.
 */

import { NumericalError, ShapeError, shapeText } from '../errors';
import { Matrix } from '../linalg/matrix';
import { checkFinite } from './checks';

/**
 * ⟨K, L⟩_F / (‖K‖_F ‖L‖_F), in [−1, 1], and in [0, 1] for positive semidefinite K and L. `other` is a Gram matrix of
 * the same shape, or the n targets y of the examples, which stand for y yᵀ (the kernel-target alignment: take y = ±1).
 * Throws a ShapeError for other shapes, a ValueError for NaN, a NumericalError when one of them is zero.
 */
export function kernelAlignment(K: Matrix, other: Matrix | ArrayLike<number>): number {
  return alignment('kernelAlignment(K, other)', K, other, false);
}

/** `kernelAlignment` of H K H and H L H, H = I − 11ᵀ/n: both kernels with their features' means taken out. */
export function centeredKernelAlignment(K: Matrix, other: Matrix | ArrayLike<number>): number {
  return alignment('centeredKernelAlignment(K, other)', K, other, true);
}

function alignment(what: string, K: Matrix, other: Matrix | ArrayLike<number>, centred: boolean): number {
  const [n, m] = K.shape;
  checkFinite(`${what}, K`, K.data, 1);
  const isGram = other instanceof Matrix;
  const fits = isGram ? other.rows === n && other.cols === m : n === m && other.length === n;
  if (!fits)
    throw new ShapeError({
      what,
      expected: isGram
        ? `two Gram matrices of one shape, ${shapeText(K.shape)}`
        : `a square K and ${n} targets`,
      got: isGram ? shapeText(other.shape) : `K of ${shapeText(K.shape)} and ${other.length} targets`,
      todo: 'Both must be over the same examples in the same order.',
    });
  checkFinite(`${what}, other`, isGram ? other.data : other, 1);

  const kMeans = centred ? means(n, m, (i, j) => K.data[i * m + j]) : none(n, m);
  const values = isGram ? other.data : other;
  const entry = isGram
    ? (i: number, j: number) => values[i * m + j]
    : (i: number, j: number) => values[i] * values[j];
  const lMeans = centred ? means(n, m, entry) : none(n, m);
  let kl = 0;
  let kk = 0;
  let ll = 0;
  let scaleK = 0;
  let scaleL = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      const rawK = K.data[i * m + j];
      const rawL = entry(i, j);
      const k = rawK - kMeans.rows[i] - kMeans.cols[j] + kMeans.all;
      const l = rawL - lMeans.rows[i] - lMeans.cols[j] + lMeans.all;
      kl += k * l;
      kk += k * k;
      ll += l * l;
      scaleK += rawK * rawK;
      scaleL += rawL * rawL;
    }
  // A constant kernel is zero after centring, up to rounding.
  const tiny = (centred ? n * m : 0) * Number.EPSILON ** 2;
  if (!(kk > tiny * scaleK) || !(ll > tiny * scaleL) || !Number.isFinite(kk) || !Number.isFinite(ll))
    throw new NumericalError({
      what,
      expected: `two ${centred ? 'centred ' : ''}matrices that are not zero (nor overflow)`,
      got: `squared norms ${kk} and ${ll}`,
      todo: 'The angle to a zero matrix is undefined. A constant kernel is zero once centred.',
    });
  return Math.min(1, Math.max(-1, kl / Math.sqrt(kk) / Math.sqrt(ll)));
}

interface Means {
  rows: Float64Array;
  cols: Float64Array;
  all: number;
}

function none(n: number, m: number): Means {
  return { rows: new Float64Array(n), cols: new Float64Array(m), all: 0 };
}

function means(n: number, m: number, entry: (i: number, j: number) => number): Means {
  const { rows, cols } = none(n, m);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) {
      const value = entry(i, j);
      rows[i] += value / m;
      cols[j] += value / n;
    }
  return { rows, cols, all: rows.reduce((sum, r) => sum + r, 0) / n };
}
