/** The linear kernel of the inputs themselves: the baseline that a network's kernel must beat (on images: raw pixels). */

import type { DType } from '../linalg/matrix';
import { factoredKernel } from './factored';
import type { Kernel } from './kernel';

export interface LinearKernelOptions {
  /** Precision of the products and the result (default 'float32', the precision of images). */
  dtype?: DType;
}

/** κ(x, x′) = x·x′. */
export function linearKernel({ dtype = 'float32' }: LinearKernelOptions = {}): Kernel {
  return factoredKernel({
    name: 'linear kernel of the inputs',
    dtype,
    factors: (X) => [{ kind: 'product', features: X.as(dtype), scale: 1 }],
  });
}
