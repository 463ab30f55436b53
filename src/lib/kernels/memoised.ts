/**
 * A kernel that makes each of its matrices once. Where several kernels are made from one, as trNTK = κ / √(κκ) and
 * trNTK⁰ = κ / s with s the spread of κ's own Gram, the work is in κ, and what is done to its entries costs nothing
 * beside it.
 */

import type { Matrix } from '../linalg/matrix';
import type { CrossWithDiagonals, Kernel } from './kernel';
import { crossWithDiagonals } from './normalise';
import { prepared } from './prepared';

/**
 * `kernel`, with what it gives kept for as long as this kernel and the matrices that it was asked with live: asked
 * again with the same matrices (the same objects: do not change them), it gives copies. Blocks (`prepare`) and
 * pullbacks are not kept. Throws as the kernel does; a failure is not kept.
 *
 *     const tangent = memoised(tangentKernel(net, at));
 *     const kernels = [cosine(tangent), scaled(tangent, standardDeviation((await tangent.gram(X)).data))];
 */
export function memoised(kernel: Kernel): Kernel {
  const grams = once((X) => kernel.gram(X));
  const diagonals = once((X) => kernel.diagonal(X));
  const crosses = once((X) => once((X2) => crossWithDiagonals(kernel, X, X2)));
  return {
    name: kernel.name,
    gram: async (X) => (await grams(X)).copy(),
    diagonal: async (X) => (await diagonals(X)).slice(),
    cross: async (X, X2) => (await crosses(X)(X2)).cross.copy(),
    crossWithDiagonals: async (X, X2) => copied(await crosses(X)(X2)),
    prepare: (X, panel, by) => prepared(kernel, X, panel, by),
    ...(kernel.pullback && { pullback: kernel.pullback.bind(kernel) }),
  };
}

/** `make`, called once for each matrix. A promise that is broken is forgotten. */
function once<T>(make: (X: Matrix) => T): (X: Matrix) => T {
  const kept = new WeakMap<Matrix, T>();
  return (X) => {
    if (kept.has(X)) return kept.get(X) as T;
    const made = make(X);
    kept.set(X, made);
    if (made instanceof Promise) made.catch(() => kept.delete(X));
    return made;
  };
}

const copied = ({ cross, diagonal, diagonal2 }: CrossWithDiagonals): CrossWithDiagonals => ({
  cross: cross.copy(),
  diagonal: diagonal.slice(),
  diagonal2: diagonal2.slice(),
});
