import { describe, expect, it } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import {
  center,
  conjugateFeatures,
  conjugateKernel,
  cosine,
  embeddingKernel,
  jacobian,
  type Kernel,
  linearKernel,
  scaled,
  tangentKernel,
} from '../../src/lib/kernels';
import { gemm, type Matrix, syrk } from '../../src/lib/linalg';
import { dense, network, relu, tanh } from '../../src/lib/nets';
import { normal, relativeDistance, snapshotOf } from './networks';

const net = network(5, [dense(6), tanh(), dense(4), relu({ scale: 0.5 }), dense(2)]);
const snapshot = snapshotOf(net, 1);
const X = normal(9, 5, 2);
const X2 = normal(6, 5, 3);
const base = tangentKernel(net, snapshot);
const plain = ({ gram, cross, diagonal }: Kernel) => ({ gram, cross, diagonal });
const bare: Kernel = { name: 'bare', ...plain(base) };

describe('cosine', () => {
  it('has a diagonal of ones and entries of at most one, and is symmetric', async () => {
    const K = await cosine(base).gram(X);
    expect(Array.from(K.diagonal())).toEqual(new Array(9).fill(1));
    expect(Math.max(...K.data.map(Math.abs))).toBeLessThanOrEqual(1);
    for (let i = 0; i < 9; i++) for (let j = 0; j < i; j++) expect(K.get(i, j)).toBe(K.get(j, i));
    expect(Array.from(await cosine(base).diagonal(X))).toEqual(new Array(9).fill(1));
  });

  it('is K_ij / √(K_ii K_jj), test points by their own diagonal, in float32 too', async () => {
    for (const dtype of ['float64', 'float32'] as const) {
      const rtol = dtype === 'float64' ? 1e-13 : 1e-5;
      const its = tangentKernel(net, snapshot, { dtype });
      const [K, cross] = [await its.gram(X), await its.cross(X, X2)];
      const [a, b] = [await its.diagonal(X), await its.diagonal(X2)];
      const expected = (M: Matrix, left: ArrayLike<number>, right: ArrayLike<number>) =>
        M.data.map((v: number, k: number) => v / Math.sqrt(left[Math.floor(k / M.cols)] * right[k % M.cols]));
      expect((await cosine(its).gram(X)).data).toBeAllclose(expected(K, a, a), { rtol, atol: rtol });
      expect((await cosine(its).cross(X, X2)).data).toBeAllclose(expected(cross, a, b), { rtol, atol: rtol });
    }
  });

  it('does not depend on units, and takes kernels that give no diagonals beside the cross', async () => {
    const K = await cosine(base).cross(X, X2);
    expect(relativeDistance(await cosine(scaled(base, 37)).cross(X, X2), K)).toBeLessThan(1e-14);
    expect(relativeDistance(await cosine(bare).cross(X, X2), K)).toBeLessThan(1e-14);
    expect(relativeDistance(await cosine(scaled(bare, 37)).cross(X, X2), K)).toBeLessThan(1e-14);
  });

  it('is not the printed eq. 4 of arXiv 2305.14585, which has ones on the diagonal for one output only', async () => {
    const printed = async (outputs: number) => {
      const its = network(5, [dense(6), tanh(), dense(outputs)]);
      const numbers = snapshotOf(its, 4);
      const K = await tangentKernel(its, numbers).gram(X);
      const norms = new Float64Array(9);
      for (let c = 0; c < outputs; c++)
        (await tangentKernel(its, numbers, { outputs: c }).diagonal(X)).forEach((v: number, i: number) => {
          norms[i] += Math.sqrt(v);
        });
      for (let i = 0; i < 9; i++) for (let j = 0; j < 9; j++) K.data[i * 9 + j] /= norms[i] * norms[j];
      return { K, ours: await cosine(tangentKernel(its, numbers)).gram(X) };
    };
    const one = await printed(1);
    expect(relativeDistance(one.K, one.ours)).toBeLessThan(1e-13);
    const three = await printed(3);
    // By Cauchy and Schwarz (Σ_c ‖g_c‖)² is between Σ_c ‖g_c‖² and C times that.
    for (const v of three.K.diagonal()) {
      expect(v).toBeGreaterThanOrEqual(1 / 3 - 1e-12);
      expect(v).toBeLessThan(0.9);
    }
  });

  it('takes a set without examples on either side', async () => {
    const none = X.slice(0, 0);
    expect((await cosine(base).cross(none, X2)).shape).toEqual([0, 6]);
    expect((await cosine(base).cross(X, none)).shape).toEqual([9, 0]);
  });

  it('names an example that has no direction', async () => {
    const pixels = normal(4, 3, 4);
    pixels.row(2).fill(0);
    for (const work of [
      () => cosine(linearKernel()).gram(pixels),
      () => cosine(linearKernel()).cross(normal(2, 3, 5), pixels),
      () => cosine(linearKernel()).diagonal(pixels),
    ]) {
      await expect(work()).rejects.toThrow(NumericalError);
      await expect(work()).rejects.toThrow(/0 for example 2/);
    }
  });
});

