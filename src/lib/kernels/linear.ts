/** The linear kernel of the inputs themselves: the baseline that a network's kernel must beat (on images: raw pixels). */

import { checkFinite } from '../linalg/check';
import type { DType } from '../linalg/matrix';
import { factoredKernel } from './factored';
import type { Kernel } from './kernel';

export interface LinearKernelOptions {
  /** Precision of the products and the result (default 'float32', the precision of images). */
  dtype?: DType;
}

/** κ(x, x′) = x·x′. Its methods throw a ValueError for inputs that are not finite, a NumericalError on overflow. */
export function linearKernel({ dtype = 'float32' }: LinearKernelOptions = {}): Kernel {
  const name = 'linear kernel of the inputs';
  return factoredKernel({
    name,
    dtype,
    factors(X) {
      checkFinite(name, 'X', X.data);
      return [{ kind: 'product', features: X.as(dtype), scale: 1 }];
    },
  });
}
