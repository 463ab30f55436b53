import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tangentKernel } from '../../src/lib/kernels';
import { Matrix } from '../../src/lib/linalg';
import {
  adam,
  averagePool,
  conv2d,
  dense,
  flatten,
  type LayerSpec,
  maxPool,
  meanSquaredError,
  network,
  Params,
  relu,
  type Shape,
  type Snapshot,
  tanh,
  train,
} from '../../src/lib/nets';
import { expectNear } from './layer-properties';

type Pair = [number, number];

interface Case {
  shape: Shape;
  layers: [string, ...unknown[]][];
  batchSize: number;
  epochs: number;
  X: number[][];
  y: number[][];
  params: number[];
  outputs: number[][];
  value: number;
  gradient: number[];
  direction: number[];
  hessianProduct: number[];
  inputGradient: number[][];
  kernel: number[][];
  trained: Record<'float32' | 'float64', number[]>;
}

const layers: Record<string, (...args: never[]) => LayerSpec> = {
  conv2d: (filters: number, kernel: Pair, stride: Pair, padding: 'valid' | 'same') =>
    conv2d(filters, kernel, { stride, padding }),
  averagePool: (size: Pair, stride: Pair) => averagePool(size, { stride }),
  maxPool: (size: Pair, stride: Pair) => maxPool(size, { stride }),
  flatten: () => flatten(),
  dense: (units: number) => dense(units),
  relu: (scale: number) => relu({ scale }),
  tanh: (scale: number) => tanh({ scale }),
};

const fixture = new URL('../fixtures/nets-images.json', import.meta.url);
const { torch, cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { torch: string; cases: Case[] };

for (const recorded of cases)
  describe(`${recorded.layers.map(([kind]) => kind).join(', ')}, as PyTorch ${torch}`, () => {
    const net = network(
      recorded.shape,
      recorded.layers.map(([kind, ...args]) => layers[kind](...(args as never[]))),
    );
    const X = Matrix.from(recorded.X);
    const targets = Matrix.from(recorded.y);
    const objective = { loss: meanSquaredError, targets };
    const snapshotOf = (dtype: 'float32' | 'float64'): Snapshot => ({
      params: new Params(net.layout, Float64Array.from(recorded.params)).as(dtype),
      state: Params.zeros(net.stateLayout, dtype),
    });

    for (const [dtype, rtol] of [
      ['float64', 1e-12],
      ['float32', 1e-5],
    ] as const) {
      it(`outputs, gradients and Hessian-vector product, ${dtype}`, () => {
        const snapshot = snapshotOf(dtype);
        expectNear(net.predict(snapshot, X), Matrix.from(recorded.outputs), rtol);
        const direction = new Params(net.layout, Float64Array.from(recorded.direction));
        const { value, gradient, product } = net.hvp(snapshot, X, objective, direction);
        expect(value).toBeAllclose(recorded.value, { rtol });
        expectNear(gradient.data, Float64Array.from(recorded.gradient), rtol);
        expectNear(product.data, Float64Array.from(recorded.hessianProduct), rtol);
        const two = net.forward(snapshot, X.slice(0, 2));
        const ones = new Matrix(2, net.outputs, new Float64Array(2 * net.outputs).fill(1));
        expectNear(two.backward(ones).input, Matrix.from(recorded.inputGradient), rtol);
      });

      it(`the tangent kernel is the Gram of its Jacobians, ${dtype}`, async () => {
        const K = await tangentKernel(net, snapshotOf(dtype)).gram(X);
        expectNear(K, Matrix.from(recorded.kernel), rtol);
      });

      it(`${recorded.epochs} epochs of Adam end at the same parameters, ${dtype}`, async () => {
        const { batchSize, epochs } = recorded;
        const { snapshot } = await train(
          net,
          snapshotOf(dtype),
          { inputs: X, targets },
          { ...objective, optimizer: adam({ rate: 0.01 }), batchSize, epochs, shuffle: false },
        );
        expectNear(snapshot.params.data, Float64Array.from(recorded.trained[dtype]), 100 * rtol);
      });
    }
  });
