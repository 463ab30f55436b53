import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Matrix } from '../../src/lib/linalg/matrix';
import {
  batchNorm,
  dense,
  dropout,
  elu,
  flatten,
  identity,
  type LayerSpec,
  meanSquaredError,
  type Network,
  network,
  relu,
  residual,
  type Snapshot,
  sgd,
  sigmoid,
  softplus,
  tanh,
  train,
} from '../../src/lib/nets';
import { fromTfjs, loadTfjs, toTfjs } from '../../src/lib/nets/tfjs';
import type { TfjsModel, TfjsModule } from '../../src/lib/nets/tfjs-module';
import { random } from '../../src/lib/random';
import { expectNear } from './layer-properties';
import { randomImageNetwork } from './random-networks';

type Tfjs = typeof import('@tensorflow/tfjs');

let tf: Tfjs;
beforeAll(async () => {
  tf = await loadTfjs<Tfjs>();
});

type Model = import('@tensorflow/tfjs').LayersModel;
type Symbolic = import('@tensorflow/tfjs').SymbolicTensor;

/** Random biases too: tfjs starts from zeros. What is not trained are means and variances. */
function randomWeights(model: Model, seed: number): void {
  const rng = random(seed);
  for (const weight of model.weights) {
    const shape = weight.shape as number[];
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (weight.trainable) rng.fill(values, 'normal', 0, 0.6);
    else rng.fill(values, 'uniform', 0.5, 1.5);
    weight.write(tf.tensor(values, shape));
  }
}

/** Outputs, the gradient in the inputs of the sum of the outputs, and the gradient of the mean squared error. */
function ofTfjs(model: Model, X: Matrix, Y: Matrix, shape: number[]) {
  const x = tf.tensor(X.data as Float32Array, shape);
  const y = tf.tensor2d(Y.data as Float32Array, [Y.rows, Y.cols]);
  const output = model.predict(x) as ReturnType<Tfjs['tensor']>;
  const input = tf.grad((v) => (model.apply(v) as typeof output).sum())(x);
  const { grads } = tf.variableGrads(
    () => tf.losses.meanSquaredError(y, model.apply(x) as typeof output).asScalar(),
    model.trainableWeights.map((weight) => weight.read() as never),
  );
  // Taken over in place of the weights, the gradient comes in our order.
  const weights = model.trainableWeights.map((weight) => weight.read().clone());
  model.trainableWeights.forEach((weight) => {
    weight.write(grads[(weight.read() as never as { name: string }).name]);
  });
  const gradient = fromTfjs(model).snapshot.params.data;
  model.trainableWeights.forEach((weight, k) => {
    weight.write(weights[k]);
  });
  return { output: output.dataSync(), input: input.dataSync(), gradient };
}

function ofOurs(net: Network, snapshot: Snapshot, X: Matrix, Y: Matrix) {
  const pass = net.forward(snapshot, X);
  const ones = new Matrix(X.rows, net.outputs, new Float32Array(X.rows * net.outputs).fill(1));
  const { gradient } = net.gradient(snapshot, X, { loss: meanSquaredError, targets: Y });
  return {
    output: pass.output.data,
    input: pass.backward(ones).input.data,
    gradient: gradient.data,
  };
}

function data(rows: number, cols: number, outputs: number) {
  const rng = random(rows + cols);
  const X = Matrix.zeros(rows, cols, 'float32');
  const Y = Matrix.zeros(rows, outputs, 'float32');
  rng.fill(X.data, 'normal', 0, 1);
  rng.fill(Y.data, 'normal', 0, 1);
  return { X, Y };
}

const near = { rtol: 1e-5, atol: 1e-5 };

function expectSame(model: Model, net: Network, snapshot: Snapshot, shape: number[]): void {
  const { X, Y } = data(shape[0], net.inputs, net.outputs);
  const theirs = ofTfjs(model, X, Y, shape);
  const ours = ofOurs(net, snapshot, X, Y);
  expect(ours.output).toBeAllclose(theirs.output, near);
  expect(ours.input).toBeAllclose(theirs.input, near);
  expect(ours.gradient).toBeAllclose(theirs.gradient, near);
}

