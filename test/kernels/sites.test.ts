import { describe, expect, it } from 'vitest';
import { embeddingKernel, jacobian, projectedTangentKernel, tangentKernel } from '../../src/lib/kernels';
import { type Extent, type Factor, tangentFactors } from '../../src/lib/kernels/factors';
import { termsDiagonal, writeTerms } from '../../src/lib/kernels/terms';
import { type DType, gemm, Matrix, syrk } from '../../src/lib/linalg';
import {
  batchNorm,
  dense,
  FreshWorkspace,
  flatten,
  network,
  type Site,
  type Sites,
  tanh,
  writtenOut,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { tokens } from '../nets/layers-to-come';
import { normal, relativeDistance, snapshotOf } from './networks';

/** ∂f_c(x_i)/∂θ of every site, one after the other, with plain loops: n × C·P. */
function gradients({ examples: n, cotangents: C, sites }: Sites): Matrix {
  const blocks = sites.flatMap((site) => {
    const { deltas, positions: T } = site;
    const d = deltas.cols;
    const delta = (i: number, c: number, p: number, k: number) => deltas.get((i * C + c) * T + p, k);
    const fill = (size: number, value: (i: number, c: number, k: number) => number) => {
      const out = Matrix.zeros(n, C * size);
      for (let i = 0; i < n; i++)
        for (let c = 0; c < C; c++) for (let k = 0; k < size; k++) out.set(i, c * size + k, value(i, c, k));
      return out;
    };
    const over = (f: (p: number) => number) =>
      Array.from({ length: T }, (_, p) => f(p)).reduce((a, b) => a + b);
    if (site.kind === 'diagonal')
      return [
        fill(d, (i, c, k) =>
          over((p) => site.scale * (site.inputs?.get(i * T + p, k) ?? 1) * delta(i, c, p, k)),
        ),
      ];
    const a = site.inputs.cols;
    const inputs = writtenOut(site.inputs, new FreshWorkspace('float64'));
    return [
      fill(a * d, (i, c, k) =>
        over((p) => site.weightScale * inputs.get(i * T + p, Math.floor(k / d)) * delta(i, c, p, k % d)),
      ),
      fill(d, (i, c, k) => over((p) => site.biasScale * delta(i, c, p, k))),
    ];
  });
  const width = blocks.reduce((sum, block) => sum + block.cols, 0);
  const out = Matrix.zeros(n, width);
  let at = 0;
  for (const block of blocks) {
    for (let i = 0; i < n; i++) out.row(i).set(block.row(i), at);
    at += block.cols;
  }
  return out;
}

interface Sizes {
  n: number;
  C: number;
  T: number;
  a: number;
  d: number;
}

function linearSite({ n, C, T, a, d }: Sizes, seed: string, dtype: DType = 'float64'): Site {
  return {
    kind: 'linear',
    layer: 'layer',
    weight: 'layer/weight',
    bias: 'layer/bias',
    inputs: normal(n * T, a, `${seed} inputs`, dtype),
    deltas: normal(n * C * T, d, `${seed} deltas`, dtype),
    positions: T,
    weightScale: 0.7,
    biasScale: 1.3,
  };
}

const whole = (K: Matrix) => ({
  data: K.data,
  offset: 0,
  stride: K.cols,
  rows: K.rows,
  cols: K.cols,
});

async function gramOf(factors: readonly Factor[], n: number, dtype: DType): Promise<Matrix> {
  const K = Matrix.zeros(n, n, dtype);
  await writeTerms(factors, null, whole(K));
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) K.data[j * n + i] = K.data[i * n + j];
  return K;
}

/** Extents that make the one form cheaper, and the other. */
const extents = {
  patches: { pairs: 1, examples: 1e9 },
  gradients: { pairs: 1e9, examples: 1 },
} satisfies Record<string, Extent>;

/** Sizes whose gradients are fewer numbers than H and Δ, and such whose gradients are more. */
const small: Sizes[] = [
  { n: 7, C: 1, T: 3, a: 4, d: 5 },
  { n: 6, C: 3, T: 4, a: 5, d: 2 },
  { n: 30, C: 2, T: 60, a: 3, d: 4 }, // more positions than one tile holds
  { n: 3, C: 2, T: 600, a: 2, d: 2 }, // one example fills more than a tile
];
const large: Sizes[] = [
  { n: 7, C: 1, T: 2, a: 5, d: 6 },
  { n: 6, C: 3, T: 3, a: 8, d: 4 },
];

const forms: { kind: Factor['kind']; extent: Extent; sizes: Sizes[] }[] = [
  { kind: 'patches', extent: extents.patches, sizes: [...small, ...large] },
  { kind: 'gradients', extent: extents.gradients, sizes: large },
  { kind: 'product', extent: extents.gradients, sizes: small },
];

