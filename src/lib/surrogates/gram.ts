/** What a surrogate that lives on functions of the kernel must be given: a Gram, not any matrix of features. */

import { ShapeError, shapeText, ValueError } from '../errors';
import { axpy, gemv } from '../linalg';
import type { Matrix, Vector } from '../linalg/matrix';
import { random } from '../random';
import { locateNonFinite } from './finite';

/**
 * Throws unless K is a Gram: square, finite, and symmetric up to what half the digits of its precision can tell. Random
 * signs v tell at the cost of reading K twice (Freivalds, 1977): K v = Kᵀ v to rounding. Where not, every entry is
 * compared.
 */
export function checkGram(what: string, K: Matrix): void {
  const n = K.rows;
  if (n !== K.cols)
    throw new ShapeError({
      what: `${what}, K`,
      expected: 'the train Gram: as many columns as rows',
      got: shapeText(K.shape),
      todo: 'Give kernel.gram(training); for features X, syrk(X) is the Gram of the linear kernel.',
    });
  // No entry of a Gram is larger than the largest of its diagonal.
  const diagonal = K.diagonal();
  let scale = 0;
  for (const value of diagonal) scale = Math.max(scale, Math.abs(value));
  const allowed = scale * (K.dtype === 'float32' ? 3e-4 : 1e-6);
  const signs = random('signs for a Gram').fill(diagonal, 'rademacher');
  const difference = axpy(-1, gemv(K, signs, { transpose: true }), gemv(K, signs));
  if (difference.every((value: number) => Math.abs(value) <= allowed * Math.sqrt(n))) return;
  const at = firstUnlike(K.data, n, allowed);
  if (at < 0) return;
  const [i, j] = [Math.floor(at / n), at % n];
  throw (
    locateNonFinite(K, `${what}, K`) ??
    new ValueError({
      what: `${what}, K`,
      expected: 'a symmetric matrix',
      got: `${K.get(i, j)} in row ${i}, column ${j}, and ${K.get(j, i)} in row ${j}, column ${i}`,
      todo: 'Rows and columns must be the same examples in the same order: kernel.gram(training).',
    })
  );
}

/**
 * The place of the first entry that differs from its mirror image by more than allowed, or is not finite; −1 for none.
 */
function firstUnlike(data: Vector, n: number, allowed: number): number {
  const block = 32; // rows and columns of the two images that stay in the cache together
  for (let i0 = 0; i0 < n; i0 += block)
    for (let j0 = 0; j0 <= i0; j0 += block) {
      const i1 = Math.min(i0 + block, n);
      for (let i = i0; i < i1; i++) {
        const j1 = Math.min(j0 + block, i + 1);
        for (let j = j0; j < j1; j++)
          if (!(Math.abs(data[i * n + j] - data[j * n + i]) <= allowed)) return i * n + j;
      }
    }
  return -1;
}
