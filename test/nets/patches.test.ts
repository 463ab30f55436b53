import { describe, expect, it } from 'vitest';
import { type DType, gemm, Matrix } from '../../src/lib/linalg';
import { unfold, type Windows } from '../../src/lib/linalg/elementwise';
import { FreshWorkspace } from '../../src/lib/nets';
import { ImagePatches, PatchLayout } from '../../src/lib/nets/layers/patches';
import { random } from '../../src/lib/random';
import { expectNear, gaussian } from './layer-properties';

const base = { channels: 2, strideY: 1, strideX: 1, top: 0, left: 0 };
/** Windows that overlap, touch and leave gaps along the height, in one group of lines and in several, padded and not. */
const grids: Windows[] = [
  { ...base, height: 6, width: 5, kernelY: 3, kernelX: 2, rows: 4, cols: 4 },
  { ...base, height: 5, width: 4, kernelY: 3, kernelX: 3, top: 1, left: 1, rows: 5, cols: 4 },
  { ...base, height: 7, width: 4, kernelY: 3, kernelX: 1, strideY: 2, rows: 3, cols: 4 },
  { ...base, height: 8, width: 5, kernelY: 4, kernelX: 2, strideY: 3, strideX: 2, top: 1, rows: 3, cols: 2 },
  { ...base, height: 9, width: 3, kernelY: 2, kernelX: 3, strideY: 4, top: 0, left: 1, rows: 2, cols: 3 },
  { ...base, height: 4, width: 6, kernelY: 1, kernelX: 3, strideY: 2, rows: 2, cols: 4 },
  { ...base, height: 3, width: 3, kernelY: 5, kernelX: 5, top: 2, left: 2, rows: 3, cols: 3 },
];

/** Large enough for products that are cut. */
const large: Windows = { ...grids[1], height: 20, width: 20, channels: 24, rows: 20, cols: 20 };

const n = 5;

describe.each([
  ['float64', 1e-13],
  ['float32', 1e-5],
] as [DType, number][])('patches in %s', (dtype, rtol) => {
  describe.each(['whole', 'lines'] as const)('written %s', (form) => {
    it.each([...grids, large].map((w) => [JSON.stringify(w), w] as const))(
      'multiply as the matrix that they are: %s',
      (_, w) => {
        const workspace = new FreshWorkspace(dtype);
        const layout = new PatchLayout(w, form);
        const T = w.rows * w.cols;
        const size = w.kernelY * w.kernelX * w.channels;
        const d = w === large ? 40 : 3;
        const rng = random('patches');
        const images = gaussian(n, w.height * w.width * w.channels, rng).as(dtype);
        const H = Matrix.zeros(n * T, size, dtype);
        unfold(w, images.data, n, H.data);
        const patches = new ImagePatches(layout, images, workspace);
        expect([patches.rows, patches.cols, patches.dtype]).toEqual([n * T, size, dtype]);
        expectNear(patches.writtenOut(workspace), H, 0);

        const W = gaussian(size, d, rng).as(dtype);
        const D = gaussian(n * T, d, rng).as(dtype);
        for (const beta of [0, 1, -0.5]) {
          const out = gaussian(n * T, d, rng).as(dtype);
          const expected = gemm(H, W, { alpha: 0.7, beta, out: out.copy() });
          patches.times(W, 0.7, beta, out);
          expectNear(out, expected, rtol);

          // All images, then one after the other from the last on: what was written out before does not matter.
          const sum = gaussian(size, d, rng).as(dtype);
          const sums = gemm(H, D, { transposeA: true, alpha: 0.7, beta, out: sum.copy() });
          patches.transposeTimes(0, D, 0.7, beta, sum);
          expectNear(sum, sums, rtol);
          for (let i = n - 1; i >= 0; i--) {
            const own = gaussian(size, d, rng).as(dtype);
            const [h, delta] = [H.slice(i * T, (i + 1) * T), D.slice(i * T, (i + 1) * T)];
            const its = gemm(h, delta, { transposeA: true, alpha: 0.7, beta, out: own.copy() });
            patches.transposeTimes(i * T, delta, 0.7, beta, own);
            expectNear(own, its, rtol);
          }
        }

        // ⟨H(x) W, D⟩ = ⟨x, H*(D Wᵀ)⟩, added to what is there.
        const back = gaussian(n, images.cols, rng).as(dtype);
        const before = back.copy();
        layout.addTransposed(D, W, 0.7, back, workspace);
        const product = gemm(H, W, { alpha: 0.7 });
        let [left, right] = [0, 0];
        for (let k = 0; k < product.data.length; k++) left += product.data[k] * D.data[k];
        for (let k = 0; k < back.data.length; k++) right += images.data[k] * (back.data[k] - before.data[k]);
        expect(right).toBeAllclose(left, { rtol: 0, atol: 100 * rtol * n * T * d });
      },
    );
  });

  it('of large images with long lines are written by lines, others whole', () => {
    const w = { ...base, kernelY: 3, kernelX: 3, top: 1, left: 1 };
    const square = (size: number, channels: number) =>
      new PatchLayout({ ...w, channels, height: size, width: size, rows: size, cols: size }).pieces.length;
    expect([square(14, 64), square(28, 16)]).toEqual([3, 3]);
    expect([square(28, 1), square(7, 64), square(64, 3)]).toEqual([1, 1, 1]);
  });
});
