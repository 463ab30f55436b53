import { describe, expect, it } from 'vitest';
import * as elementwise from '../../src/lib/linalg/elementwise';
import { Arena, type Windows } from '../../src/lib/linalg/elementwise';
import { type DType, type Vector, zeros } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';

const base = { channels: 1, strideY: 1, strideX: 1, top: 0, left: 0 };
/** Channels with every remainder by the lanes; windows that overlap, touch, leave gaps, and reach over every edge. */
const grids: Windows[] = [
  { ...base, height: 4, width: 5, kernelY: 3, kernelX: 2, rows: 2, cols: 4 },
  { ...base, height: 5, width: 4, channels: 3, kernelY: 3, kernelX: 3, top: 1, left: 1, rows: 5, cols: 4 },
  {
    ...base,
    height: 7,
    width: 6,
    channels: 4,
    kernelY: 2,
    kernelX: 2,
    strideY: 2,
    strideX: 2,
    rows: 3,
    cols: 3,
  },
  {
    ...base,
    height: 6,
    width: 6,
    channels: 5,
    kernelY: 3,
    kernelX: 3,
    strideY: 2,
    strideX: 2,
    rows: 3,
    cols: 3,
  },
  { ...base, height: 3, width: 2, channels: 9, kernelY: 5, kernelX: 4, top: 2, left: 1, rows: 3, cols: 2 },
  {
    ...base,
    height: 5,
    width: 7,
    channels: 2,
    kernelY: 1,
    kernelX: 2,
    strideY: 3,
    strideX: 4,
    rows: 2,
    cols: 2,
  },
  { ...base, height: 4, width: 3, channels: 16, kernelY: 4, kernelX: 3, rows: 1, cols: 1 },
  {
    ...base,
    height: 9,
    width: 9,
    channels: 600,
    kernelY: 3,
    kernelX: 3,
    strideY: 3,
    strideX: 3,
    rows: 3,
    cols: 3,
  },
];

/** Calls `visit` for every number of every window that lies in the image, with its place in the arrays. */
function eachEntry(
  w: Windows,
  n: number,
  visit: (at: { image: number; grid: number; patch: number; number: number; inside: number }) => void,
): void {
  const range = (start: number, kernel: number, size: number) =>
    Array.from({ length: kernel }, (_, k) => start + k).filter((at) => at >= 0 && at < size);
  for (let i = 0; i < n; i++)
    for (let r = 0; r < w.rows; r++)
      for (let c = 0; c < w.cols; c++) {
        const [y0, x0] = [r * w.strideY - w.top, c * w.strideX - w.left];
        const ys = range(y0, w.kernelY, w.height);
        const xs = range(x0, w.kernelX, w.width);
        const place = (i * w.rows + r) * w.cols + c;
        for (const y of ys)
          for (const x of xs)
            for (let k = 0; k < w.channels; k++) {
              const number = (y - y0) * w.kernelX + x - x0;
              visit({
                image: ((i * w.height + y) * w.width + x) * w.channels + k,
                grid: place * w.channels + k,
                patch: (place * w.kernelY * w.kernelX + number) * w.channels + k,
                number,
                inside: ys.length * xs.length,
              });
            }
      }
}

const sizes = (w: Windows) => ({
  image: w.height * w.width * w.channels,
  grid: w.rows * w.cols * w.channels,
  patches: w.rows * w.cols * w.kernelY * w.kernelX * w.channels,
});

const dtypes: DType[] = ['float32', 'float64'];

