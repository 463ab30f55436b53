/**
 * What the tests of linear algebra share: each body runs on every backend that this machine has and in both
 * precisions, on matrices drawn from a seed.
 */

import { afterAll, beforeAll, describe } from 'vitest';
import { type DType, Matrix, useBackend, type Vector, zeros } from '../../src/lib/linalg';
import { openLibrary } from '../../src/lib/linalg/native/library';
import { random } from '../../src/lib/random';

const asked = process.env.KERNELBOOK_BLAS;
export const hasNative = asked?.toLowerCase() !== 'none' && openLibrary(asked) !== undefined;

/** Runs `body` on the native backend (skipped where there is none) and on the portable one, in both precisions. */
export function onEachBackend(body: (dtype: DType) => void): void {
  for (const choice of ['native', 'portable'] as const)
    describe.skipIf(choice === 'native' && !hasNative)(
      choice === 'native' && !hasNative ? 'native: no BLAS on this machine' : choice,
      () => {
        beforeAll(() => void useBackend(choice));
        afterAll(() => void useBackend('auto'));
        for (const dtype of ['float32', 'float64'] as const) describe(dtype, () => body(dtype));
      },
    );
}

/** Independent normal entries; a view into the middle of a larger buffer, so that offsets are always tested. */
export function normal(rows: number, cols: number, dtype: DType, seed: number | string = 1): Matrix {
  const buffer = zeros(rows * cols + 7, dtype).fill(Number.NaN);
  const matrix = new Matrix(rows, cols, buffer.subarray(3, 3 + rows * cols));
  random(`${seed}/${rows}×${cols}`).fill(matrix.data, 'normal');
  return matrix;
}

/** op(A) op(B) by the definition, in double precision. */
export function productByDefinition(A: Matrix, B: Matrix): Matrix {
  const C = Matrix.zeros(A.rows, B.cols);
  for (let i = 0; i < A.rows; i++)
    for (let j = 0; j < B.cols; j++) {
      let sum = 0;
      for (let p = 0; p < A.cols; p++) sum += A.data[i * A.cols + p] * B.data[p * B.cols + j];
      C.data[i * B.cols + j] = sum;
    }
  return C;
}

/** The product of several matrices by the definition. */
export const chain = (...factors: Matrix[]): Matrix => factors.reduce(productByDefinition);

/** A square matrix with `values` on its diagonal. */
export function diagonalMatrix(values: Vector): Matrix {
  const D = Matrix.zeros(values.length, values.length);
  for (let i = 0; i < values.length; i++) D.data[i * values.length + i] = values[i];
  return D;
}

/** What rounding leaves of an identity between matrices with entries of size one and up to a hundred rows. */
export const rounding = (dtype: DType) =>
  dtype === 'float32' ? { rtol: 2e-4, atol: 2e-4 } : { rtol: 1e-11, atol: 1e-11 };

/** Shapes with every kind of edge: empty, one, not a multiple of a block, more than a block. */
export const shapes: [number, number][] = [
  [0, 0],
  [0, 3],
  [3, 0],
  [1, 1],
  [1, 5],
  [5, 1],
  [4, 4],
  [7, 3],
  [3, 7],
  [33, 31],
  [70, 20],
];
