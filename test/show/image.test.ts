import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import { chartBundle, imageGrid } from '../../src/lib/show';
import { indexedPng, png } from '../../src/lib/show/png';
import { decode, pictures } from './png-decoder';

const description = 'Four small pictures with their labels.';

describe('a PNG', () => {
  it('decodes to the pixels it was made of, grey and coloured', () => {
    const grey = Uint8Array.from({ length: 6 }, (_, i) => 40 * i);
    expect(decode(png(3, 2, 1, grey))).toEqual({ width: 3, height: 2, channels: 1, pixels: [...grey] });
    const rgb = Uint8Array.from({ length: 12 }, (_, i) => 20 * i);
    expect(decode(png(2, 2, 3, rgb))).toEqual({ width: 2, height: 2, channels: 3, pixels: [...rgb] });
  });
  it('of a palette decodes to the colours that the indices name', () => {
    const palette = [
      [255, 0, 0],
      [0, 0, 255],
    ] as const;
    expect(decode(indexedPng(2, 1, palette, Uint8Array.of(1, 0))).pixels).toEqual([0, 0, 255, 255, 0, 0]);
    expect(() => indexedPng(2, 1, palette, Uint8Array.of(1, 2))).toThrow(/2 colours and the index 2/);
  });
  it('refuses pixels of another number', () => {
    expect(() => png(2, 2, 1, new Uint8Array(5))).toThrow(ShapeError);
    expect(() => png(0, 2, 1, new Uint8Array(0))).toThrow(ShapeError);
  });
});

describe('a grid of images', () => {
  const images = Matrix.from([
    [0, 1, 0.5, 0],
    [1, 1, 1, 1],
    [0, 0, 0, 0],
  ]);
  const grid = async (options: object = {}, of: Parameters<typeof imageGrid>[0] = images) =>
    (await chartBundle(imageGrid(of, options), { description }))['image/svg+xml'] as string;

  it('holds each image at its own pixels, drawn without smoothing, with its words', async () => {
    const svg = await grid({
      labels: ['a < b', 7, 'c'],
      captions: ['+0.031', '−0.02', ''],
      title: 'Three',
      columns: 2,
      rowLabels: ['for', 'against'],
    });
    expect(pictures(svg).map((p) => p.pixels)).toEqual([
      [0, 255, 128, 0],
      [255, 255, 255, 255],
      [0, 0, 0, 0],
    ]);
    expect(svg.match(/image-rendering: ?pixelated/g)).toHaveLength(3);
    for (const words of ['a &lt; b', '>7<', '+0.031', '−0.02', '>for<', '>against<', '<title>Three</title>'])
      expect(svg).toContain(words);
    expect(svg).toContain(`<desc>${description}</desc>`);
    expect(svg).toContain(`role="img" aria-label="${description}"`);
  });
  it('is a chart as any other: drawn also where a page refuses a bare SVG', async () => {
    const bundle = await chartBundle(imageGrid(images), { description });
    expect(Object.keys(bundle)).toEqual(['application/vnd.vegalite.v5+json', 'image/svg+xml', 'text/plain']);
  });
  it('scales by a range, by each image, or by all', async () => {
    const standardised = Matrix.from([
      [-1, 1, 0, 0],
      [0, 3, 3, 3],
    ]);
    expect(() => imageGrid(standardised)).toThrow(/values of 0 … 1, got -1 … 1/);
    expect(pictures(await grid({ range: [-1, 3] }, standardised))[0].pixels).toEqual([0, 128, 64, 64]);
    expect(pictures(await grid({ range: 'all' }, standardised))[0].pixels).toEqual([0, 128, 64, 64]);
    expect(pictures(await grid({ range: 'each' }, standardised))[0].pixels).toEqual([0, 255, 128, 128]);
    expect(pictures(await grid({ range: 'each' }, Matrix.from([[2, 2, 2, 2]])))[0].pixels).toEqual([
      0, 0, 0, 0,
    ]);
  });
  it('takes coloured and oblong images', async () => {
    const [wide] = pictures(await grid({ width: 3, height: 1, channels: 3 }, [[1, 0, 0, 0, 1, 0, 0, 0, 1]]));
    expect(wide).toMatchObject({
      width: 3,
      height: 1,
      channels: 3,
      pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255],
    });
  });
  it('an MNIST digit costs less than a kilobyte', async () => {
    const ring = Float32Array.from({ length: 784 }, (_, i) =>
      Math.abs(Math.hypot((i % 28) - 14, Math.floor(i / 28) - 14) - 8) < 2 ? 0.9 : 0,
    );
    const svg = await grid({}, Array(20).fill(ring));
    expect(svg.length / 20).toBeLessThan(1000);
  });
  it.each<[string, object, Parameters<typeof imageGrid>[0], RegExp]>([
    ['labels of another number', { labels: ['a'] }, images, /labels: expected 3, one an image, got 1/],
    [
      'row labels of another number',
      { rowLabels: ['a', 'b'] },
      images,
      /rowLabels: expected 1, one a row, got 2/,
    ],
    ['sizes that do not fit', { width: 3 }, images, /width × height × channels/],
    ['images of several sizes', {}, [[0, 0, 0, 0], [0]], /image 1: expected 4 values/],
    ['NaN', {}, [[0, Number.NaN, 0, 0]], /pixel 1: expected a finite number, got NaN/],
    ['nothing', {}, [], /one image or more/],
    ['no columns', { columns: 0 }, images, /columns: expected a whole number, 1 or more, got 0/],
  ])('names %s', (_, options, of, message) => {
    expect(() => imageGrid(of, options)).toThrow(message);
  });
});
