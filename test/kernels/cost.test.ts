import { describe, expect, it } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import {
  type CostOptions,
  conjugateKernel,
  embeddingKernel,
  jacobian,
  projectedTangentKernel,
  pseudoTangentKernel,
  tangentKernel,
  tangentKernelCost,
} from '../../src/lib/kernels';
import { gemm, multiplyAddsOf, syrk } from '../../src/lib/linalg';
import {
  batchNorm,
  conv2d,
  dense,
  flatten,
  maxPool,
  type Network,
  network,
  relu,
  residual,
  tanh,
} from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { tokens } from '../nets/layers-to-come';
import { everyNetwork } from './every-kernel';
import { normal, snapshotOf } from './networks';
import { work } from './process';

const projections = ['khatri-rao', 'rademacher', 'gaussian'] as const;

/** Networks whose terms take every form that there is. */
const networks: [string, Network][] = [
  ...everyNetwork.map((c): [string, Network] => [c.name, c.net]),
  ['tokens, normalised', network([6, 4], [tokens(5), tanh(), batchNorm(), tokens(3), flatten(), dense(2)])],
  ['residual', network(5, [residual([dense(6), relu(), dense(5)]), tanh(), dense(3, { bias: false })])],
  ['few positions, wide', network([3, 8], [tokens(9), tanh(), flatten(), dense(4)])],
  [
    'images with a small kernel',
    network(
      [9, 8, 1],
      [conv2d(2, 3, { padding: 'same' }), relu(), maxPool(2), conv2d(5, 3), tanh(), flatten(), dense(3)],
    ),
  ],
];

/** What the engine counts for the real thing. */
function counts(net: Network, options: CostOptions): Promise<number> {
  const { kind, examples, against, dimension = 0, projection, outputs, bias } = options;
  const snapshot = snapshotOf(net, 1, 'float32');
  const X = normal(examples, net.inputs, 2, 'float32');
  const X2 = against ? normal(against, net.inputs, 3, 'float32') : null;
  if (kind === 'jacobian') {
    const rows = (points: typeof X) => {
      const J = jacobian(net, snapshot, points);
      return J.reshape(points.rows, net.outputs * J.cols);
    };
    return multiplyAddsOf(() => (X2 ? gemm(rows(X), rows(X2), { transposeB: true }) : syrk(rows(X))));
  }
  const projected = { dimension, kind: projection, outputs, bias, rng: random('P') };
  const kernel = {
    exact: () => tangentKernel(net, snapshot, { bias }),
    pseudo: () => pseudoTangentKernel(net, snapshot, { bias }),
    conjugate: () => conjugateKernel(net, snapshot),
    embedding: () => embeddingKernel(net, snapshot),
    projected: () => projectedTangentKernel(net, snapshot, projected),
  }[kind]();
  return multiplyAddsOf(() => (X2 ? kernel.cross(X, X2) : kernel.gram(X)));
}

async function expectCount(net: Network, options: CostOptions): Promise<void> {
  const { operations } = await tangentKernelCost(net, options);
  expect(operations, JSON.stringify(options)).toBe(await counts(net, options));
}

