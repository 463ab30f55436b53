/**
 * Kernels made from a kernel: of directions only (`cosine`), of deviations from the mean (`center`), in other units
 * (`scaled`). Each is a Kernel again, and normalises Gram, cross-Gram and diagonal alike, so that a surrogate fitted
 * on one can be asked with the other.
 */

import { NumericalError, ShapeError, shapeText, ValueError } from '../errors';
import { cosineNormalise } from '../linalg/elementwise';
import type { Matrix, Vector } from '../linalg/matrix';
import type { CrossWithDiagonals, Kernel, Prepared } from './kernel';
import { prepared } from './prepared';

/**
 * κ(x, x′) / √(κ(x, x) κ(x′, x′)): 1 on the diagonal. Test points are normalised by their own diagonal, for which no
 * test × test Gram is made. Throws a NumericalError that names an example with κ(x, x) = 0, which has no direction.
 */
export function cosine(kernel: Kernel): Kernel {
  const name = `cosine of ${kernel.name}`;
  return {
    name,

    async gram(X) {
      const K = await kernel.gram(X);
      const diagonal = K.diagonal();
      checkPositive(name, diagonal);
      cosineOfGram(K, diagonal);
      return K;
    },

    async cross(X, X2) {
      const { cross, diagonal, diagonal2 } = await crossWithDiagonals(kernel, X, X2);
      checkPositive(name, diagonal);
      checkPositive(name, diagonal2);
      cosineNormalise(cross, diagonal, diagonal2);
      return cross;
    },

    async diagonal(X) {
      const diagonal = await kernel.diagonal(X);
      checkPositive(name, diagonal);
      return diagonal.fill(1);
    },

    async prepare(X, panel, by) {
      const inner = await prepared(kernel, X, panel, by);
      checkPositive(name, inner.diagonal, panel.start);
      return new PreparedAfter(inner, inner.diagonal.slice().fill(1), inner.diagonal, (K, left, right) => {
        if (left === right) cosineOfGram(K, K.diagonal());
        else cosineNormalise(K, left, right);
      });
    },
  };
}

/** Examples as the inner kernel has prepared them, what the outer one knows of them, and how it changes a block. */
class PreparedAfter<T> implements Prepared {
  readonly bytes: number;

  constructor(
    private readonly inner: Prepared,
    readonly diagonal: Vector,
    private readonly known: T,
    private readonly change: (K: Matrix, left: T, right: T) => void,
  ) {
    this.bytes = inner.bytes + diagonal.byteLength;
  }

  async cross(other: Prepared, out: Matrix, heed?: () => void): Promise<void> {
    const its = other as this;
    await this.inner.cross(its.inner, out, heed);
    this.change(out, this.known, its.known);
  }
}

/** K_ij / √(d_i d_j) for a Gram K and its diagonal d, in place. */
function cosineOfGram(K: Matrix, diagonal: Vector): void {
  cosineNormalise(K, diagonal, diagonal);
  for (let i = 0; i < K.rows; i++) K.data[i * K.cols + i] = 1;
}

/** In one go where the kernel can do it. */
export async function crossWithDiagonals(kernel: Kernel, X: Matrix, X2: Matrix): Promise<CrossWithDiagonals> {
  if (kernel.crossWithDiagonals) return kernel.crossWithDiagonals(X, X2);
  return {
    cross: await kernel.cross(X, X2),
    diagonal: await kernel.diagonal(X),
    diagonal2: await kernel.diagonal(X2),
  };
}

/** Throws a NumericalError for a value that is not positive; the first is that of example `start`. */
export function checkPositive(name: string, diagonal: Vector, start = 0): void {
  for (let i = 0; i < diagonal.length; i++)
    if (!(diagonal[i] > 0))
      throw new NumericalError({
        what: name,
        expected: 'κ(x, x) > 0 for every example',
        got: `${diagonal[i]} for example ${start + i}`,
        todo: 'Its feature vector is zero, so it has no direction: leave the example out, or do not normalise.',
      });
}

/**
 * κ / scale. With scale = standardDeviation(K.data), K the train Gram, and κ the trace tangent kernel this is the trNTK⁰ that the
 * surrogates of arXiv 2305.14585 compare with. Throws a ValueError unless scale is positive and finite.
 */
export function scaled(kernel: Kernel, scale: number): Kernel {
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new ValueError({
      what: 'scaled(kernel, scale)',
      expected: 'a positive number',
      got: `${scale}`,
      todo: 'Give what the kernel is to be divided by, such as standardDeviation(K.data).',
    });
  const divide = <V extends Vector>(values: V): V => {
    for (let i = 0; i < values.length; i++) values[i] /= scale;
    return values;
  };
  const whole = (K: Matrix): Matrix => {
    divide(K.data);
    return K;
  };
  return {
    name: `${kernel.name} / ${scale.toPrecision(4)}`,
    gram: async (X) => whole(await kernel.gram(X)),
    cross: async (X, X2) => whole(await kernel.cross(X, X2)),
    diagonal: async (X) => divide(await kernel.diagonal(X)),
    async crossWithDiagonals(X, X2) {
      const all = await crossWithDiagonals(kernel, X, X2);
      whole(all.cross);
      divide(all.diagonal);
      divide(all.diagonal2);
      return all;
    },
    async prepare(X, panel, by) {
      const inner = await prepared(kernel, X, panel, by);
      return new PreparedAfter(inner, divide(inner.diagonal.slice()), null, (K) => void whole(K));
    },
  };
}

