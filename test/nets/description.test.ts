import { describe, expect, it } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import type { Matrix } from '../../src/lib/linalg';
import {
  adagrad,
  adam,
  batchNorm,
  conv2d,
  type Description,
  dense,
  describeNetwork,
  dropout,
  elu,
  flatten,
  gradientDescent,
  logisticLoss,
  meanSquaredError,
  type Network,
  network,
  networkFrom,
  relu,
  residual,
  type Site,
  sgd,
  sigmoidMeanSquaredError,
  softmaxCrossEntropy,
  tanh,
  weightedSquaredError,
} from '../../src/lib/nets';
import { describeOptimizer, lossNamed, optimizerFrom } from '../../src/lib/nets/description';
import { type Random, random } from '../../src/lib/random';
import { gaussian } from './layer-properties';
import { affine } from './layers-to-come';
import { randomImageNetwork } from './random-networks';

const dtypes = ['float32', 'float64'] as const;

/** What comes back of a network that was written as JSON. */
const reread = (net: Network): Network => networkFrom(JSON.parse(JSON.stringify(describeNetwork(net))));

const numbersOf = (site: Site) => {
  const matrix = (M: Matrix) => [M.shape, M.data];
  const { inputs, deltas, ...rest } = site;
  const H = inputs && 'data' in inputs ? matrix(inputs) : inputs && [inputs.rows, inputs.cols];
  return { ...rest, inputs: H, deltas: matrix(deltas) };
};

/** Everything that two networks say of one snapshot and the same inputs is equal, to the last digit. */
function expectSame(one: Network, other: Network, rng: Random): void {
  expect(other.toString()).toBe(one.toString());
  expect(other.layout.equals(one.layout)).toBe(true);
  expect(other.stateLayout.equals(one.stateLayout)).toBe(true);
  expect(other.body.stages.map(({ name }) => name)).toEqual(one.body.stages.map(({ name }) => name));
  for (const dtype of dtypes) {
    const snapshot = one.init(rng.stream('init'), { dtype });
    expect(other.init(rng.stream('init'), { dtype }).params.data).toEqual(snapshot.params.data);
    const X = gaussian(4, one.inputs, rng.stream('inputs'));
    const cotangents = gaussian(4, one.outputs, rng.stream('cotangents'));
    const [a, b] = [one, other].map((net) => {
      const pass = net.forward(snapshot, X);
      const { input, gradient, sites } = pass.backward(cotangents, { gradient: true, sites: true });
      const trained = net.forward(snapshot, X, { mode: 'train', rng: rng.stream('noise') });
      return {
        output: pass.output.data,
        trained: trained.output.data,
        state: trained.state.data,
        input: input.data,
        gradient: gradient.data,
        sites: sites.sites.map(numbersOf),
      };
    });
    expect(b).toEqual(a);
  }
}