describe('the cost of a kernel', () => {
  it.each(networks)('is what the engine counts, to the digit: %s', async (_, net) => {
    for (const sizes of [
      { examples: 1 },
      { examples: 13 },
      { examples: 6, against: 9 },
      { examples: 1, against: 1 },
    ]) {
      for (const kind of ['exact', 'pseudo'] as const)
        for (const bias of [true, false]) await expectCount(net, { kind, bias, ...sizes });
      await expectCount(net, { kind: 'conjugate', ...sizes });
      if (net.layers.some((layer) => ['relu', 'tanh'].includes(layer.kind)))
        await expectCount(net, { kind: 'embedding', ...sizes });
      await expectCount(net, { kind: 'jacobian', ...sizes });
      for (const projection of projections)
        for (const bias of [true, false])
          for (const outputs of ['trace', 'sum'] as const)
            await expectCount(net, { kind: 'projected', projection, outputs, dimension: 7, bias, ...sizes });
    }
  });

  it('is so for Grams of several tiles, and of several panels', async () => {
    for (const net of [networks[1][1], networks[4][1], networks[5][1]])
      for (const sizes of [{ examples: 600 }, { examples: 300, against: 520 }])
        await expectCount(net, { kind: 'exact', ...sizes });
    // 240 kB of factors an example: more than a thousand are more than one panel.
    const wide = network(2, [dense(1000), dense(60)]);
    const { parts } = await tangentKernelCost(wide, { kind: 'exact', examples: 1300 });
    const { parts: less } = await tangentKernelCost(wide, { kind: 'exact', examples: 650 });
    expect(parts.passes).toBeGreaterThan(2.4 * less.passes);
    await expectCount(wide, { kind: 'exact', examples: 1300 });
  });

  it('takes each form that a term can have', async () => {
    // Layers of 3 positions, 8 → 9 and 4 outputs: by patches for few pairs, by gradients for many.
    const net = networks[7][1];
    const cost = async (examples: number) => tangentKernelCost(net, { kind: 'exact', examples });
    const [few, many] = [await cost(2), await cost(400)];
    expect(few.parts.gradients).toBe(0);
    expect(many.parts.gradients).toBeGreaterThan(0);
    await expectCount(net, { kind: 'exact', examples: 400 });
    await expectCount(net, { kind: 'exact', examples: 200, against: 300 });
  });

  it('of a dense network is the formula: Σ (a + C·d) a pair, and two passes less the first layer’s', async () => {
    const [n, C] = [50, 3];
    const net = network(20, [dense(30), relu(), dense(10), relu(), dense(C)]);
    const { operations, parts, bytes } = await tangentKernelCost(net, { kind: 'exact', examples: n });
    const pair = 20 + 30 + 10 + C * (30 + 10 + C);
    const forward = 20 * 30 + 30 * 10 + 10 * C;
    const backward = C * (30 * 10 + 10 * C);
    expect(parts).toEqual({
      passes: (n + 3) * (forward + backward),
      gradients: 0,
      projections: 0,
      products: ((n * (n + 1)) / 2) * pair,
    });
    expect(operations).toBe(parts.passes + parts.products);
    expect(bytes).toBe(4 * (n * n + n * pair));
    const K = 64;
    const projected = await tangentKernelCost(net, { kind: 'projected', dimension: K, examples: n });
    expect(projected.parts.projections).toBe(n * K * pair);
    expect(projected.parts.products).toBe(((n * (n + 1)) / 2) * C * K);
    expect(projected.bytes).toBe(4 * (n * n + n * C * K));
    const ofSum = await tangentKernelCost(net, {
      kind: 'projected',
      outputs: 'sum',
      dimension: K,
      examples: n,
    });
    expect(ofSum.parts.projections).toBe(n * K * (20 + 30 + 10 + (30 + 10 + C)));
    expect(ofSum.parts.products).toBe(((n * (n + 1)) / 2) * K);
    expect(ofSum.bytes).toBe(4 * (n * n + n * K));
    const rows = await tangentKernelCost(net, { kind: 'jacobian', examples: n });
    expect(rows.parts.products).toBe(((n * (n + 1)) / 2) * C * net.parameterCount);
    expect(rows.bytes).toBe(4 * (n * n + n * C * net.parameterCount));
  });

  it('is of so many bytes as a process takes, but for the passes', { timeout: 120_000 }, async () => {
    const { done } = await work('bytes', '');
    const { peak, bytes } = JSON.parse(done as string);
    expect(bytes).toBeGreaterThan(100 * 2 ** 20);
    expect(peak).toBeGreaterThan(0.9 * bytes);
    expect(peak).toBeLessThan(bytes + 80 * 2 ** 20);
  });

  it('is of bytes of the precision', async () => {
    const net = networks[3][1];
    for (const kind of ['exact', 'projected', 'jacobian', 'conjugate'] as const) {
      const its = { kind, examples: 9, against: 4, dimension: 5 };
      const [narrow, wide] = [
        await tangentKernelCost(net, its),
        await tangentKernelCost(net, { ...its, dtype: 'float64' }),
      ];
      expect(wide.bytes).toBe(2 * narrow.bytes);
      expect(wide.operations).toBe(narrow.operations);
    }
  });

  it('refuses sizes that are no counts, and kinds that it does not know', async () => {
    const net = networks[1][1];
    for (const examples of [0, -1, 1.5, Number.NaN]) {
      await expect(tangentKernelCost(net, { kind: 'exact', examples })).rejects.toThrow(ValueError);
      await expect(tangentKernelCost(net, { kind: 'exact', examples: 3, against: examples })).rejects.toThrow(
        ValueError,
      );
    }
    await expect(tangentKernelCost(net, { kind: 'projected', examples: 3 })).rejects.toThrow(/dimension/);
    await expect(tangentKernelCost(net, { kind: 'whole' as never, examples: 3 })).rejects.toThrow(
      /'jacobian'/,
    );
  });
});