/**
 * The kernel of features from which their mean over `reference` is subtracted:
 * κ(x, x′) − m(x) − m(x′) + M, m(x) the mean of κ(x, r) over the rows r of reference, M the mean of κ(r, r′).
 * Without a reference, gram and diagonal centre over X itself and `cross` over its second argument, the training set
 * (as scikit-learn's KernelCenterer), and with it the diagonals that `cosine` divides by. The means over a reference
 * are made once and kept: do not change it. Throws a ShapeError for a reference without rows.
 */
export function center(kernel: Kernel, reference?: Matrix): Kernel {
  if (reference?.rows === 0)
    throw new ShapeError({
      what: 'center(kernel, reference)',
      expected: 'a reference of at least one row',
      got: shapeText(reference.shape),
      todo: 'Give the examples whose mean is to be subtracted, or leave it out.',
    });
  let kept: Float64Array | undefined;
  const keep = (R: Matrix, means: Float64Array): Float64Array => (R === reference ? (kept = means) : means);
  /** Of the set that is centred over: its mean is M. */
  const ownMeans = async (R: Matrix): Promise<Float64Array> =>
    R === reference && kept ? kept : keep(R, rowMeans(await kernel.gram(R)));
  const meansOver = async (X: Matrix, R: Matrix): Promise<Float64Array> =>
    X === R ? ownMeans(R) : rowMeans(await kernel.cross(X, R));

  /** Centres κ(X, X2) over R, in place. */
  const centreCross = async (K: Matrix, X: Matrix, X2: Matrix, R: Matrix): Promise<Means> => {
    const own = await ownMeans(R);
    const left = X === R ? own : X2 === R ? rowMeans(K) : await meansOver(X, R);
    const right = X2 === R ? own : await meansOver(X2, R);
    const all = mean(own);
    subtract(K, left, right, all);
    return { left, right, all };
  };

  return {
    name: `centred ${kernel.name}`,

    async gram(X) {
      const R = reference ?? X;
      const K = await kernel.gram(X);
      const means = R === X ? keep(R, rowMeans(K)) : await meansOver(X, R);
      return subtract(K, means, means, mean(R === X ? means : await ownMeans(R)));
    },

    async cross(X, X2) {
      const K = await kernel.cross(X, X2);
      await centreCross(K, X, X2, reference ?? X2);
      return K;
    },

    async diagonal(X) {
      const R = reference ?? X;
      const diagonal = await kernel.diagonal(X);
      const means = await meansOver(X, R);
      return subtractDiagonal(diagonal, means, mean(R === X ? means : await ownMeans(R)));
    },

    async crossWithDiagonals(X, X2) {
      const { cross, diagonal, diagonal2 } = await crossWithDiagonals(kernel, X, X2);
      const { left, right, all } = await centreCross(cross, X, X2, reference ?? X2);
      subtractDiagonal(diagonal, left, all);
      subtractDiagonal(diagonal2, right, all);
      return { cross, diagonal, diagonal2 };
    },

    async prepare(X, panel, by) {
      if (!reference)
        throw new ValueError({
          what: `Blocks of the centred ${kernel.name}`,
          expected: 'entries that depend on their two examples only',
          got: 'the mean over the set that it is asked for',
          todo: 'Give the examples whose mean is to be subtracted: center(kernel, reference).',
        });
      const inner = await prepared(kernel, X, panel, by);
      const all = mean(await ownMeans(reference));
      const means = await meansOver(X.slice(panel.start, panel.end), reference);
      const diagonal = subtractDiagonal(inner.diagonal.slice(), means, all);
      return new PreparedAfter(
        inner,
        diagonal,
        means,
        (K, left, right) => void subtract(K, left, right, all),
      );
    },
  };
}

/** m(x) of the rows and of the columns of a cross-Gram, and M. */
interface Means {
  left: Float64Array;
  right: Float64Array;
  all: number;
}

function subtractDiagonal(diagonal: Vector, means: Float64Array, all: number): Vector {
  for (let i = 0; i < diagonal.length; i++) diagonal[i] += all - 2 * means[i];
  return diagonal;
}

function subtract(K: Matrix, left: Float64Array, right: Float64Array, all: number): Matrix {
  for (let i = 0; i < K.rows; i++) {
    const row = K.row(i);
    for (let j = 0; j < row.length; j++) row[j] += all - (left[i] + right[j]);
  }
  return K;
}

function rowMeans(K: Matrix): Float64Array {
  return Float64Array.from({ length: K.rows }, (_, i) => mean(K.row(i)));
}

function mean(values: Vector): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