const models: Record<string, () => { model: Model; shape: number[] }> = {
  'activations inside dense layers': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.dense({ units: 7, activation: 'tanh', inputShape: [5] }),
        tf.layers.dense({ units: 6, activation: 'sigmoid' }),
        tf.layers.dense({ units: 4, activation: 'softplus' }),
        tf.layers.dense({ units: 3 }),
      ],
    }),
    shape: [9, 5],
  }),
  'activations as layers, no bias, an image flattened': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.flatten({ inputShape: [2, 3, 2] }),
        tf.layers.dense({ units: 8, useBias: false }),
        tf.layers.activation({ activation: 'elu' }),
        tf.layers.dense({ units: 5 }),
        tf.layers.elu(),
        tf.layers.dense({ units: 6 }),
        tf.layers.reLU(),
        tf.layers.dense({ units: 2, activation: 'linear' }),
      ],
    }),
    shape: [6, 2, 3, 2],
  }),
  'dropout, which is nothing but in training': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.dropout({ rate: 0.2, inputShape: [5] }),
        tf.layers.dense({ units: 7, activation: 'elu' }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.dense({ units: 2 }),
      ],
    }),
    shape: [9, 5],
  }),
  'convolutions and pooling': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.conv2d({
          filters: 4,
          kernelSize: 3,
          padding: 'same',
          activation: 'tanh',
          inputShape: [8, 7, 2],
        }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.conv2d({
          filters: 3,
          kernelSize: [2, 3],
          strides: [2, 1],
          padding: 'same',
          useBias: false,
        }),
        tf.layers.reLU(),
        tf.layers.averagePooling2d({ poolSize: [2, 1], strides: 1 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
    }),
    shape: [5, 8, 7, 2],
  }),
  'overlapping maxima, a mean of all pixels': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 5, kernelSize: 2, strides: 2, inputShape: [9, 9, 1] }),
        tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
        tf.layers.activation({ activation: 'softplus' }),
        tf.layers.globalAveragePooling2d({}),
        tf.layers.dense({ units: 3 }),
      ],
    }),
    shape: [4, 9, 9, 1],
  }),
  'a functional line with a sequential model inside': () => {
    const input = tf.input({ shape: [4] });
    const inner = tf.sequential({
      layers: [
        tf.layers.dense({ units: 5, activation: 'relu', inputShape: [6] }),
        tf.layers.dense({ units: 3 }),
      ],
    });
    const hidden = tf.layers.dense({ units: 6, activation: 'elu' }).apply(input);
    const output = tf.layers.activation({ activation: 'tanh' }).apply(inner.apply(hidden));
    return { model: tf.model({ inputs: input, outputs: output as Symbolic }), shape: [7, 4] };
  },
  'residual blocks, one in another, and one with a projection': () => {
    const { dense } = tf.layers;
    const input = tf.input({ shape: [4] });
    const stem = apply(input, dense({ units: 5, activation: 'tanh' }));
    const inner = add(apply(stem, dense({ units: 6, activation: 'elu' }), dense({ units: 5 })), stem);
    const outer = add(stem, apply(inner, tf.layers.reLU(), dense({ units: 5 })));
    const wide = apply(outer, dense({ units: 4, activation: 'softplus' }), dense({ units: 3 }));
    const sum = add(apply(outer, dense({ units: 3, useBias: false })), wide);
    const output = apply(sum, tf.layers.reLU(), dense({ units: 2 }));
    return { model: tf.model({ inputs: input, outputs: output }), shape: [8, 4] };
  },
  'a residual block that is a model inside a sequential model, and x + x': () => {
    const input = tf.input({ shape: [5] });
    const sum = add(input, apply(input, tf.layers.dense({ units: 5, activation: 'tanh' })));
    const block = tf.model({ inputs: input, outputs: add(sum, sum) });
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 5, inputShape: [3] }), block, tf.layers.dense({ units: 2 })],
    });
    return { model, shape: [6, 3] };
  },
  // tfjs itself cannot differentiate a normalisation without its scale or shift.
  'batch normalisation, of images and vectors': () => {
    const { batchNormalization, dense } = tf.layers;
    const input = tf.input({ shape: [2, 2, 3] });
    const axis = [3] as never; // as in models that Keras saved
    const first = apply(input, batchNormalization({ epsilon: 0.1, axis }), tf.layers.reLU());
    const x = apply(first, tf.layers.flatten(), dense({ units: 4 }), batchNormalization({ momentum: 0.5 }));
    const body = apply(x, tf.layers.elu(), dense({ units: 4 }), batchNormalization());
    const outputs = apply(add(body, x), dense({ units: 2 }));
    return { model: tf.model({ inputs: input, outputs }), shape: [7, 2, 2, 3] };
  },
};

