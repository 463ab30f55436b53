import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import {
  cosine,
  type ProjectedOptions,
  projectedTangentKernel,
  pseudoTangentKernel,
  tangentKernel,
} from '../../src/lib/kernels';
import { gemm, syrk } from '../../src/lib/linalg';
import { dense, network, relu } from '../../src/lib/nets';
import { random } from '../../src/lib/random';
import { cases, normal, relativeDistance, snapshotOf } from './networks';

const kinds = ['khatri-rao', 'rademacher', 'gaussian'] as const;
const slope = (x: number[], y: number[]) => {
  const mean = (v: number[]) => v.reduce((s, a) => s + a, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  return x.reduce((s, a, i) => s + (a - mx) * (y[i] - my), 0) / x.reduce((s, a) => s + (a - mx) ** 2, 0);
};

describe.each(kinds)('the %s projection', (kind) => {
  const rng = random(`projected ${kind}`);

  it.each([
    ['trace', 3],
    ['sum', 3],
    ['trace', 2],
  ] as const)(
    'is unbiased: its mean over draws is the exact kernel within standard errors (%s)',
    async (outputs, which) => {
      const { net } = cases[which];
      const snapshot = snapshotOf(net, 1);
      const X = normal(5, net.inputs, 2);
      const exact = await (outputs === 'sum'
        ? pseudoTangentKernel(net, snapshot)
        : tangentKernel(net, snapshot)
      ).gram(X);
      const draws = 150;
      const sum = new Float64Array(25);
      const square = new Float64Array(25);
      for (let draw = 0; draw < draws; draw++) {
        const options = { dimension: 24, kind, rng: rng.stream(draw), outputs };
        const K = await projectedTangentKernel(net, snapshot, options).gram(X);
        for (let k = 0; k < 25; k++) {
          sum[k] += K.data[k];
          square[k] += K.data[k] ** 2;
        }
      }
      for (let k = 0; k < 25; k++) {
        const mean = sum[k] / draws;
        const error = Math.sqrt((square[k] / draws - mean ** 2) / (draws - 1));
        expect(Math.abs(mean - exact.data[k])).toBeLessThan(4.5 * error);
        expect(error).toBeLessThan(
          0.2 * Math.sqrt(exact.get(Math.floor(k / 5), Math.floor(k / 5)) * exact.get(k % 5, k % 5)),
        );
      }
    },
  );

  it('leaves a residual of (1 − k²)/√K after the cosine, which falls as the root of K', async () => {
    const net = network(20, [dense(30), relu({ scale: 0.2 }), dense(30), relu({ scale: 0.2 }), dense(1)]);
    const snapshot = snapshotOf(net, 3);
    const X = normal(40, 20, 4);
    const exact = await cosine(tangentKernel(net, snapshot)).gram(X);
    const sizes = [32, 128, 512];
    const rms: number[] = [];
    for (const dimension of sizes) {
      let residual = 0;
      let theory = 0;
      for (let draw = 0; draw < 6; draw++) {
        const kernel = projectedTangentKernel(net, snapshot, {
          dimension,
          kind,
          rng: rng.stream(`residual ${draw}`),
        });
        const K = await cosine(kernel).gram(X);
        for (let i = 0; i < 40; i++)
          for (let j = 0; j < i; j++) {
            residual += (K.get(i, j) - exact.get(i, j)) ** 2;
            theory += (1 - exact.get(i, j) ** 2) ** 2 / dimension;
          }
      }
      expect(Math.sqrt(residual / theory)).toBeGreaterThan(0.7);
      expect(Math.sqrt(residual / theory)).toBeLessThan(1.4);
      rms.push(Math.sqrt(residual));
    }
    expect(slope(sizes.map(Math.log), rms.map(Math.log))).toBeAllclose(-0.5, { atol: 0.1 });
  });

  it('is the Gram of its features, the same for train and test sets and from one call to the next', async () => {
    for (const outputs of ['trace', 'sum'] as const) {
      const { net } = cases[3];
      const snapshot = snapshotOf(net, 5);
      const make = () =>
        projectedTangentKernel(net, snapshot, { dimension: 40, kind, rng: random(9), outputs });
      const kernel = make();
      const X = normal(12, net.inputs, 6);
      const F = await kernel.features(X);
      expect(F.shape).toEqual([12, outputs === 'trace' ? 120 : 40]);
      expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(1e-14);
      expect(relativeDistance(await kernel.features(X.slice(5)), F.slice(5))).toBeLessThan(1e-13);
      const cross = await make().cross(X.slice(0, 5), X.slice(5));
      expect(relativeDistance(cross, gemm(F.slice(0, 5), F.slice(5), { transposeB: true }))).toBeLessThan(
        1e-13,
      );
      expect(await kernel.diagonal(X)).toBeAllclose(syrk(F).diagonal(), { rtol: 1e-12 });
    }
  });

  it('in float32 is the float64 one to rounding: the draw does not depend on the precision', async () => {
    const { net } = cases[2];
    const snapshot = snapshotOf(net, 7);
    const X = normal(10, net.inputs, 8);
    const make = (dtype: 'float32' | 'float64') =>
      projectedTangentKernel(net, snapshot, { dimension: 50, kind, rng, dtype }).features(X);
    const narrow = await make('float32');
    expect(narrow.dtype).toBe('float32');
    expect(relativeDistance(narrow, await make('float64'))).toBeLessThan(1e-5);
  });

  it('leaves out biases, and layers that were not chosen', async () => {
    const { net } = cases[2];
    const snapshot = snapshotOf(net, 9);
    const X = normal(4, net.inputs, 10);
    for (const options of [{ bias: false }, { layers: ['dense2'] }, { layers: ['dense3'], bias: false }]) {
      const exact = await tangentKernel(net, snapshot, options).gram(X);
      const kernel = projectedTangentKernel(net, snapshot, { dimension: 8192, kind, rng, ...options });
      // Standard error of an entry is at most √2/√8192 of the norms: 1.6 %.
      expect(relativeDistance(await kernel.gram(X), exact)).toBeLessThan(0.08);
    }
  });
});

describe('projectedTangentKernel', () => {
  const { net } = cases[1];
  const snapshot = snapshotOf(net, 1);

  it('with many rows goes through tiles to the same features', async () => {
    const X = normal(700, net.inputs, 11);
    const kernel = projectedTangentKernel(net, snapshot, { dimension: 700, rng: random(1) });
    const F = await kernel.features(X);
    for (const i of [0, 333, 699])
      expect((await kernel.features(X.slice(i, i + 1))).data).toBeAllclose(F.row(i), {
        rtol: 1e-10,
        atol: 1e-12,
      });
  });

  it('does not move the generator', async () => {
    const rng = random(4);
    await projectedTangentKernel(net, snapshot, { dimension: 8, rng }).gram(normal(3, net.inputs, 1));
    expect(rng.state()).toEqual(random(4).state());
  });

  it('refuses what it cannot do', async () => {
    const make = (options: object) =>
      projectedTangentKernel(net, snapshot, { dimension: 8, rng: random(1), ...options } as ProjectedOptions);
    for (const options of [
      { dimension: 0 },
      { dimension: 1.5 },
      { kind: 'sparse' },
      { outputs: 0 },
      { layers: ['no'] },
    ])
      expect(() => make(options)).toThrow(ValueError);
    await expect(make({}).features(normal(2, 3, 1))).rejects.toThrow(ShapeError);
    expect((await make({}).gram(normal(0, net.inputs, 1))).shape).toEqual([0, 0]);
  });
});