describe('scaled', () => {
  it('divides gram, cross and diagonal, and leaves the kernel as it was', async () => {
    const kernel = scaled(base, 4);
    const K = await base.gram(X);
    expect((await kernel.gram(X)).data).toBeAllclose(
      K.data.map((v: number) => v / 4),
      { rtol: 1e-15 },
    );
    expect(await kernel.diagonal(X)).toBeAllclose(
      K.diagonal().map((v: number) => v / 4),
      { rtol: 1e-13 },
    );
    const cross = await base.cross(X, X2);
    expect((await kernel.cross(X, X2)).data).toBeAllclose(
      cross.data.map((v: number) => v / 4),
      { rtol: 1e-15 },
    );
  });

  it('refuses a scale that is not positive', () => {
    for (const scale of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => scaled(base, scale)).toThrow(ValueError);
  });
});

describe('center', () => {
  /** Features minus their mean over a reference: what centring means. */
  const features = (points: Matrix, reference: Matrix) => {
    const mean = new Float64Array(5);
    for (let i = 0; i < reference.rows; i++)
      for (let j = 0; j < 5; j++) mean[j] += reference.get(i, j) / reference.rows;
    const out = points.copy();
    for (let i = 0; i < out.rows; i++) for (let j = 0; j < 5; j++) out.data[i * 5 + j] -= mean[j];
    return out;
  };
  const linear = linearKernel({ dtype: 'float64' });

  it('over a reference is the kernel of features minus the reference’s mean', async () => {
    const reference = normal(7, 5, 6);
    const kernel = center(linear, reference);
    const [F, F2] = [features(X, reference), features(X2, reference)];
    expect(relativeDistance(await kernel.gram(X), syrk(F))).toBeLessThan(1e-13);
    expect(relativeDistance(await kernel.cross(X, X2), gemm(F, F2, { transposeB: true }))).toBeLessThan(
      1e-13,
    );
    expect(await kernel.diagonal(X)).toBeAllclose(syrk(F).diagonal(), { rtol: 1e-12 });
    const own = features(reference, reference);
    expect(relativeDistance(await kernel.gram(reference), syrk(own))).toBeLessThan(1e-13);
    expect(
      relativeDistance(await kernel.cross(X, reference), gemm(F, own, { transposeB: true })),
    ).toBeLessThan(1e-13);
  });

  it('without one centres over the set itself, a cross over its second set', async () => {
    const kernel = center(linear);
    expect(relativeDistance(await kernel.gram(X), syrk(features(X, X)))).toBeLessThan(1e-13);
    expect(await kernel.diagonal(X)).toBeAllclose(syrk(features(X, X)).diagonal(), { rtol: 1e-12 });
    const cross = gemm(features(X2, X), features(X, X), { transposeB: true });
    expect(relativeDistance(await kernel.cross(X2, X), cross)).toBeLessThan(1e-13);
  });

  it('and then the cosine is that of centred features, all over one mean', async () => {
    for (const reference of [undefined, normal(7, 5, 6)])
      for (const kernel of [linear, { name: 'bare', ...plain(linear) }]) {
        const its = cosine(center(kernel, reference));
        const [F2, F] = [features(X2, reference ?? X), features(X, reference ?? X)];
        const [a, b] = [syrk(F2).diagonal(), syrk(F).diagonal()];
        const expected = gemm(F2, F, { transposeB: true }).data.map(
          (v: number, k: number) => v / Math.sqrt(a[Math.floor(k / 9)] * b[k % 9]),
        );
        expect((await its.cross(X2, X)).data).toBeAllclose(expected, { rtol: 1e-11, atol: 1e-12 });
      }
  });

  it('asks for the Gram of the set that it centres over once', async () => {
    let grams = 0;
    const counted: Kernel = {
      ...plain(linear),
      name: 'counted',
      gram: (set) => {
        grams++;
        return linear.gram(set);
      },
    };
    await center(counted).cross(X2, X);
    expect(grams).toBe(1);
    const kernel = center(counted, X);
    await kernel.gram(X);
    await kernel.cross(X2, X);
    await kernel.diagonal(X2);
    expect(grams).toBe(2);
  });

  it('refuses a reference without examples', () => {
    expect(() => center(linear, X.slice(0, 0))).toThrow(/at least one row, got 0 × 5/);
  });

  it('gives rows of a tangent kernel that sum to zero', async () => {
    const K = await center(base).gram(X);
    for (let i = 0; i < 9; i++)
      expect(Array.from(K.row(i)).reduce((s, v) => s + v, 0)).toBeAllclose(0, { atol: 1e-10 * K.get(i, i) });
  });
});

