/** Small random networks and inputs for the tests of kernels: a grid of widths, outputs, activations and scales. */

import { type DType, Matrix } from '../../src/lib/linalg';
import { dense, type Network, network, relu, type Snapshot, softplus, tanh } from '../../src/lib/nets';
import { random } from '../../src/lib/random';

export interface Case {
  readonly name: string;
  readonly net: Network;
}

export const cases: readonly Case[] = [
  { name: 'linear', net: network(4, [dense(3)]) },
  { name: 'one output', net: network(5, [dense(7), tanh(), dense(1)]) },
  {
    name: 'the trNTK study’s MLP, small',
    net: network(6, [dense(5), relu({ scale: 0.1 }), dense(4), relu({ scale: 0.1 }), dense(1)]),
  },
  {
    name: 'several outputs, NTK parametrisation',
    net: network(5, [
      dense(8, { weightScale: 'ntk', biasScale: 0.3 }),
      softplus(),
      dense(6, { weightScale: 'ntk', bias: false }),
      tanh({ scale: 1.5 }),
      dense(3, { weightScale: 'ntk' }),
    ]),
  },
];

export function normal(rows: number, cols: number, seed: number | string, dtype: DType = 'float64'): Matrix {
  const values = random(seed).fill(new Float64Array(rows * cols), 'normal');
  return new Matrix(rows, cols, values).as(dtype);
}

export function snapshotOf(net: Network, seed: number | string, dtype: DType = 'float64'): Snapshot {
  return net.init(random(seed), { initializer: 'standardNormal', dtype });
}

export function relativeDistance(a: Matrix, b: Matrix): number {
  let difference = 0;
  let size = 0;
  for (let k = 0; k < a.data.length; k++) {
    difference += (a.data[k] - b.data[k]) ** 2;
    size += b.data[k] ** 2;
  }
  return Math.sqrt(difference / size);
}