describe('sites with several positions', () => {
  for (const { kind, extent, sizes: list } of forms)
    for (const dtype of ['float64', 'float32'] as const)
      it.each(list)(`are the Gram of explicit gradients, by ${kind}, in ${dtype}: %j`, async (sizes) => {
        const { n, C } = sizes;
        const tolerance = dtype === 'float64' ? 1e-12 : 2e-5;
        const sites = { examples: n, cotangents: C, sites: [linearSite(sizes, 'left', dtype)] };
        const other = { examples: n, cotangents: C, sites: [linearSite(sizes, 'right', dtype)] };
        const factors = tangentFactors(sites, true, extent);
        expect(factors.map((f) => f.kind)).toEqual([kind]);
        const F = gradients(sites);
        const K = await gramOf(factors, n, dtype);
        expect(relativeDistance(K, syrk(F))).toBeLessThan(tolerance);
        expect(termsDiagonal(factors, n, dtype)).toBeAllclose(syrk(F).diagonal(), { rtol: 10 * tolerance });
        const cross = Matrix.zeros(n, n, dtype);
        await writeTerms(factors, tangentFactors(other, true, extent), whole(cross));
        const expected = gemm(F, gradients(other), { transposeB: true });
        expect(relativeDistance(cross, expected)).toBeLessThan(10 * tolerance);
        const weights = await gramOf(tangentFactors(sites, false, extent), n, dtype);
        const noBias = gradients({
          ...sites,
          sites: sites.sites.map((s) => ({ ...s, biasScale: 0 }) as Site),
        });
        expect(relativeDistance(weights, syrk(noBias))).toBeLessThan(tolerance);
      });

  it('make gradients in slices when they are too many for one', async () => {
    const sizes = { n: 70, C: 1, T: 2, a: 512, d: 256 };
    const sites = { examples: 70, cotangents: 1, sites: [linearSite(sizes, 'slices')] };
    const gradient = await gramOf(tangentFactors(sites, true, extents.gradients), 70, 'float64');
    const patch = await gramOf(tangentFactors(sites, true, extents.patches), 70, 'float64');
    expect(relativeDistance(gradient, patch)).toBeLessThan(1e-12);
    expect(termsDiagonal(tangentFactors(sites, true, extents.patches), 70, 'float64')).toBeAllclose(
      gradient.diagonal(),
      { rtol: 1e-11 },
    );
  });

  it('a diagonal site is the Gram of its gradients', async () => {
    for (const inputs of [null, normal(5 * 3, 4, 'h')]) {
      const site: Site = {
        kind: 'diagonal',
        layer: 'layer',
        parameter: 'layer/scale',
        inputs,
        deltas: normal(5 * 2 * 3, 4, 'delta'),
        positions: 3,
        scale: 0.6,
      };
      const sites = { examples: 5, cotangents: 2, sites: [site] };
      const K = await gramOf(tangentFactors(sites, true, extents.patches), 5, 'float64');
      expect(relativeDistance(K, syrk(gradients(sites)))).toBeLessThan(1e-13);
      expect(tangentFactors(sites, false, extents.patches)).toHaveLength(inputs ? 1 : 0);
    }
  });
});

describe('a network of layers with positions and diagonal parameters', () => {
  const net = network([6, 4], [tokens(5), tanh(), batchNorm(), tokens(3), tanh(), flatten(), dense(2)]);
  const few = network([2, 4], [tokens(5), tanh(), flatten(), dense(3)]);
  const snapshot = snapshotOf(net, 1);
  const X = normal(8, 24, 2);

  it('has the tangent kernel of its Jacobian', async () => {
    const J = jacobian(net, snapshot, X);
    const F = J.reshape(8, 2 * J.cols);
    const kernel = tangentKernel(net, snapshot);
    expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(1e-12);
    expect(
      relativeDistance(await kernel.cross(X, X.slice(2, 5)), gemm(F, F.slice(2, 5), { transposeB: true })),
    ).toBeLessThan(1e-12);
    expect(await kernel.diagonal(X)).toBeAllclose(syrk(F).diagonal(), { rtol: 1e-11 });
  });

  it('sums the activations’ outputs in its embedding kernel', async () => {
    const outputs = net.forward(snapshot, X).outputs.filter(({ kind }) => kind === 'tanh');
    const sum = Matrix.zeros(8, 8);
    for (const { output } of outputs) syrk(output, { beta: 1, out: sum });
    expect(relativeDistance(await embeddingKernel(net, snapshot).gram(X), sum)).toBeLessThan(1e-13);
    expect(outputs).toHaveLength(2);
  });

  it.each(
    (['khatri-rao', 'rademacher', 'gaussian'] as const).flatMap((kind) => [
      [kind, 'more positions than outputs', net, X] as const,
      [kind, 'more outputs than positions', few, normal(8, 8, 3)] as const,
    ]),
  )('has an unbiased projected kernel: %s, %s', async (kind, _, its, points) => {
    const numbers = snapshotOf(its, 1);
    const exact = await tangentKernel(its, numbers).gram(points);
    const draws = 60;
    const mean = Matrix.zeros(8, 8);
    const square = Matrix.zeros(8, 8);
    for (let draw = 0; draw < draws; draw++) {
      const kernel = projectedTangentKernel(its, numbers, {
        dimension: 64,
        kind,
        rng: random('positions').stream(draw),
      });
      const K = await kernel.gram(points);
      K.data.forEach((v: number, k: number) => {
        mean.data[k] += v / draws;
        square.data[k] += v ** 2 / draws;
      });
    }
    for (let k = 0; k < 64; k++) {
      const error = Math.sqrt((square.data[k] - mean.data[k] ** 2) / (draws - 1));
      expect(Math.abs(mean.data[k] - exact.data[k])).toBeLessThan(4.5 * error);
      expect(error).toBeLessThan(0.1 * Math.max(...exact.diagonal()));
    }
  });
});
