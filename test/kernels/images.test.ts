import { describe, expect, it } from 'vitest';
import {
  conjugateKernel,
  embeddingKernel,
  jacobian,
  projectedTangentKernel,
  pseudoTangentKernel,
  tangentKernel,
} from '../../src/lib/kernels';
import { type DType, gemm, Matrix, syrk } from '../../src/lib/linalg';
import {
  averagePool,
  conv2d,
  dense,
  FreshWorkspace,
  flatten,
  globalAveragePool,
  type LinearSite,
  maxPool,
  type Network,
  network,
  relu,
  residual,
  softplus,
  tanh,
  writtenOut,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { expectNear } from '../nets/layer-properties';
import { randomImageNetwork } from '../nets/random-networks';
import { normal, relativeDistance, snapshotOf } from './networks';

const precisions: [DType, number][] = [
  ['float64', 1e-12],
  ['float32', 5e-5],
];

const cases: [string, Network][] = [
  [
    'the trNTK study’s CNN, small',
    network(
      [8, 8, 1],
      [
        ...[conv2d(6, 3, { padding: 'same' }), relu({ scale: 0.3 }), averagePool(2)],
        ...[conv2d(4, 3, { padding: 'same' }), relu({ scale: 0.3 }), averagePool(2)],
        ...[flatten(), dense(5), relu({ scale: 0.5 }), dense(1)],
      ],
    ),
  ],
  [
    'several outputs, few positions, NTK parametrisation',
    network(
      [5, 4, 2],
      [
        conv2d(7, 3, { weightScale: 'ntk', biasScale: 0.2 }),
        tanh(),
        conv2d(6, [2, 1], { weightScale: 'ntk', bias: false }),
        softplus(),
        ...[maxPool([2, 1], { padding: 'same' }), flatten(), dense(3, { weightScale: 'ntk' })],
      ],
    ),
  ],
  [
    'strides, a residual block with a projection, a global mean',
    network(
      [7, 7, 2],
      [
        residual([conv2d(6, 3, { stride: 2, padding: 'same' }), tanh(), conv2d(6, 3, { padding: 'same' })], {
          shortcut: [conv2d(6, 1, { stride: 2, bias: false })],
        }),
        ...[tanh(), globalAveragePool(), dense(2)],
      ],
    ),
  ],
  ['one window', network([3, 3, 2], [conv2d(4, 3), tanh(), flatten(), dense(2)])],
];

/** A wide network of which a pass over 40 examples is several batches. */
const wide = network(
  [24, 24, 1],
  [conv2d(20, 3, { padding: 'same' }), tanh(), averagePool(4), conv2d(3, 3), tanh(), flatten(), dense(2)],
);

describe.each(precisions)('kernels of networks of images in %s', (dtype, tolerance) => {
  it.each(cases)('the tangent kernels are Grams of explicit Jacobian rows: %s', async (_, net) => {
    const snapshot = snapshotOf(net, 1, dtype);
    const X = normal(7, net.inputs, 2, dtype);
    const J = jacobian(net, snapshot, X);
    const F = J.reshape(7, net.outputs * J.cols);
    const kernel = tangentKernel(net, snapshot);
    expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(tolerance);
    const cross = await kernel.cross(X.slice(0, 3), X);
    expect(relativeDistance(cross, gemm(F.slice(0, 3), F, { transposeB: true }))).toBeLessThan(tolerance);
    expect(await kernel.diagonal(X)).toBeAllclose(syrk(F).diagonal(), { rtol: 10 * tolerance });

    const sum = Matrix.zeros(7, J.cols, dtype);
    for (let k = 0; k < sum.data.length; k++)
      for (let c = 0; c < net.outputs; c++) {
        const row = Math.floor(k / J.cols) * net.outputs + c;
        sum.data[k] += J.data[row * J.cols + (k % J.cols)];
      }
    const pseudo = await pseudoTangentKernel(net, snapshot).gram(X);
    expect(relativeDistance(pseudo, syrk(sum, { alpha: 1 / net.outputs }))).toBeLessThan(tolerance);
  });

  it.each(cases)('without biases, and of one layer, they are those of the columns: %s', async (_, net) => {
    const snapshot = snapshotOf(net, 3, dtype);
    const X = normal(5, net.inputs, 4, dtype);
    const J = jacobian(net, snapshot, X);
    const only = (keep: (name: string) => boolean) => {
      const masked = J.copy();
      for (const [name, { offset, rows, cols }] of net.layout.places)
        if (!keep(name)) for (let r = 0; r < J.rows; r++) masked.row(r).fill(0, offset, offset + rows * cols);
      return syrk(masked.reshape(5, net.outputs * J.cols));
    };
    const weights = await tangentKernel(net, snapshot, { bias: false }).gram(X);
    expect(
      relativeDistance(
        weights,
        only((name) => name.endsWith('/weight')),
      ),
    ).toBeLessThan(tolerance);
    const name = [...net.layout.places.keys()][0].replace('/weight', '');
    const first = await tangentKernel(net, snapshot, { layers: [name] }).gram(X);
    expect(
      relativeDistance(
        first,
        only((its) => its.startsWith(`${name}/`)),
      ),
    ).toBeLessThan(tolerance);
  });

  it('of more examples than a batch holds are the same', async () => {
    const snapshot = snapshotOf(wide, 5, dtype);
    const X = normal(40, wide.inputs, 6, dtype);
    const J = jacobian(wide, snapshot, X);
    const F = J.reshape(40, 2 * J.cols);
    const kernel = tangentKernel(wide, snapshot);
    expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(tolerance);
    expect(
      relativeDistance(await kernel.cross(X, X.slice(9)), gemm(F, F.slice(9), { transposeB: true })),
    ).toBeLessThan(tolerance);
    expect(await kernel.diagonal(X)).toBeAllclose(syrk(F).diagonal(), { rtol: 10 * tolerance });

    const { outputs } = wide.forward(snapshot, X);
    const of = (name: string) => outputs.find((its) => its.name === name)!.output;
    expect(
      relativeDistance(await conjugateKernel(wide, snapshot).gram(X), syrk(of('flatten1'))),
    ).toBeLessThan(tolerance);
    const sum = syrk(of('tanh1'));
    syrk(of('tanh2'), { beta: 1, out: sum });
    expect(relativeDistance(await embeddingKernel(wide, snapshot).gram(X), sum)).toBeLessThan(tolerance);
  });
});

/** A fixed sample in `npm test`; KERNELBOOK_LONG=1 draws many more. */
const architectures = process.env.KERNELBOOK_LONG === '1' ? 240 : 20;

it.each(Array.from({ length: architectures }, (_, k) => k))(
  'the tangent kernel of random network of images %i is the Gram of its Jacobian',
  async (k) => {
    const net = randomImageNetwork(random(`kernel of images ${k}`));
    const snapshot = snapshotOf(net, k);
    const n = 2 + (k % 9);
    const X = normal(n, net.inputs, `inputs ${k}`);
    const J = jacobian(net, snapshot, X);
    const K = await tangentKernel(net, snapshot).gram(X);
    // Not relative to its norm: a network of dead units has none.
    expectNear(K, syrk(J.reshape(n, net.outputs * J.cols)), 1e-12);
  },
);

describe('projected kernels of networks of images', () => {
  // 36 positions of 9 × 5 weights: by way of the gradients. 2 positions of 45 × 4: directly.
  const net = network(
    [6, 6, 1],
    [conv2d(5, 3, { padding: 'same' }), tanh(), averagePool([6, 3]), flatten(), dense(2)],
  );
  const few = network([3, 4, 5], [conv2d(4, 3, { biasScale: 0.5 }), tanh(), flatten(), dense(1)]);

  it.each([
    ['many positions', net],
    ['few positions', few],
  ])('with Khatri–Rao signs has the features Σ_p (w r·h_p + β ρ)(s·δ_p): %s', async (_, its) => {
    const K = 24;
    const snapshot = snapshotOf(its, 1);
    const X = normal(5, its.inputs, 2);
    const rng = random('signs');
    const signs = (name: string, rows: number) => {
      const out = Matrix.zeros(rows, K);
      rng.stream(name).fill(out.data, 'rademacher');
      return out;
    };
    const C = its.outputs;
    const expected = Matrix.zeros(5 * C, K);
    const eye = Matrix.identity(C);
    const cotangents = Matrix.from(Array.from({ length: 5 * C }, (_, r) => eye.row(r % C)));
    const { sites } = its.forward(snapshot, X).backward(cotangents, { cotangents: C, sites: true }).sites;
    for (const site of sites as LinearSite[]) {
      const T = site.positions;
      const R = signs(`${site.weight} inputs`, site.inputs.cols);
      const S = signs(`${site.weight} deltas`, site.deltas.cols);
      const rho = signs(site.bias as string, 1);
      const H = gemm(writtenOut(site.inputs, new FreshWorkspace('float64')), R);
      const D = gemm(site.deltas, S);
      for (let r = 0; r < 5 * C * T; r++)
        for (let j = 0; j < K; j++) {
          const p = Math.floor(r / (C * T)) * T + (r % T);
          const left = site.weightScale * H.get(p, j) + site.biasScale * rho.get(0, j);
          const row = Math.floor(r / T);
          expected.set(row, j, expected.get(row, j) + (left * D.get(r, j)) / Math.sqrt(K));
        }
    }
    const kernel = projectedTangentKernel(its, snapshot, { dimension: K, rng });
    const features = await kernel.features(X);
    expect(relativeDistance(features.reshape(5 * C, K), expected)).toBeLessThan(1e-13);
  });

  it.each(
    (['khatri-rao', 'rademacher', 'gaussian'] as const).flatMap((kind) => [
      [kind, 'many positions', net] as const,
      [kind, 'few positions', few] as const,
    ]),
  )('is unbiased: %s, %s', async (kind, _, its) => {
    const snapshot = snapshotOf(its, 3);
    const X = normal(4, its.inputs, 4);
    const exact = await tangentKernel(its, snapshot).gram(X);
    const draws = 80;
    const sum = new Float64Array(16);
    const square = new Float64Array(16);
    for (let draw = 0; draw < draws; draw++) {
      const rng = random('images').stream(draw);
      const K = await projectedTangentKernel(its, snapshot, { dimension: 48, kind, rng }).gram(X);
      for (let k = 0; k < 16; k++) {
        sum[k] += K.data[k];
        square[k] += K.data[k] ** 2;
      }
    }
    for (let k = 0; k < 16; k++) {
      const mean = sum[k] / draws;
      const error = Math.sqrt((square[k] / draws - mean ** 2) / (draws - 1));
      expect(Math.abs(mean - exact.data[k])).toBeLessThan(4.5 * error);
      expect(error).toBeLessThan(0.1 * Math.max(...exact.diagonal()));
    }
  });

  it('of more examples than a pass holds has the same features', async () => {
    const snapshot = snapshotOf(wide, 7, 'float32');
    const X = normal(250, wide.inputs, 8, 'float32');
    const kernel = projectedTangentKernel(wide, snapshot, { dimension: 32, rng: random(1) });
    const features = await kernel.features(X);
    for (const i of [0, 123, 249])
      expect(
        relativeDistance(await kernel.features(X.slice(i, i + 1)), features.slice(i, i + 1)),
      ).toBeLessThan(1e-5);
  });
});