function apply(x: Symbolic, ...layers: { apply(x: Symbolic): unknown }[]): Symbolic {
  return layers.reduce((its, layer) => layer.apply(its) as Symbolic, x);
}
const add = (...branches: Symbolic[]) => tf.layers.add().apply(branches) as Symbolic;

describe('fromTfjs', () => {
  it.each(Object.keys(models))('gives outputs and gradients of tfjs: %s', (name) => {
    const { model, shape } = models[name]();
    randomWeights(model, 4);
    const { network: net, snapshot } = fromTfjs(model);
    expect(snapshot.params.dtype).toBe('float32');
    expectSame(model, net, snapshot, shape);
  });

  it('in float64 holds the same weights', () => {
    const { model } = models['activations inside dense layers']();
    const { snapshot } = fromTfjs(model, { dtype: 'float64' });
    expect(snapshot.params.dtype).toBe('float64');
    expect(Array.from(snapshot.params.data)).toEqual(Array.from(fromTfjs(model).snapshot.params.data));
  });

  it('takes a trained model', async () => {
    const { model, shape } = models['activations inside dense layers']();
    const { X, Y } = data(32, 5, 3);
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
    await model.fit(
      tf.tensor2d(X.data as Float32Array, [32, 5]),
      tf.tensor2d(Y.data as Float32Array, [32, 3]),
      {
        epochs: 3,
        verbose: 0,
      },
    );
    const { network: net, snapshot } = fromTfjs(model);
    expectSame(model, net, snapshot, shape);
  });

  it('names the layer that it cannot take, and what it can', () => {
    const start = () =>
      tf.sequential({ layers: [tf.layers.dense({ units: 4, inputShape: [3], name: 'first' })] });
    const noise = start();
    noise.add(tf.layers.gaussianNoise({ stddev: 0.5, name: 'blur' }));
    expect(() => fromTfjs(noise)).toThrow(
      /layer 'blur': expected Dense, Conv2D.*got a layer of the class GaussianNoise/,
    );
    const nothing = start();
    nothing.add(tf.layers.dropout({ rate: 1, name: 'void' }));
    expect(() => fromTfjs(nothing)).toThrow(/layer 'void'.*the rate 1/);
    const image = (layer: ReturnType<Tfjs['layers']['conv2d']>) => tf.sequential({ layers: [layer] });
    const inputShape = [6, 6, 1];
    const holes = tf.layers.conv2d({ filters: 2, kernelSize: 3, dilationRate: 2, inputShape, name: 'holes' });
    expect(() => fromTfjs(image(holes))).toThrow(/layer 'holes'.*the dilation \[2,2\]/);
    const first = tf.layers.conv2d({
      filters: 2,
      kernelSize: 3,
      dataFormat: 'channelsFirst',
      inputShape: [1, 6, 6],
      name: 'first',
    });
    expect(() => fromTfjs(image(first))).toThrow(/layer 'first'.*a Conv2D of channelsFirst images/);
    const softmax = start();
    softmax.add(tf.layers.dense({ units: 2, activation: 'softmax', name: 'last' }));
    expect(() => fromTfjs(softmax)).toThrow(/layer 'last'.*the activation "softmax"/);
    const capped = start();
    capped.add(tf.layers.reLU({ maxValue: 6, name: 'six' }));
    expect(() => fromTfjs(capped)).toThrow(/layer 'six'.*the maximum 6/);
    const steps = tf.sequential({
      layers: [tf.layers.dense({ units: 4, inputShape: [3, 2], name: 'each' })],
    });
    expect(() => fromTfjs(steps)).toThrow(/layer 'each'.*a Dense layer on examples of 2 axes/);
    const rows = tf.sequential({
      layers: [tf.layers.batchNormalization({ axis: 1, inputShape: [3, 2], name: 'rows' })],
    });
    expect(() => fromTfjs(rows)).toThrow(/layer 'rows'.*a BatchNormalization over the axis 1 of 3/);
    expect(() => fromTfjs(tf.sequential({ name: 'raw' }))).toThrow(
      /model 'raw': expected a model that is built/,
    );
    const broken = start();
    broken.layers[0].setWeights([tf.fill([3, 4], Number.NaN), tf.zeros([4])]);
    expect(() => fromTfjs(broken)).toThrow(/layer 'first': expected finite weights/);
  });

  it('gives residual blocks their layers: the longer branch is the body', () => {
    const { model } = models['residual blocks, one in another, and one with a projection']();
    const { network: net } = fromTfjs(model);
    expect(net.toString()).toBe(
      network(4, [
        dense(5),
        tanh(),
        residual([residual([dense(6), elu(), dense(5)]), relu(), dense(5)]),
        residual([dense(4), softplus(), dense(3)], { shortcut: [dense(3, { bias: false })] }),
        relu(),
        dense(2),
      ]).toString(),
    );
  });

  it('reads a deep residual network in one go', () => {
    const input = tf.input({ shape: [2] });
    let x = input;
    for (let k = 0; k < 40; k++) {
      const half = add(x, apply(x, tf.layers.dense({ units: 2 })));
      x = add(apply(half, tf.layers.reLU()), x);
    }
    const { network: net } = fromTfjs(tf.model({ inputs: input, outputs: x }));
    expect(net.layers.map(({ name }) => name)).toEqual(
      Array.from({ length: 40 }, (_, k) => `residual${k + 1}`),
    );
    expect(net.layout.places.has('residual40/residual1/dense1/weight')).toBe(true);
  });

  it('refuses a graph that branches in other ways', () => {
    const input = tf.input({ shape: [3] });
    const denseOf = (x: Symbolic, name?: string) => apply(x, tf.layers.dense({ units: 3, name }));
    const [a, b] = [denseOf(input), denseOf(input)];
    const refused = (outputs: Symbolic | Symbolic[]) =>
      expect(() => fromTfjs(tf.model({ inputs: input, outputs })));
    refused(tf.layers.concatenate({ name: 'both' }).apply([a, b]) as Symbolic).toThrow(
      /layer 'both': expected .*two branches.*got a layer of the class Concatenate with 2 inputs/,
    );
    refused(tf.layers.add({ name: 'three' }).apply([a, b, input]) as Symbolic).toThrow(
      /layer 'three'.*class Add with 3 inputs/,
    );
    refused([a, b]).toThrow(/got 1 inputs and 2 outputs/);
    const shared = tf.layers.dense({ units: 3, name: 'twice' });
    refused(apply(input, shared, shared)).toThrow(/layer 'twice'.*used more than once/);
    // Two skips that cross: from inside of the first block to beyond it.
    const inside = denseOf(input, 'inside');
    const crossed = add(denseOf(add(denseOf(inside), input)), inside);
    refused(crossed).toThrow(/layer 'inside'.*used more than once/);
  });
});

