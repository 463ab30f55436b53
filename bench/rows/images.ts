/** The convolutional network of the trNTK paper (arXiv 2305.14585): its exact tangent kernel, and an epoch of its training. */

import { tangentKernel } from '../../src/lib/kernels';
import { Matrix, type Vector, zeros } from '../../src/lib/linalg';
import {
  adam,
  averagePool,
  conv2d,
  dense,
  flatten,
  type LayerSpec,
  logisticLoss,
  type Network,
  network,
  relu,
  type Snapshot,
  train,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import type { InputReader, InputWriter, Row } from '../row';
import { corner } from './corner';

const torch = { script: 'by_torch.py', environment: 'current' } as const;
const jax = { script: 'by_jax.py', environment: 'tangents' } as const;

/** 28 × 28 pixels; 3 × 3 convolutions, each a relu divided by √(9 filters) and a mean of 2 × 2; 72-128-64-1, relu/√width. */
const filters = [64, 32, 8];
const widths = [72, 128, 64, 1];
const parameters = { filters, widths };

const convolution = (count: number): LayerSpec[] => [
  conv2d(count, 3, { padding: 'same' }),
  relu({ scale: 1 / Math.sqrt(9 * count) }),
  averagePool(2),
];

const hidden = (units: number): LayerSpec[] => [dense(units), relu({ scale: 1 / Math.sqrt(units) })];

const net: Network = network(
  [28, 28, 1],
  [...filters.flatMap(convolution), flatten(), ...widths.slice(1, -1).flatMap(hidden), dense(1)],
);

/** Everything N(0, 1), as in the paper; pixels U(0, 1). Kernels are 3 × 3 × channels × filters. */
function writeNetwork({ write }: InputWriter, n: number): void {
  for (const { name, rows, cols } of net.body.parameters)
    write(`${name.replace('/', '-')}.f32`, random(name).fill(zeros(rows * cols, 'float32'), 'normal'));
  write('X.f32', random('X').fill(zeros(n * net.inputs, 'float32'), 'uniform'));
  write('Y.f32', random('Y').fill(zeros(n, 'float32'), 'uniform').map(Math.round));
}

function readNetwork({ read }: InputReader): { snapshot: Snapshot; X: Matrix; Y: Vector } {
  const snapshot = net.init(random(0), { dtype: 'float32' });
  for (const { name } of net.body.parameters)
    snapshot.params.get(name).data.set(read(`${name.replace('/', '-')}.f32`));
  const X = read('X.f32');
  return { snapshot, X: new Matrix(X.length / net.inputs, net.inputs, X), Y: read('Y.f32') };
}

const kernel: Row = {
  name: 'ntk-cnn',
  title: 'exact NTK, CNN 64-32-8 and 72-128-64-1 on 28 × 28 pixels, n = 500',
  parameters,
  inputs: (writer) => writeNetwork(writer, 500),
  async ours(reader) {
    const { snapshot, X } = readNetwork(reader);
    return async () => ({ corner: corner(await tangentKernel(net, snapshot).gram(X)) });
  },
  peers: {
    'torch.func': { ...torch, task: 'images-kernel' },
    'torch.func, 50 at a time': { ...torch, task: 'images-kernel-chunks' },
    'jax, 50 at a time': { ...jax, task: 'images-kernel' },
  },
  targets: [
    { against: ['torch.func', 'torch.func, 50 at a time', 'jax, 50 at a time'], must: 1, stretch: 0.7 },
  ],
  // Half of what torch.func took when the target was set.
  memory: { megabytes: 425 },
};

const rate = 1e-3;
const batchSize = 64;

const epoch: Row = {
  name: 'train-cnn',
  title: 'an epoch of Adam, the same CNN, 2000 images in batches of 64',
  parameters: { ...parameters, rate, batchSize },
  inputs: (writer) => writeNetwork(writer, 2000),
  async ours(reader) {
    const { snapshot, X, Y } = readNetwork(reader);
    const options = { loss: logisticLoss, optimizer: adam({ rate }), epochs: 1, batchSize, shuffle: false };
    return async () => {
      const { history } = await train(net, snapshot, { inputs: X, targets: Y }, options);
      return { loss: [history[0].loss] };
    };
  },
  peers: {
    'torch, channels last': { ...torch, task: 'images-epoch-last' },
    'torch, channels first': { ...torch, task: 'images-epoch-first' },
    jax: { ...jax, task: 'images-epoch' },
  },
  targets: [{ against: ['torch, channels last', 'torch, channels first', 'jax'], must: 1.5, stretch: 1 }],
};

export const imageRows: Row[] = [kernel, epoch];
