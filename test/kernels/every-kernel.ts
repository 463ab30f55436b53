/** Every kernel of the library, on every small network: for the tests of what holds for all of them. */

import {
  center,
  conjugateKernel,
  cosine,
  embeddingKernel,
  type Kernel,
  linearKernel,
  memoised,
  projectedTangentKernel,
  pseudoTangentKernel,
  scaled,
  tangentKernel,
} from '../../src/lib/kernels';
import type { DType } from '../../src/lib/linalg';
import { averagePool, conv2d, dense, flatten, network, relu, tanh } from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { type Case, cases, normal, snapshotOf } from './networks';

const images: Case = {
  name: 'images',
  net: network(
    [6, 6, 2],
    [conv2d(3, 3), tanh(), averagePool(2), conv2d(4, 2), relu({ scale: 0.5 }), flatten(), dense(2)],
  ),
};

export const everyNetwork: readonly Case[] = [...cases, images];

/** The same κ by a kernel that knows no other way than to be asked. */
const plain = ({ name, gram, cross, diagonal }: Kernel): Kernel => ({ name, gram, cross, diagonal });

export function everyKernel({ net }: Case, dtype: DType): Record<string, Kernel> {
  const snapshot = snapshotOf(net, 1, dtype);
  const trace = tangentKernel(net, snapshot);
  const projected = (kind: 'khatri-rao' | 'rademacher') =>
    projectedTangentKernel(net, snapshot, { dimension: 20, kind, rng: random('P') });
  const centred = center(trace, normal(5, net.inputs, 'reference', dtype));
  return {
    trace,
    output: tangentKernel(net, snapshot, { outputs: 0 }),
    pseudo: pseudoTangentKernel(net, snapshot, { bias: false }),
    conjugate: conjugateKernel(net, snapshot, { bias: true }),
    ...(net.layers.length > 1 && { embedding: embeddingKernel(net, snapshot) }),
    khatriRao: projected('khatri-rao'),
    rademacher: projected('rademacher'),
    linear: linearKernel({ dtype }),
    cosine: cosine(trace),
    scaled: scaled(trace, 3),
    memoised: memoised(trace),
    cosineOfScaled: cosine(scaled(trace, 3)),
    centred,
    cosineOfCentred: cosine(centred),
    askedForBlocks: plain(trace),
    cosineAskedForBlocks: cosine(plain(trace)),
  };
}