describe('training with batch normalisation', () => {
  it('takes the steps that tfjs takes: parameters and running statistics after several', async () => {
    const net = network(
      [2, 3],
      [
        batchNorm({ momentum: 0.8 }),
        flatten(),
        dense(8),
        batchNorm({ momentum: 0.7, epsilon: 0.01 }),
        relu(),
        residual([dense(8), batchNorm({ momentum: 0.9 }), tanh(), dense(8)]),
        dense(2),
      ],
    );
    const start = net.init(random('steps'));
    const { X, Y } = data(24, 6, 2);
    const model = toTfjs(net, start, tf);
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    await model.fit(
      tf.tensor(X.data as Float32Array, [24, 2, 3]),
      tf.tensor2d(Y.data as Float32Array, [24, 2]),
      { epochs: 3, batchSize: 8, shuffle: false, verbose: 0 },
    );
    const theirs = fromTfjs(model).snapshot;
    const { snapshot: ours } = await train(
      net,
      start,
      { inputs: X, targets: Y },
      {
        loss: meanSquaredError,
        optimizer: sgd({ rate: 0.1 }),
        epochs: 3,
        batchSize: 8,
        shuffle: false,
      },
    );
    expect(ours.params.data).toBeAllclose(theirs.params.data, { rtol: 1e-4, atol: 1e-5 });
    expect(ours.state.data).toBeAllclose(theirs.state.data, { rtol: 1e-5, atol: 1e-6 });
    expect(ours.state.data).not.toBeAllclose(start.state.data, { atol: 0.1 });
  });
});

