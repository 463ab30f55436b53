/** Networks of random architecture, for tests that hold for all of them. */

import {
  averagePool,
  conv2d,
  dense,
  elu,
  flatten,
  globalAveragePool,
  identity,
  type LayerSpec,
  maxPool,
  type Network,
  network,
  relu,
  type Shape,
  sigmoid,
  softplus,
  tanh,
} from '../../src/lib/nets';
import type { Random } from '../../src/lib/random';

const activations = [relu, tanh, softplus, sigmoid, elu, identity];

export interface RandomNetworkOptions {
  /** Whether neighbours that can be done as one are. */
  fuse?: boolean;
  /** Whether there may be constants in the layers (weightScale, an activation's scale), which tfjs does not have. */
  constants?: boolean;
}

/**
 * Up to four layers on small images (convolutions of all kernel sizes, strides and paddings that fit, pooling,
 * activations), flattened or averaged, and one or two dense layers.
 */
export function randomImageNetwork(
  rng: Random,
  { fuse = true, constants = true }: RandomNetworkOptions = {},
): Network {
  const some = <T>(list: readonly T[]): T => list[rng.integer(list.length)];
  const upTo = (n: number) => 1 + rng.integer(n);
  const inputShape: Shape = [upTo(6), upTo(6), upTo(3)];
  const scaled = () => (constants ? { scale: some([1, 0.1, 1.5]) } : {});
  const affine = () => ({
    bias: rng.bernoulli(0.7) === 1,
    ...(constants ? { weightScale: some([1, 0.5, 'ntk'] as const), biasScale: some([1, 0.3]) } : {}),
  });
  const layers: LayerSpec[] = [];
  let shape = inputShape;
  const add = (layer: LayerSpec) => {
    layers.push(layer);
    shape = layer.build(shape, 'probe').outputShape;
  };
  const windows = () => {
    const padding = some(['valid', 'same'] as const);
    const extent = (k: 0 | 1) => upTo(padding === 'valid' ? Math.min(3, shape[k]) : 3);
    return {
      size: [extent(0), extent(1)] as const,
      options: { padding, stride: [upTo(3), upTo(3)] as const },
    };
  };
  for (let depth = upTo(4); depth > 0; depth--) {
    const { size, options } = windows();
    if (rng.bernoulli(0.6)) {
      add(conv2d(upTo(4), size, { ...options, ...affine() }));
      if (rng.bernoulli(0.8)) add(some(activations)(scaled()));
    } else add(some([averagePool, maxPool])(size, options));
  }
  add(some([flatten, globalAveragePool])());
  if (rng.bernoulli(0.5)) {
    add(dense(upTo(4), affine()));
    add(some(activations)(scaled()));
  }
  add(dense(upTo(3), affine()));
  return network(inputShape, layers, { fuse });
}
