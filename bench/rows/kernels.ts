/** Tangent kernels of multilayer perceptrons: exact, summed over classes, and of projected gradients. */

import { projectedTangentKernel, tangentKernel } from '../../src/lib/kernels';
import { Matrix, type Vector, zeros } from '../../src/lib/linalg';
import { mean } from '../../src/lib/metrics';
import { dense, type LayerSpec, type Network, network, relu, type Snapshot } from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import type { InputReader, InputWriter, Row } from '../row';
import { corner } from './corner';

const torch = { script: 'by_torch.py', environment: 'current' } as const;
const numpy = { script: 'by_numpy.py', environment: 'current', task: 'structured' } as const;
const tangents = { script: 'by_jax.py', environment: 'tangents', task: 'structured' } as const;

/** Weights N(0, 1/d_in), small biases, inputs N(0, 1); float32. */
function writeNetwork({ write }: InputWriter, widths: readonly number[], n: number): void {
  const normal = (name: string, length: number, sd: number) =>
    write(`${name}.f32`, random(name).fill(zeros(length, 'float32'), 'normal', 0, sd));
  for (let i = 0; i + 1 < widths.length; i++) {
    normal(`W${i}`, widths[i] * widths[i + 1], 1 / Math.sqrt(widths[i]));
    normal(`b${i}`, widths[i + 1], 0.1);
  }
  normal('X', n * widths[0], 1);
}

export function reluNetwork(
  { read }: InputReader,
  widths: readonly number[],
): { net: Network; snapshot: Snapshot; X: Matrix } {
  const layers = widths
    .slice(1)
    .flatMap((units, i): LayerSpec[] => (i === 0 ? [dense(units)] : [relu(), dense(units)]));
  const net = network(widths[0], layers);
  const snapshot = net.init(random(0), { dtype: 'float32' });
  for (let i = 0; i + 1 < widths.length; i++) {
    snapshot.params.get(`dense${i + 1}/weight`).data.set(read(`W${i}.f32`));
    snapshot.params.get(`dense${i + 1}/bias`).data.set(read(`b${i}.f32`));
  }
  const X: Vector = read('X.f32');
  return { net, snapshot, X: new Matrix(X.length / widths[0], widths[0], X) };
}

const exactRow = (name: string, title: string, widths: number[], n: number): Row => ({
  name,
  title,
  parameters: { widths, n },
  inputs: (writer) => writeNetwork(writer, widths, n),
  async ours(reader) {
    const { net, snapshot, X } = reluNetwork(reader, widths);
    return async () => ({ corner: corner(await tangentKernel(net, snapshot).gram(X)) });
  },
  peers: {
    'neural-tangents': tangents,
    'torch, structured': { ...torch, task: 'structured' },
    'numpy, structured': numpy,
    ...(widths.at(-1) === 1 ? { 'torch.func': { ...torch, task: 'functional' } } : {}),
  },
  targets: [
    { against: 'neural-tangents', must: 1, stretch: 0.6 },
    { against: 'torch.func', must: 0.05 },
    ...(widths.at(-1) === 1 ? [{ against: 'torch, structured', stretch: 1 }] : []),
  ],
});

const widths = [784, 100, 100, 100, 1];

export const kernelRows: Row[] = [
  {
    ...exactRow('ntk', 'exact NTK, MLP 784-100-100-100-1, n = 2000', widths, 2000),
    memory: { megabytes: 150 },
  },
  exactRow('classes', 'NTK summed over 10 classes, MLP 784-256-256-10, n = 500', [784, 256, 256, 10], 500),
  {
    name: 'projected',
    title: 'NTK of gradients projected to K = 1024, MLP 784-100-100-100-1, n = 2000',
    parameters: { widths, n: 2000, dimension: 1024 },
    inputs: (writer) => writeNetwork(writer, widths, 2000),
    async ours(reader) {
      const { net, snapshot, X } = reluNetwork(reader, widths);
      return async () => {
        const kernel = projectedTangentKernel(net, snapshot, { dimension: 1024, rng: random(1) });
        const K = await kernel.gram(X);
        return { trace: [mean(K.diagonal())] };
      };
    },
    peers: {
      trak: { script: 'by_trak.py', environment: 'current' },
      'torch, by signs': { ...torch, task: 'projected' },
    },
    targets: [{ against: ['trak', 'torch, by signs'], must: 0.2, stretch: 0.05 }],
    // Each side has its own random signs: the mean of k(x, x) agrees to a few standard errors.
    tolerance: 0.05,
  },
];