/** A fixed sample in `npm test`; KERNELBOOK_LONG=1 draws many more. */
const architectures = process.env.KERNELBOOK_LONG === '1' ? 240 : 20;

it.each(Array.from({ length: architectures }, (_, k) => k))(
  'the random network of images %i is the same in tfjs, and comes back with its numbers',
  (k) => {
    const net = randomImageNetwork(random(`tfjs ${k}`), { constants: false });
    const snapshot = net.init(random(k), { initializer: 'standardNormal' });
    const model = toTfjs(net, snapshot, tf);
    const shape = [4, ...net.inputShape];
    // tfjs' own derivative of a mean over a window that reaches into padding divides by the whole window, although its
    // value does not: there the values alone are compared.
    const padded = net.layers.some(
      ({ kind, ...its }) => kind === 'averagePool' && 'padding' in its && its.padding === 'same',
    );
    if (padded) {
      const { X } = data(4, net.inputs, net.outputs);
      const output = model.predict(tf.tensor(X.data as Float32Array, shape)) as ReturnType<Tfjs['tensor']>;
      expectNear(net.predict(snapshot, X), output.dataSync() as Float32Array, 1e-5);
    } else expectSame(model, net, snapshot, shape);
    const back = fromTfjs(model);
    expect(back.snapshot.params.data).toEqual(snapshot.params.data);
    const { X } = data(3, net.inputs, net.outputs);
    expect(back.network.predict(back.snapshot, X).data).toEqual(net.predict(snapshot, X).data);
    model.dispose();
  },
);

