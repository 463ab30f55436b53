import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Matrix } from '../../src/lib/linalg';
import {
  adagrad,
  adam,
  dense,
  elu,
  gradientDescent,
  logisticLoss,
  meanSquaredError,
  network,
  Params,
  relu,
  type Snapshot,
  sgd,
  sigmoid,
  sigmoidMeanSquaredError,
  softmaxCrossEntropy,
  softplus,
  tanh,
  train,
} from '../../src/lib/nets';
import { expectNear } from './layer-properties';

interface Case {
  inputs: number;
  layers: [string, number][];
  loss: keyof typeof losses;
  optimizer: keyof typeof optimizers;
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
  jacobianOfFirst: number[][];
  trained: Record<'float32' | 'float64', number[]>;
  losses: Record<'float32' | 'float64', number[]>;
}

const losses = { meanSquaredError, logisticLoss, sigmoidMeanSquaredError, softmaxCrossEntropy };
const activations = { relu, tanh, softplus, sigmoid, elu };
const optimizers = {
  adam: adam({ rate: 0.01 }),
  sgd: sgd({ rate: 0.05, momentum: 0.9, weightDecay: 0.01 }),
  gradientDescent: gradientDescent({ rate: 0.1 }),
  adagrad: adagrad({ rate: 0.05 }),
};

const fixture = new URL('../fixtures/nets-pytorch.json', import.meta.url);
const { torch, cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { torch: string; cases: Case[] };

for (const recorded of cases)
  describe(`${recorded.layers.map(([kind, n]) => `${kind} ${n}`).join(', ')}, as PyTorch ${torch}`, () => {
    const net = network(
      recorded.inputs,
      recorded.layers.map(([kind, number]) =>
        kind === 'dense'
          ? dense(number)
          : activations[kind as keyof typeof activations](number === 1 ? {} : { scale: number }),
      ),
    );
    const X = Matrix.from(recorded.X);
    const targets = Matrix.from(recorded.y);
    const objective = { loss: losses[recorded.loss], targets };
    const snapshotOf = (dtype: 'float32' | 'float64'): Snapshot => ({
      params: new Params(net.layout, Float64Array.from(recorded.params)).as(dtype),
      state: Params.zeros(net.stateLayout, dtype),
    });

    for (const [dtype, rtol] of [
      ['float64', 1e-12],
      ['float32', 3e-6],
    ] as const)
      it(`outputs, loss, gradient, Jacobian rows and Hessian-vector product, ${dtype}`, () => {
        const snapshot = snapshotOf(dtype);
        expectNear(net.predict(snapshot, X), Matrix.from(recorded.outputs), rtol);
        const direction = new Params(net.layout, Float64Array.from(recorded.direction));
        const { value, gradient, product } = net.hvp(snapshot, X, objective, direction);
        expect(value).toBeAllclose(recorded.value, { rtol });
        expectNear(gradient.data, Float64Array.from(recorded.gradient), rtol);
        expectNear(product.data, Float64Array.from(recorded.hessianProduct), 4 * rtol);
        const pass = net.forward(snapshot, X.slice(0, 1));
        recorded.jacobianOfFirst.forEach((row, k) => {
          const u = Matrix.zeros(1, net.outputs);
          u.set(0, k, 1);
          expectNear(pass.backward(u, { gradient: true }).gradient.data, Float64Array.from(row), rtol);
        });
      });

    for (const [dtype, rtol] of [
      ['float64', 1e-10],
      ['float32', 1e-5],
    ] as const)
      it(`${recorded.epochs} epochs of ${recorded.optimizer} end at the same parameters, ${dtype}`, async () => {
        const { batchSize, epochs } = recorded;
        const { snapshot, history } = await train(
          net,
          snapshotOf(dtype),
          { inputs: X, targets },
          { ...objective, optimizer: optimizers[recorded.optimizer], batchSize, epochs, shuffle: false },
        );
        expectNear(snapshot.params.data, Float64Array.from(recorded.trained[dtype]), rtol);
        expect(history.map((record) => record.loss)).toBeAllclose(recorded.losses[dtype], { rtol });
      });
  });
