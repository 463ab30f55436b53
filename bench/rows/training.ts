/** Training loops: many steps of a small network, and of several beside each other; a few of a wide one. */

import { Matrix, zeros } from '../../src/lib/linalg';
import {
  adam,
  dense,
  gradientDescent,
  meanSquaredError,
  network,
  relu,
  tanh,
  train,
  trainInThread,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import type { InputReader, InputWriter, Row } from '../row';

const torch = { script: 'by_torch.py', environment: 'current' } as const;
const jax = { script: 'by_jax.py', environment: 'tangents' } as const;

/** Networks 1-128-128-128-1, one for each seed, and 201 points. */
function adamTraining(width: 'f32' | 'f64', steps: number, seeds: number) {
  const widths = [1, 128, 128, 128, 1];
  const [n, rate] = [201, 1e-3];
  const dtype = width === 'f32' ? 'float32' : 'float64';
  return {
    title: `${steps} Adam steps, tanh 1-128-128-128-1, ${n} points, ${dtype}`,
    parameters: { widths, width, steps, rate },
    inputs({ write }: InputWriter) {
      for (let i = 0; i + 1 < widths.length; i++) {
        const W = zeros(seeds * widths[i] * widths[i + 1], dtype);
        write(`W${i}.${width}`, random(`W${i}`).fill(W, 'normal', 0, 1 / Math.sqrt(widths[i])));
        write(`b${i}.${width}`, zeros(seeds * widths[i + 1], dtype));
      }
      const X = zeros(n, dtype).map((_, i) => (2 * i) / (n - 1) - 1);
      write(`X.${width}`, X);
      write(
        `Y.${width}`,
        X.map((x) => Math.sin(6 * x) + 0.3 * Math.cos(17 * x)),
      );
    },
    /** The same training of every seed's network, with `run` (train, or trainInThread), at once: the last losses. */
    prepared({ read }: InputReader, run: typeof trainInThread) {
      const net = network(1, [dense(128), tanh(), dense(128), tanh(), dense(128), tanh(), dense(1)]);
      const snapshots = Array.from({ length: seeds }, (_, seed) => {
        const snapshot = net.init(random(0), { dtype });
        const put = (name: string, file: string) => {
          const { data } = snapshot.params.get(name);
          data.set(read(`${file}.${width}`).subarray(seed * data.length, (seed + 1) * data.length));
        };
        for (let i = 0; i + 1 < widths.length; i++) {
          put(`dense${i + 1}/weight`, `W${i}`);
          put(`dense${i + 1}/bias`, `b${i}`);
        }
        return snapshot;
      });
      const inputs = new Matrix(n, 1, read(`X.${width}`));
      const targets = new Matrix(n, 1, read(`Y.${width}`));
      const options = { loss: meanSquaredError, optimizer: adam({ rate }), epochs: steps };
      return async () => {
        const results = await Promise.all(
          snapshots.map((snapshot) => run(net, snapshot, { inputs, targets }, options)),
        );
        return { loss: results.map(({ history }) => history.at(-1)!.loss) };
      };
    },
  };
}

/**
 * After hundreds of steps rounding has grown to half the loss (PyTorch's two optimisers differ by that much); a training
 * that does something else ends elsewhere altogether.
 */
const ADAM_TOLERANCE = 1;

const adamRow = (width: 'f32' | 'f64'): Row => {
  const { prepared, ...row } = adamTraining(width, 2400, 1);
  return {
    name: `adam-${width}`,
    ...row,
    ours: async (reader) => prepared(reader, train),
    peers: {
      jax: { ...jax, task: 'adam' },
      'torch, fused': { ...torch, task: 'adam-fused' },
      'torch, eager': { ...torch, task: 'adam-eager' },
    },
    targets: [
      { against: 'jax', must: 1.3, stretch: 0.8 },
      { against: ['torch, fused', 'torch, eager'], must: 0.6 },
    ],
    tolerance: ADAM_TOLERANCE,
  };
};

const adamSeeds: Row = (() => {
  const seeds = 8;
  const { prepared, title, parameters, ...row } = adamTraining('f32', 600, seeds);
  return {
    name: 'adam-seeds',
    title: `${seeds} networks: ${title}`,
    parameters: { ...parameters, seeds },
    ...row,
    ours: async (reader) => prepared(reader, trainInThread),
    peers: {
      'jax, vmap': { ...jax, task: 'adam-seeds-together' },
      'jax, in turn': { ...jax, task: 'adam-seeds-in-turn' },
      'torch, batched': { ...torch, task: 'adam-seeds-together' },
      'torch, in turn': { ...torch, task: 'adam-fused' },
    },
    targets: [
      { against: ['jax, vmap', 'jax, in turn'], must: 1.3, stretch: 0.8 },
      { against: ['torch, batched', 'torch, in turn'], must: 0.6 },
    ],
    tolerance: ADAM_TOLERANCE,
  };
})();

const descent: Row = {
  name: 'descent',
  title: '10 steps of gradient descent, relu 1000-1500-1, n = 2000, float32',
  parameters: { n: 2000, d: 1000, h: 1500, steps: 10, rate: 0.01 },
  inputs({ write }) {
    const normal = (name: string, length: number, sd: number) =>
      write(`${name}.f32`, random(name).fill(zeros(length, 'float32'), 'normal', 0, sd));
    normal('X', 2000 * 1000, 1);
    normal('Y', 2000, 1);
    normal('W0', 1000 * 1500, 1 / Math.sqrt(1000));
    normal('W1', 1500, 1 / Math.sqrt(1500));
  },
  async ours({ read }) {
    const net = network(1000, [dense(1500), relu(), dense(1)]);
    const snapshot = net.init(random(0), { dtype: 'float32' });
    snapshot.params.data.fill(0);
    snapshot.params.get('dense1/weight').data.set(read('W0.f32'));
    snapshot.params.get('dense2/weight').data.set(read('W1.f32'));
    const inputs = new Matrix(2000, 1000, read('X.f32'));
    const targets = new Matrix(2000, 1, read('Y.f32'));
    const options = { loss: meanSquaredError, optimizer: gradientDescent({ rate: 0.01 }), epochs: 10 };
    return async () => {
      const { history } = await train(net, snapshot, { inputs, targets }, options);
      return { loss: [history.at(-1)!.loss] };
    };
  },
  peers: {
    torch: { ...torch, task: 'gradient-descent' },
    jax: { ...jax, task: 'gradient-descent' },
  },
  targets: [{ against: 'torch', must: 1.2, stretch: 0.95 }],
};

export const trainingRows: Row[] = [adamRow('f32'), adamRow('f64'), adamSeeds, descent];