describe('kernels of what a network computes', () => {
  const outputs = net.forward(snapshot, X).outputs;
  const named = (name: string) => outputs.find((o) => o.name === name)?.output as Matrix;

  it('the conjugate kernel is the Gram of what enters the last layer', async () => {
    const kernel = conjugateKernel(net, snapshot);
    const K = syrk(named('relu1'));
    expect(relativeDistance(await kernel.gram(X), K)).toBeLessThan(1e-14);
    expect(relativeDistance(await kernel.cross(X, X), K)).toBeLessThan(1e-14);
    expect(await kernel.diagonal(X)).toBeAllclose(K.diagonal(), { rtol: 1e-13, atol: 1e-15 });
  });

  it('the conjugate kernel with bias is the tangent kernel of the last layer, at one output', async () => {
    const last = tangentKernel(net, snapshot, { layers: ['dense3'], outputs: 0 });
    const kernel = conjugateKernel(net, snapshot, { bias: true });
    expect(relativeDistance(await kernel.gram(X), await last.gram(X))).toBeLessThan(1e-14);
  });

  it.each(['float64', 'float32'] as const)(
    'its features are those whose Gram it is, in %s',
    async (dtype) => {
      const tolerance = dtype === 'float64' ? 1e-14 : 1e-6;
      for (const bias of [false, true]) {
        const features = conjugateFeatures(net, snapshot, X, { bias, dtype });
        expect(features.shape).toEqual([9, bias ? 5 : 4]);
        expect(features.dtype).toBe(dtype);
        const K = await conjugateKernel(net, snapshot, { bias, dtype }).gram(X);
        expect(relativeDistance(syrk(features), K)).toBeLessThan(tolerance);
      }
      // With the bias they are the derivatives of an output in the last layer's weights and its bias.
      const features = conjugateFeatures(net, snapshot, X, { bias: true });
      const derivatives = jacobian(net, snapshot, X, { outputs: 0 });
      const { params } = snapshot;
      const place = (name: string, entry: number) => params.get(name).data.byteOffset / 8 + entry;
      const start = params.data.byteOffset / 8;
      for (let i = 0; i < X.rows; i++) {
        for (let k = 0; k < 4; k++)
          expect(features.get(i, k)).toBeCloseTo(
            derivatives.get(i, place('dense3/weight', 2 * k) - start),
            14,
          );
        expect(derivatives.get(i, place('dense3/bias', 0) - start)).toBe(features.get(i, 4));
      }
    },
  );

  it('its features belong to the caller, also where they are the inputs themselves', () => {
    const flat = network(5, [dense(2)]);
    const features = conjugateFeatures(flat, snapshotOf(flat, 1), X);
    expect(features).toEqual(X);
    features.data.fill(0);
    expect(Math.max(...X.data.map(Math.abs))).toBeGreaterThan(0);
  });

  it('the conjugate kernel of a network of one layer is the linear kernel, in the inputs’ own units', async () => {
    const flat = network(5, [dense(2)]);
    const K = await conjugateKernel(flat, snapshotOf(flat, 1)).gram(X);
    expect(relativeDistance(K, await linearKernel({ dtype: 'float64' }).gram(X))).toBeLessThan(1e-15);
  });

  it('the embedding kernel sums hidden activations, or the layers that are named', async () => {
    const sum = syrk(named('relu1'), { beta: 1, out: syrk(named('tanh1')) });
    expect(relativeDistance(await embeddingKernel(net, snapshot).gram(X), sum)).toBeLessThan(1e-14);
    const chosen = embeddingKernel(net, snapshot, { layers: ['dense1', 'dense3'] });
    const other = syrk(named('dense3'), { beta: 1, out: syrk(named('dense1')) });
    expect(relativeDistance(await chosen.gram(X), other)).toBeLessThan(1e-14);
    expect(chosen.name).toContain('dense1, dense3');
  });

  it('the embedding kernel names the layers there are when one is missing', () => {
    expect(() => embeddingKernel(net, snapshot, { layers: ['conv1'] })).toThrow(
      /dense1, tanh1, dense2, relu1, dense3/,
    );
    expect(() => embeddingKernel(net, snapshot, { layers: [] })).toThrow(ValueError);
    const flat = network(5, [dense(2)]);
    expect(() => embeddingKernel(flat, snapshotOf(flat, 1))).toThrow(/no activation/);
  });

  it('refuse inputs of another width', async () => {
    for (const kernel of [conjugateKernel(net, snapshot), embeddingKernel(net, snapshot)])
      await expect(kernel.gram(normal(3, 4, 1))).rejects.toThrow(ShapeError);
    await expect(linearKernel().cross(X, normal(3, 4, 1))).rejects.toThrow(ShapeError);
  });

  it('the linear kernel names an input that is not a number, and an overflow', async () => {
    const bad = X.copy();
    bad.set(3, 1, Number.NaN);
    await expect(linearKernel().cross(X2, bad)).rejects.toThrow(/finite values in X, got NaN/);
    bad.set(3, 1, 1e30);
    await expect(linearKernel().gram(bad)).rejects.toThrow(NumericalError);
  });

  it('the linear kernel is XXᵀ, in the precision asked for', async () => {
    expect((await linearKernel().gram(X)).dtype).toBe('float32');
    expect(
      relativeDistance(
        await linearKernel({ dtype: 'float64' }).cross(X, X2),
        gemm(X, X2, { transposeB: true }),
      ),
    ).toBeLessThan(1e-15);
  });
});