describe.each(dtypes)('windows in %s', (dtype) => {
  describe.each(['an arena', 'ordinary arrays'])('on %s', (place) => {
    const arena = new Arena(1 << 24);
    const n = 3;
    const make = (name: string, length: number): Vector => {
      const v = place === 'an arena' ? arena.vector(length, dtype) : zeros(length, dtype);
      return random(name).fill(v, 'normal');
    };
    const close = dtype === 'float32' ? { rtol: 1e-6, atol: 1e-6 } : { rtol: 1e-14, atol: 1e-14 };
    const all = grids.map((w) => [JSON.stringify(w), w] as const);

    it.each(all)('unfold writes every window, and fold adds it back: %s', (_, w) => {
      arena.reset();
      const images = make('images', n * sizes(w).image);
      const patches = make('patches', n * sizes(w).patches);
      const written = zeros(patches.length, dtype);
      eachEntry(w, n, ({ image, patch }) => {
        written[patch] = images[image];
      });
      const sum = images.slice() as Vector;
      eachEntry(w, n, ({ image, patch }) => {
        sum[image] += patches[patch];
      });
      elementwise.fold(w, patches, n, images);
      expect(images).toBeAllclose(sum, close);
      random('images').fill(images, 'normal');
      elementwise.unfold(w, images, n, patches);
      expect(Array.from(patches)).toEqual(Array.from(written));
    });

    it.each(all)('averagePool is the mean of what lies in the image, with its adjoint: %s', (_, w) => {
      arena.reset();
      const images = make('images', n * sizes(w).image);
      const out = make('out', n * sizes(w).grid);
      const mean = zeros(out.length, dtype);
      eachEntry(w, n, ({ image, grid, inside }) => {
        mean[grid] += images[image] / inside;
      });
      elementwise.averagePool(w, images, n, out);
      expect(out).toBeAllclose(mean, close);
      const back = zeros(images.length, dtype);
      eachEntry(w, n, ({ image, grid, inside }) => {
        back[image] += out[grid] / inside;
      });
      elementwise.averagePoolAdjoint(w, out, n, images);
      expect(images).toBeAllclose(back, close);
    });

    it.each(all)(
      'maxPool takes the first of the largest, pick what stands there, with its adjoint: %s',
      (_, w) => {
        arena.reset();
        const images = make('images', n * sizes(w).image);
        // Small whole numbers: windows have ties.
        for (let k = 0; k < images.length; k++) images[k] = Math.round(images[k]);
        const out = make('out', n * sizes(w).grid);
        const winners = make('winners', n * sizes(w).grid);
        const best = zeros(out.length, dtype).fill(-Infinity);
        const which = zeros(out.length, dtype);
        const from = new Int32Array(out.length);
        eachEntry(w, n, ({ image, grid, number }) => {
          if (images[image] <= best[grid]) return;
          best[grid] = images[image];
          which[grid] = number;
          from[grid] = image;
        });
        elementwise.maxPool(w, images, n, out, winners);
        expect(Array.from(out)).toEqual(Array.from(best));
        expect(Array.from(winners)).toEqual(Array.from(which));

        random('others').fill(images, 'normal');
        elementwise.pick(w, images, winners, n, out);
        expect(Array.from(out)).toEqual(Array.from(from, (at) => images[at]));

        const C = 2;
        const cotangents = make('cotangents', C * out.length);
        const back = make('back', C * images.length);
        const expected = zeros(back.length, dtype);
        const { image, grid } = sizes(w);
        for (let i = 0; i < n; i++)
          for (let c = 0; c < C; c++)
            for (let g = 0; g < grid; g++)
              expected[(i * C + c) * image + from[i * grid + g] - i * image] +=
                cotangents[(i * C + c) * grid + g];
        elementwise.pickAdjoint(w, cotangents, winners, n, C, back);
        expect(back).toBeAllclose(expected, close);
      },
    );

    it('maxPool keeps a NaN, and a window of −∞ has its first pixel as winner', () => {
      const w: Windows = {
        ...base,
        height: 2,
        width: 4,
        channels: 5,
        kernelY: 2,
        kernelX: 2,
        strideX: 2,
        rows: 1,
        cols: 2,
      };
      arena.reset();
      const images = make('images', sizes(w).image);
      const [out, winners] = [make('out', 10), make('winners', 10)];
      for (let k = 0; k < 5; k++) images[1 * 5 + k] = Number.NaN;
      for (const pixel of [2, 3, 6, 7]) for (let k = 0; k < 5; k++) images[pixel * 5 + k] = -Infinity;
      elementwise.maxPool(w, images, 1, out, winners);
      expect(Array.from(out)).toEqual([...Array(5).fill(Number.NaN), ...Array(5).fill(-Infinity)]);
      expect(Array.from(winners)).toEqual([...Array(5).fill(1), ...Array(5).fill(0)]);
    });
  });

  it('arrays that do not fit are named', () => {
    const [w] = grids;
    const images = zeros(2 * sizes(w).image, dtype);
    const patches = zeros(2 * sizes(w).patches, dtype);
    expect(() => elementwise.unfold(w, images.subarray(1), 2, patches)).toThrow(
      /unfold, images: expected 40 entries/,
    );
    expect(() => elementwise.unfold(w, images, 2, patches.subarray(1))).toThrow(/unfold, patches/);
    const other = zeros(2 * sizes(w).patches, dtype === 'float32' ? 'float64' : 'float32');
    expect(() => elementwise.fold(w, other, 2, images)).toThrow(
      /fold, images: expected float(32|64), as the other/,
    );
  });
});