/** The slope of log y in log x. */
function exponent(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (a: number[]) => a.reduce((s, b) => s + b, 0) / a.length;
  const [mu, mv] = [mean(u), mean(v)];
  return u.reduce((s, a, k) => s + (a - mu) * (v[k] - mv), 0) / u.reduce((s, a) => s + (a - mu) ** 2, 0);
}

describe('growth of the cost', () => {
  const hidden = () => [dense(100), relu({ scale: 0.1 })];
  /** The trNTK study's network, with C outputs. */
  const mlp = (C: number) => network(784, [...hidden(), ...hidden(), ...hidden(), dense(C)]);
  const sizes = [4000, 8000, 16_000, 32_000, 64_000];
  const over = async (xs: readonly number[], of: (x: number) => Promise<number>) =>
    exponent(xs, await Promise.all(xs.map(of)));

  it('is quadratic in the examples for the exact kernel', async () => {
    const net = mlp(1);
    const growth = await over(
      sizes,
      async (examples) => (await tangentKernelCost(net, { kind: 'exact', examples })).operations,
    );
    expect(Math.abs(growth - 2)).toBeLessThan(0.1);
  });

  it('is linear in the examples and in K for projected features', async () => {
    const net = mlp(10);
    const features = async (examples: number, dimension: number) => {
      const { parts } = await tangentKernelCost(net, { kind: 'projected', examples, dimension });
      return parts.passes + parts.projections;
    };
    expect(Math.abs((await over(sizes, (n) => features(n, 1024))) - 1)).toBeLessThan(0.01);
    expect(Math.abs((await over([1024, 2048, 4096, 8192], (K) => features(1000, K))) - 1)).toBeLessThan(0.1);
  });

  it('is linear in the classes for the products of pairs, but for the kernel of their sum', async () => {
    const wide = (C: number) => network(784, [dense(1000), relu(), dense(1000), relu(), dense(C)]);
    const grow = (kind: 'exact' | 'pseudo' | 'jacobian' | 'projected', outputs?: 'sum') =>
      over([16, 32, 64, 128], async (C) => {
        const sizes = { dimension: 1024, examples: 10_000 };
        const { parts } = await tangentKernelCost(wide(C), { kind, outputs, ...sizes });
        return parts.products;
      });
    expect(Math.abs((await grow('exact')) - 1)).toBeLessThan(0.1);
    expect(Math.abs((await grow('jacobian')) - 1)).toBeLessThan(0.1);
    expect(Math.abs(await grow('pseudo'))).toBeLessThan(0.1);
    expect(await grow('projected')).toBeAllclose(1, { rtol: 1e-12 });
    expect(await grow('projected', 'sum')).toBeAllclose(0, { atol: 1e-12 });
  });

  it('is as small as the layers are narrow: linear in the width for the exact kernel, quadratic for gradients', async () => {
    const widths = [512, 1024, 2048, 4096];
    const grow = (kind: 'exact' | 'jacobian') =>
      over(widths, async (width) => {
        const net = network(10, [dense(width), relu(), dense(width), relu(), dense(1)]);
        return (await tangentKernelCost(net, { kind, examples: 100_000 })).parts.products;
      });
    expect(Math.abs((await grow('exact')) - 1)).toBeLessThan(0.02);
    expect(Math.abs((await grow('jacobian')) - 2)).toBeLessThan(0.05);
  });
});
