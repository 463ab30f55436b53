import { describe, expect, it } from 'vitest';
import { ModeError, ShapeError, ValueError } from '../../src/lib/errors';
import { conjugateKernel, jacobian, projectedTangentKernel, tangentKernel } from '../../src/lib/kernels';
import { gemm, Matrix, syrk } from '../../src/lib/linalg';
import {
  adam,
  batchNorm,
  castSnapshot,
  dense,
  flatten,
  meanSquaredError,
  type Network,
  network,
  relu,
  residual,
  type Snapshot,
  softplus,
  tanh,
  train,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { normal, relativeDistance, snapshotOf } from '../kernels/networks';
import { layerProperties, networkProperties } from './layer-properties';
import { tokens } from './layers-to-come';

const shapes = [[4], [1], [3, 2], [2, 2, 3], [2, 1, 5]];
const variants = { '': {}, ' without γ': { scale: false }, ' without β': { center: false } };
for (const mode of ['evaluate', 'train'] as const) {
  // A larger ε than usual: after a small γ the second of two would have derivatives in the thousands.
  for (const shape of shapes)
    layerProperties(`batch normalisation of ${shape.join(' × ')}`, shape, () => batchNorm({ epsilon: 0.1 }), {
      mode,
    });
  for (const [title, options] of Object.entries(variants))
    networkProperties(
      `a network with batch normalisation${title}`,
      () => network([3, 2], [tokens(4), batchNorm(options), tanh(), flatten(), dense(3), batchNorm(options)]),
      { mode },
    );
  layerProperties(
    'batch normalisation alone, without parameters',
    [2, 3],
    () => residual([batchNorm({ scale: false, center: false, epsilon: 0.1 })]),
    { mode },
  );
  networkProperties(
    'a residual network with batch normalisation',
    () =>
      network(
        [2, 3],
        [
          residual([batchNorm(), softplus(), tokens(3), batchNorm({ epsilon: 1e-2 })]),
          residual([flatten(), dense(4), batchNorm()], { shortcut: [batchNorm(), flatten(), dense(4)] }),
          tanh(),
          dense(2),
        ],
      ),
    { mode },
  );
}

/** Random numbers everywhere, variances positive. */
function numbersOf(net: Network, seed: string): Snapshot {
  const snapshot = snapshotOf(net, seed);
  random(`${seed} parameters`).fill(snapshot.params.data, 'normal');
  random(`${seed} state`).fill(snapshot.state.data, 'uniform', 0.5, 1.5);
  return snapshot;
}

describe('batch normalisation', () => {
  const net = network([3, 2], [batchNorm({ momentum: 0.75, epsilon: 0.5 })]);
  const snapshot = numbersOf(net, 'formula');
  const X = normal(6, 6, 'formula');
  const [gamma, beta] = ['batchNorm1/scale', 'batchNorm1/shift'].map(
    (name) => snapshot.params.get(name).data,
  );
  const rowsOf = (j: number) => Array.from({ length: 18 }, (_, r) => X.data[2 * r + j]);
  const moments = [0, 1].map((j) => {
    const mean = rowsOf(j).reduce((a, x) => a + x, 0) / 18;
    return { mean, variance: rowsOf(j).reduce((a, x) => a + (x - mean) ** 2, 0) / 18 };
  });

  it('is the formula: with the batch’s statistics in training, with the running ones in evaluation', () => {
    const [means, variances] = ['mean', 'variance'].map(
      (name) => snapshot.state.get(`batchNorm1/${name}`).data,
    );
    const by = (statistics: { mean: number; variance: number }[]) =>
      Array.from(X.data, (x, k) => {
        const { mean, variance } = statistics[k % 2];
        return (gamma[k % 2] * (x - mean)) / Math.sqrt(variance + 0.5) + beta[k % 2];
      });
    const close = { rtol: 1e-13, atol: 1e-13 };
    expect(net.forward(snapshot, X, { mode: 'train' }).output.data).toBeAllclose(by(moments), close);
    const running = [0, 1].map((j) => ({ mean: means[j], variance: variances[j] }));
    expect(net.predict(snapshot, X).data).toBeAllclose(by(running), close);
  });

  it('moves its running averages towards the batch’s in training, the variance being the biased one', () => {
    const before = snapshot.state.data.slice();
    const { state } = net.forward(snapshot, X, { mode: 'train' });
    const expected = [...moments.map(({ mean }) => mean), ...moments.map(({ variance }) => variance)].map(
      (value, k) => 0.75 * before[k] + 0.25 * value,
    );
    expect(state.data).toBeAllclose(expected, { rtol: 1e-14 });
    expect(snapshot.state.data).toEqual(before);
    expect(net.forward(snapshot, X).state.data).toEqual(before);
    expect(net.forward(snapshot, Matrix.zeros(0, 6), { mode: 'train' }).state.data).toEqual(before);
  });

  it('starts at γ = 1, β = 0, mean 0 and variance 1, whatever the initialiser', () => {
    const fresh = net.init(random(1), { initializer: 'standardNormal' });
    expect(Array.from(fresh.params.data)).toEqual([1, 1, 0, 0]);
    expect(Array.from(fresh.state.data)).toEqual([0, 0, 1, 1]);
    expect([...net.layout.places.keys()]).toEqual(['batchNorm1/scale', 'batchNorm1/shift']);
    expect([...net.stateLayout.places.keys()]).toEqual(['batchNorm1/mean', 'batchNorm1/variance']);
  });

  it('of one example with one position is β, and has no gradient there', () => {
    const one = network(2, [batchNorm()]);
    const numbers = numbersOf(one, 'one');
    const pass = one.forward(numbers, normal(1, 2, 'one'), { mode: 'train' });
    expect(pass.output.data).toEqual(numbers.params.get('batchNorm1/shift').data);
    const { input } = pass.backward(normal(1, 2, 'cotangent'));
    expect(Array.from(input.data, Math.abs)).toEqual([0, 0]);
  });

  it('forgets scale and offset of a channel in training, up to ε', () => {
    const free = network([2, 2], [batchNorm({ epsilon: 1e-12 })]);
    const numbers = numbersOf(free, 'invariance');
    const Y = normal(5, 4, 'invariance');
    const moved = Y.copy();
    for (let k = 0; k < moved.data.length; k++)
      moved.data[k] = k % 2 === 0 ? 3 * Y.data[k] + 7 : Y.data[k] / 5 - 1;
    const outputOf = (inputs: Matrix) => free.forward(numbers, inputs, { mode: 'train' }).output;
    expect(outputOf(moved)).toBeAllclose(outputOf(Y), { rtol: 1e-9, atol: 1e-9 });
  });

  it('in float32 loses nothing to a channel far from zero, over many positions', () => {
    const wide = network([40, 50, 3], [batchNorm({ momentum: 0 })]);
    const numbers = wide.init(random(1));
    const far = Matrix.zeros(10, 6000, 'float32');
    random('far').fill(far.data, 'normal', 300, 1);
    const single = wide.forward(numbers, far, { mode: 'train' });
    const double = wide.forward(castSnapshot(numbers, 'float64'), far, { mode: 'train' });
    expect(single.state.data).toBeAllclose(double.state.data, { rtol: 1e-6 });
    // Half an ulp of the mean is 1.5e-5 here.
    expect(single.output.data).toBeAllclose(double.output.data, { rtol: 0, atol: 3e-5 });
  });

  it('refuses options out of range, shows no sites in training, and names a negative variance', () => {
    for (const momentum of [-0.1, 1.1, Number.NaN])
      expect(() => batchNorm({ momentum })).toThrow(
        /batchNorm\({ momentum }\): expected a number from 0 to 1/,
      );
    for (const epsilon of [0, -1, Number.POSITIVE_INFINITY, Number.NaN])
      expect(() => batchNorm({ epsilon })).toThrow(/batchNorm\({ epsilon }\): expected a positive number/);
    const pass = net.forward(snapshot, X, { mode: 'train' });
    expect(() => pass.backward(X, { sites: true })).toThrow(ModeError);
    const broken = { params: snapshot.params, state: snapshot.state.copy() };
    broken.state.get('batchNorm1/variance').data[1] = -1;
    expect(() => net.predict(broken, X)).toThrow(ValueError);
    expect(() => net.predict(broken, X)).toThrow(/State 'batchNorm1\/variance'.*got -1 for channel 1/);
    expect(() => net.predict(numbersOf(network(3, [batchNorm()]), 'other'), X)).toThrow(ShapeError);
  });
});

describe('kernels of a network with batch normalisation', () => {
  const net = network(
    [3, 4],
    [
      tokens(3),
      batchNorm(),
      relu(),
      flatten(),
      residual([dense(5), batchNorm({ scale: false }), tanh(), dense(9)]),
      batchNorm({ center: false }),
      tanh(),
      dense(2),
    ],
  );
  const snapshot = numbersOf(net, 'kernels');
  const X = normal(8, 12, 'kernels');

  it('are those of evaluation: the tangent kernel is the Gram of the Jacobian, and the cross-Gram its products', async () => {
    for (const [dtype, tolerance] of [
      ['float64', 1e-12],
      ['float32', 2e-5],
    ] as const) {
      const J = jacobian(net, snapshot, X, { dtype });
      const F = J.reshape(8, 2 * J.cols);
      const kernel = tangentKernel(net, snapshot, { dtype });
      expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(tolerance);
      expect(
        relativeDistance(await kernel.cross(X, X.slice(3, 6)), gemm(F, F.slice(3, 6), { transposeB: true })),
      ).toBeLessThan(tolerance);
    }
  });

  it('of one normalisation counts its own parameters, without its shift where biases do not count', async () => {
    const J = jacobian(net, snapshot, X);
    const only = (name: string) => {
      const { offset, cols } = net.layout.places.get(name) as { offset: number; cols: number };
      const block = Matrix.zeros(16, cols);
      for (let i = 0; i < 16; i++) block.row(i).set(J.row(i).subarray(offset, offset + cols));
      return syrk(block.reshape(8, 2 * cols));
    };
    const scale = only('batchNorm1/scale');
    const both = only('batchNorm1/shift');
    for (let k = 0; k < 64; k++) both.data[k] += scale.data[k];
    const of = (options: { bias: boolean }) =>
      tangentKernel(net, snapshot, { ...options, layers: ['batchNorm1'] }).gram(X);
    expect(relativeDistance(await of({ bias: true }), both)).toBeLessThan(1e-12);
    expect(relativeDistance(await of({ bias: false }), scale)).toBeLessThan(1e-12);
  });

  it('the projected kernel approaches the tangent kernel', async () => {
    const exact = await tangentKernel(net, snapshot).gram(X);
    const projected = await projectedTangentKernel(net, snapshot, {
      dimension: 20000,
      rng: random('projection'),
    }).gram(X);
    expect(relativeDistance(projected, exact)).toBeLessThan(0.03);
  });

  it('the conjugate kernel is of what enters the last dense layer', async () => {
    const { outputs } = net.forward(snapshot, X);
    const hidden = outputs.find(({ name }) => name === 'tanh1')?.output as Matrix;
    expect(relativeDistance(await conjugateKernel(net, snapshot).gram(X), syrk(hidden))).toBeLessThan(1e-14);
  });
});

describe('training with batch normalisation', () => {
  const net = network(2, [
    dense(8),
    batchNorm({ momentum: 0.9 }),
    relu(),
    residual([dense(8), batchNorm(), relu()]),
    dense(1),
  ]);
  const inputs = normal(40, 2, 'training');
  const targets = Float64Array.from(
    { length: 40 },
    (_, i) => Math.abs(inputs.get(i, 0)) + Math.tanh(inputs.get(i, 1)),
  );
  for (const dtype of ['float32', 'float64'] as const)
    it(`lowers the loss, of the batches and in evaluation, ${dtype}`, async () => {
      const options = {
        loss: meanSquaredError,
        optimizer: adam({ rate: 0.01 }),
        epochs: 300,
        batchSize: 20,
        rng: random('orders'),
      };
      const start = net.init(random('start'), { dtype });
      const { snapshot, history } = await train(net, start, { inputs, targets }, options);
      const first = history[0].loss;
      expect(history[299].loss).toBeLessThan(0.1 * first);
      const { value } = net.gradient(snapshot, inputs, { loss: meanSquaredError, targets });
      expect(value).toBeLessThan(0.1 * first);
    });
});