describe('toTfjs', () => {
  const nets: Record<string, [number | number[], LayerSpec[]]> = {
    'every activation': [
      5,
      [
        dense(6),
        tanh(),
        dense(5),
        sigmoid(),
        dense(4),
        softplus(),
        dense(5),
        elu(),
        dense(4),
        relu(),
        dense(3),
      ],
    ],
    'the constants of dense layers and activations': [
      4,
      [
        dense(8, { weightScale: 'ntk', biasScale: 0.1 }),
        relu({ scale: 1 / 10 }),
        dense(6, { bias: false, weightScale: 2 }),
        elu({ scale: 0.7 }),
        dense(3, { weightScale: 'ntk' }),
        identity({ scale: 3 }),
      ],
    ],
    'activations on their own, an inner network, flatten, dropout': [
      [2, 2],
      [
        dropout(0.3),
        flatten(),
        tanh(),
        network(4, [dense(3), relu(), dense(4)]),
        elu(),
        identity(),
        dense(2),
      ],
    ],
    'batch normalisation': [
      [2, 3],
      [
        batchNorm({ epsilon: 0.1 }),
        tanh(),
        flatten(),
        residual([dense(6), batchNorm({ scale: false, momentum: 0.8 }), relu()]),
        batchNorm({ center: false }),
        dense(2),
        batchNorm({ center: false, scale: false }),
      ],
    ],
    'residual blocks': [
      4,
      [
        residual([residual([tanh(), dense(4)], { shortcut: [dense(4, { weightScale: 'ntk' })] }), dense(4)]),
        relu(),
        residual([dense(6), relu({ scale: 0.1 }), dense(3)], { shortcut: [dense(3)] }),
        dense(2),
      ],
    ],
  };

  it.each(Object.keys(nets))('gives the same function: %s', (name) => {
    const [input, layers] = nets[name];
    const net = network(input, layers);
    const snapshot = net.init(random(3), { initializer: 'standardNormal' });
    random(4).fill(snapshot.state.data, 'uniform', 0.5, 1.5);
    const { X } = data(8, net.inputs, net.outputs);
    const model = toTfjs(net, snapshot, tf);
    const output = model.predict(tf.tensor(X.data as Float32Array, [8, ...net.inputShape])) as ReturnType<
      Tfjs['tensor']
    >;
    expect(net.predict(snapshot, X).data).toBeAllclose(output.dataSync(), { rtol: 1e-5, atol: 1e-5 });
  });

  it('and back gives the same network and numbers', () => {
    const block = residual([dense(5, { bias: false }), elu(), dense(3)], { shortcut: [dense(3)] });
    const net = network(
      [2, 3],
      [
        flatten(),
        dense(7),
        tanh(),
        block,
        batchNorm(),
        residual([dense(3), batchNorm({ scale: false })]),
        dense(2),
      ],
    );
    const snapshot = net.init(random(8));
    random(9).fill(snapshot.params.data, 'normal');
    random(9).fill(snapshot.state.data, 'uniform');
    const back = fromTfjs(toTfjs(net, snapshot, tf));
    expect(back.network.toString()).toBe(net.toString());
    expect(back.snapshot.params.data).toEqual(snapshot.params.data);
    expect(back.snapshot.state.data).toEqual(snapshot.state.data);
  });

  it('gives and takes dropout with its rate, which means in tfjs what it means here', () => {
    const net = network(4000, [dropout(0.2), dropout(0)]);
    const snapshot = net.init(random(8));
    const model = toTfjs(net, snapshot, tf);
    const rates = model.layers.slice(1).map((layer) => layer.getConfig().rate);
    expect(rates).toEqual([0.2, 0]);
    const back = fromTfjs(model).network.layers.map((layer) => [layer.kind, layer.stochastic]);
    expect(back).toEqual([
      ['dropout', true],
      ['dropout', false],
    ]);
    const ones = new Matrix(1, 4000, new Float32Array(4000).fill(1));
    const ours = net.forward(snapshot, ones, { mode: 'train', rng: random(1) }).output.data;
    const theirs = (
      model.apply(tf.ones([1, 4000]), { training: true }) as ReturnType<Tfjs['tensor']>
    ).dataSync();
    for (const mask of [ours, theirs]) {
      expect([...new Set(mask)].sort()).toEqual([0, 1.25]);
      const zeros = Array.from(mask).filter((m) => m === 0).length;
      expect(Math.abs(zeros - 800)).toBeLessThan(5 * Math.sqrt(4000 * 0.16));
    }
  });

  it('leaves no tensors behind but the weights', () => {
    const net = network(3, [dense(4), tanh(), dense(2)]);
    const snapshot = net.init(random(1));
    const before = tf.memory().numTensors;
    const model = toTfjs(net, snapshot, tf);
    expect(tf.memory().numTensors - before).toBe(4);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names a scale or an α that has no place, and a snapshot of another network', () => {
    const net = network(3, [relu({ scale: 2 }), dense(1)]);
    expect(() => toTfjs(net, net.init(random(1)), tf)).toThrow(/Layer 'relu1'.*the scale 2/);
    const bent = network(3, [dense(2), elu({ alpha: 0.5 })]);
    expect(() => toTfjs(bent, bent.init(random(1)), tf)).toThrow(/Layer 'elu1'.*α 0.5/);
    const other = network(4, [dense(1)]);
    expect(() => toTfjs(net, other.init(random(1)), tf)).toThrow(/Parameters of the snapshot/);
  });
});

it('loads tfjs once, without its banner', async () => {
  const warn = vi.spyOn(console, 'warn');
  const log = vi.spyOn(console, 'log');
  const again = await loadTfjs<Tfjs>();
  expect(again.engine()).toBe(tf.engine());
  expect(Array.from(again.matMul(again.ones([1, 2]), again.ones([2, 1])).dataSync())).toEqual([2]);
  expect(warn).not.toHaveBeenCalled();
  expect(log).not.toHaveBeenCalled();
});

it("tfjs' own types fit the interfaces that stand for them, and toTfjs gives a tf.LayersModel", () => {
  const module: TfjsModule<import('@tensorflow/tfjs').LayersModel> = tf;
  const take = (model: import('@tensorflow/tfjs').LayersModel): TfjsModel => model;
  const net = network(2, [dense(1)]);
  const model: import('@tensorflow/tfjs').LayersModel = toTfjs(net, net.init(random(1)), tf);
  expect(module).toBe(tf);
  expect(model).toBeInstanceOf(tf.LayersModel);
  expect(take(model)).toBe(model);
});