describe('the description of a network', () => {
  it('is JSON, with every option of every layer', () => {
    const net = network(3, [dense(4, { weightScale: 'ntk' }), tanh({ scale: 2 }), dense(1, { bias: false })]);
    const description: Description = {
      kind: 'network',
      inputShape: [3],
      layers: [
        { kind: 'dense', units: 4, bias: true, weightScale: 'ntk', biasScale: 1 },
        { kind: 'tanh', scale: 2 },
        { kind: 'dense', units: 1, bias: false, weightScale: 1, biasScale: 1 },
      ],
      fuse: true,
    };
    expect(describeNetwork(net)).toEqual(description);
    expect(describeNetwork(networkFrom(description))).toEqual(description);
    // What is left out has its default, as in the call.
    const short = { kind: 'network', inputShape: 3, layers: [{ kind: 'dense', units: 2 }] };
    expect(describeNetwork(networkFrom(short))).toEqual(describeNetwork(network(3, [dense(2)])));
  });

  for (let k = 0; k < 20; k++)
    it(`gives the same network again, random architecture ${k}`, () => {
      const rng = random(`description ${k}`);
      const net = randomImageNetwork(rng, { fuse: rng.bernoulli() === 1 });
      expectSame(net, reread(net), rng);
    });

  it('holds composites, layers with a state, and layers with chance', () => {
    const block = () =>
      residual([conv2d(3, 3, { padding: 'same' }), batchNorm({ momentum: 0.8, center: false })], {
        shortcut: [conv2d(3, 1, { bias: false })],
      });
    const inner = network([4, 4, 3], [flatten(), dense(5), elu({ alpha: 0.3, scale: 1.5 })], { fuse: false });
    const net = network(
      [4, 4, 2],
      [block(), relu(), residual([batchNorm({ scale: false, epsilon: 0.1 })]), inner, dropout(0.3), dense(2)],
    );
    expectSame(net, reread(net), random('composites'));
  });

  it('of a layer that does not say its options is one error', () => {
    const net = network(4, [dense(4), residual([affine()])]);
    expect(() => describeNetwork(net)).toThrow(ValueError);
    expect(() => describeNetwork(net)).toThrow(/say what they were made of.*got one of the kind affine/);
  });

  it('that is not one of ours is one error', () => {
    const fails = (description: unknown) => {
      expect(() => networkFrom(description as Description)).toThrow(ValueError);
      return expect(() => networkFrom(description as Description));
    };
    const of = (...layers: unknown[]) => ({ kind: 'network', inputShape: [2], layers });
    fails(null).toThrow(/Description of a network: expected the kind network, got undefined/);
    fails({ kind: 'dense', units: 3 }).toThrow(/expected the kind network, got dense/);
    fails(of({ kind: 'attention' })).toThrow(
      /Description of a layer: expected the kind dense, .*got attention/,
    );
    fails(of({ kind: 'toString' })).toThrow(/expected the kind dense/);
    fails(of({ kind: 'dense', units: 3, bais: false })).toThrow(
      /expected the options of dense: units, bias, weightScale, biasScale, got bais/,
    );
    fails(of({ kind: 'flatten', axis: 1 })).toThrow(/expected the options of flatten: none, got axis/);
    fails({ kind: 'network', layers: [] }).toThrow(/expected every option of network, got layers/);
    fails({ kind: 'network', inputShape: [2] }).toThrow(/expected every option of network, got inputShape/);
    fails(of({ kind: 'residual' })).toThrow(/expected every option of residual, got none/);
    // The factories' own.
    fails(of({ kind: 'dense' })).toThrow(/dense\(units\): expected a whole number/);
    fails(of()).toThrow(/at least one layer/);
  });
});

describe('the descriptions of a training', () => {
  it('give the same optimiser again', () => {
    const optimizers = [
      gradientDescent({ rate: 0.1 }),
      sgd({ rate: 0.1, momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
      adam({ rate: 0.01, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 }),
      adagrad({ rate: 0.2, epsilon: 1e-9, initialAccumulator: 0.1 }),
    ];
    for (const optimizer of optimizers) {
      const again = optimizerFrom(JSON.parse(JSON.stringify(describeOptimizer(optimizer))));
      expect([again.name, again.options]).toEqual([optimizer.name, optimizer.options]);
      const [a, b] = [optimizer, again].map((its) => {
        const params = Float64Array.of(1, -2, 3);
        const state = its.start(3, 'float64');
        for (let step = 0; step < 3; step++) state.step(params, Float64Array.of(step + 1, 2, -1));
        return params;
      });
      expect(b).toEqual(a);
    }
    expect(() => optimizerFrom({ kind: 'lion', rate: 1 })).toThrow(
      /Description of an optimiser: expected the kind gradientDescent, sgd, adam, adagrad, got lion/,
    );
  });

  it('give the same loss by its name, where it is ours', () => {
    const ours = [
      meanSquaredError,
      weightedSquaredError,
      logisticLoss,
      sigmoidMeanSquaredError,
      softmaxCrossEntropy,
    ];
    for (const loss of ours) expect(lossNamed(loss.name)).toBe(loss);
    expect(lossNamed('hinge')).toBeUndefined();
    expect(lossNamed('toString')).toBeUndefined();
  });
});
