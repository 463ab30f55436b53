import { describe, expect, it } from 'vitest';
import { ShapeError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import { type AttributionRow, attributionGrid, chartBundle, type Spec } from '../../src/lib/show';
import { PALETTE } from '../../src/lib/show/colours';
import { dataUrl, png } from '../../src/lib/show/png';

const description = 'Two test images with who speaks for and against.';
const training = {
  images: Matrix.from([
    [0, 0, 0, 0],
    [1, 1, 1, 1],
    [0, 1, 0, 1],
    [1, 0, 0, 0],
  ]),
  labels: [7, 8, 7, 9],
};
const rows: AttributionRow[] = [
  {
    image: [0, 0, 1, 1],
    label: 'test: 7',
    caption: 'f = 1.2',
    name: 'sure',
    supporters: [
      { index: 2, contribution: 0.0314 },
      { index: 0, contribution: 0.02 },
    ],
    opponents: [{ index: 1, contribution: -0.5 }],
  },
  { image: [1, 0, 1, 0], supporters: [], opponents: [{ index: 3, contribution: -0.0004 }] },
];
type Placed = { x: number; y: number; url?: string; words?: string };
const layers = (spec: Spec) =>
  spec.layer as { mark: { type: string; stroke?: string }; data: { values: Placed[] } }[];
const ofType = (spec: Spec, type: string) => layers(spec).filter((layer) => layer.mark.type === type);
const words = (spec: Spec) => ofType(spec, 'text').flatMap((layer) => layer.data.values);
const url = (pixels: ArrayLike<number>) =>
  dataUrl(
    png(
      2,
      2,
      1,
      Uint8Array.from(pixels, (v) => 255 * v),
    ),
  );

describe('a grid of attributions', () => {
  const spec = attributionGrid(rows, training, { title: 'Who speaks' });

  it('shows each test image, its supporters and its opponents, each with the pixels of its index', () => {
    const [{ data }] = ofType(spec, 'image');
    expect(data.values.map((v) => v.url)).toEqual(
      [rows[0].image, rows[1].image, ...[2, 0, 1, 3].map((i) => training.images.row(i))].map(url),
    );
  });

  it('puts a row on one line, supporters right of the test image and opponents right of all supporters', () => {
    const [asked, other, for1, for2, against, last] = ofType(spec, 'image')[0].data.values;
    expect(new Set([asked.y, for1.y, for2.y, against.y]).size).toBe(1);
    expect(other.y).toBeGreaterThan(asked.y);
    expect(last.y).toBe(other.y);
    expect(asked.x).toBe(other.x);
    expect(for1.x).toBeGreaterThan(asked.x);
    expect(for2.x).toBeGreaterThan(for1.x);
    expect(against.x).toBeGreaterThan(for2.x);
    // The one opponent of a row without supporters stands under the others' opponents.
    expect(last.x).toBe(against.x);
    expect(last.x).toBeLessThan(spec.width as number);
  });

  it('frames supporters in one colour and opponents in another, and says the same by sign and heading', () => {
    const frames = ofType(spec, 'point');
    expect(frames.map(({ mark }) => mark.stroke)).toEqual(['currentColor', PALETTE[0], PALETTE[1]]);
    expect(frames.map(({ data }) => data.values.length)).toEqual([2, 2, 2]);
    const said = words(spec).map((w) => w.words);
    for (const word of ['+0.031', '+0.020', '−0.500', '−0.000', 'test: 7', 'f = 1.2', 'sure', '7', '8', '9'])
      expect(said).toContain(word);
    const heads = words(spec).filter((w) => w.words?.startsWith('speak'));
    expect(heads.map((w) => w.words)).toEqual(['speak for it', 'speak against it']);
    const [, , for1, , against] = ofType(spec, 'image')[0].data.values;
    expect(heads[0].x).toBeLessThan(for1.x);
    expect(heads[1].x).toBeLessThan(against.x);
    expect(heads[1].x).toBeGreaterThan(heads[0].x);
  });

  it('draws as a chart, with its words as text', async () => {
    const svg = (await chartBundle(spec, { description }))['image/svg+xml'] as string;
    expect(svg.match(/href="data:image\/png/g)).toHaveLength(6);
    for (const word of ['speak for it', 'speak against it', '+0.031', '−0.500', '<title>Who speaks</title>'])
      expect(svg).toContain(word);
  });

  it('keeps no room for words and sides that nobody gave', () => {
    const { supporters, opponents, image } = rows[0];
    const bare = attributionGrid([{ image, supporters, opponents }], { images: training.images });
    const named = attributionGrid([{ image, supporters, opponents, label: 'x', name: 'sure' }], training);
    expect(bare.height as number).toBeLessThan(named.height as number);
    expect(bare.width as number).toBeLessThan(named.width as number);
    const alone = attributionGrid([{ image, supporters, opponents: [] }], training);
    expect(words(alone).map((w) => w.words)).not.toContain('speak against it');
    expect(alone.width as number).toBeLessThan(named.width as number);
  });

  it('takes headings, digits, and images in colour', () => {
    const colour = attributionGrid(
      [{ image: [1, 0, 0], supporters: [{ index: 0, contribution: 0.123456 }], opponents: [] }],
      { images: [[0, 1, 0]] },
      { channels: 3, headings: ['for “one”', 'for “zero”'], digits: 5 },
    );
    expect(words(colour).map((w) => w.words)).toEqual(expect.arrayContaining(['+0.12346', 'for “one”']));
    expect(ofType(colour, 'image')[0].data.values[1].url).toBe(
      dataUrl(png(1, 1, 3, Uint8Array.of(0, 255, 0))),
    );
  });

  it('refuses no rows, an index without an image, and labels of another number', () => {
    expect(() => attributionGrid([], training)).toThrow(ShapeError);
    for (const index of [4, -1, 1.5])
      expect(() =>
        attributionGrid(
          [{ image: [0, 0, 0, 0], supporters: [{ index, contribution: 1 }], opponents: [] }],
          training,
        ),
      ).toThrow(`a training image of 0 … 3, got ${index}`);
    expect(() => attributionGrid(rows, { ...training, labels: [1] })).toThrow(/labels: expected 4.*got 1/);
    const grey = [{ ...rows[1], image: [0, 2, 0, 0] }];
    expect(() => attributionGrid(grey, training)).toThrow(
      /attributionGrid, image 0: expected values of 0 … 1/,
    );
  });
});
