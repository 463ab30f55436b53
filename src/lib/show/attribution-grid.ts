/**
 * Test images, each with the training images that speak loudest for and against a class: the picture of an attribution
 * (arXiv 2305.14585, eq. 3). A row is a test image in a grey frame, its supporters in blue frames, its opponents in
 * orange ones, each with its label and its contribution. The sign of the number says what the colour says.
 */

import { ShapeError, ValueError } from '../errors';
import type { Spec } from './chart';
import { PALETTE } from './colours';
import {
  cellOf,
  frameLayer,
  type ImageGridOptions,
  type Images,
  listOf,
  type Place,
  pictureLayer,
  pictureUrls,
  sideWidth,
  textLayer,
  wordsBelow,
} from './image-grid';

/** One test image and who speaks about it; `supporters(k)` and `opponents(k)` of an Attribution give the lists. */
export interface AttributionRow {
  /** The pixels of the test image. */
  image: ArrayLike<number>;
  /** Under it, e.g. its class. */
  label?: string | number;
  /** A second line under it, e.g. the logit. */
  caption?: string;
  /** Words at the left of the row. */
  name?: string;
  /** The loudest first. They may be fewer in one row than in another. */
  supporters: readonly { index: number; contribution: number }[];
  opponents: readonly { index: number; contribution: number }[];
}

export interface AttributionGridOptions
  extends Pick<ImageGridOptions, 'title' | 'width' | 'height' | 'channels' | 'range' | 'size'> {
  /** Over the supporters and over the opponents (default `speak for it`, `speak against it`). */
  headings?: readonly [supporters: string, opponents: string];
  /** Digits of a contribution after the point (default 3). */
  digits?: number;
}

/** Between the test image and its supporters, and between these and its opponents, in pixels. */
const GAP = 20;
const HEADING = 24;

/** A number with its sign, as `+0.031` or `−0.020`. */
const signed = (x: number, digits: number) => `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(digits)}`;

/** A picture in the column `k` of its group. */
interface Picture {
  pixels: ArrayLike<number>;
  words: string[];
  row: number;
  k: number;
}

/**
 * The specification of the picture, for `chart`. `training.images` are all the training images, rows that the indices
 * of supporters and opponents count; `training.labels` stand under them. Throws a ShapeError when there is no row or
 * when sizes do not fit, a ValueError for an index that is no training image, for NaN and for values outside `range`.
 */
export function attributionGrid(
  rows: readonly AttributionRow[],
  training: { images: Images; labels?: ArrayLike<string | number> },
  options: AttributionGridOptions = {},
): Spec {
  const { title, size = 56, headings = ['speak for it', 'speak against it'] } = options;
  const groups = picturesOf(rows, training, options.digits ?? 3);
  const pictures = groups.flat();
  const cell = cellOf(
    size,
    pictures[0].words.map((_, line) => pictures.map(({ words }) => words[line])),
  );
  const names = rows.map(({ name = '' }) => name);
  const left = names.some((name) => name !== '') ? sideWidth(names) : 0;

  // Where each group begins, and at last where the picture ends.
  const starts = [left];
  for (const group of groups) {
    const columns = Math.max(0, ...group.map(({ k }) => k + 1));
    starts.push(starts[starts.length - 1] + columns * cell.width + (columns > 0 ? GAP : 0));
  }
  const yOf = (row: number) => HEADING + row * cell.height;
  const places = groups.map((group, g) =>
    group.map(({ row, k }): Place => ({ x: starts[g] + (k + 0.5) * cell.width, y: yOf(row) })),
  );
  const every = places.flat();
  const urls = pictureUrls(
    'attributionGrid',
    pictures.map(({ pixels }) => pixels),
    options,
  );
  const [asked, supporters, opponents] = places;
  return {
    ...(title === undefined ? {} : { title }),
    width: starts[groups.length] - GAP,
    height: HEADING + rows.length * cell.height,
    layer: [
      pictureLayer(
        every.map((place, i) => ({ ...place, url: urls[i] })),
        size,
      ),
      frameLayer(asked, size),
      frameLayer(supporters, size, { stroke: PALETTE[0], strokeWidth: 2.5 }),
      frameLayer(opponents, size, { stroke: PALETTE[1], strokeWidth: 2.5 }),
      ...textLayer(
        pictures.flatMap(({ words }, i) =>
          words.map((line, k) => ({ x: every[i].x, y: every[i].y + wordsBelow(size, k), words: line })),
        ),
        'center',
      ),
      ...textLayer(
        headings.flatMap((words, g) =>
          groups[g + 1].length > 0 ? [{ x: starts[g + 1] + (cell.width - size) / 2, y: 12, words }] : [],
        ),
        'left',
        { fontWeight: 600 },
      ),
      ...textLayer(
        names.map((words, row) => ({ x: 0, y: yOf(row) + size / 2 + 4, words })),
        'left',
      ),
    ],
  };
}

/** The pictures of the test images, of the supporters and of the opponents, with the words under them. */
function picturesOf(
  rows: readonly AttributionRow[],
  training: { images: Images; labels?: ArrayLike<string | number> },
  digits: number,
): Picture[][] {
  if (rows.length === 0)
    throw new ShapeError({
      what: 'attributionGrid, rows',
      expected: 'one row or more',
      got: 'none',
      todo: 'Give a row for each test image.',
    });
  const images = listOf('attributionGrid, training', training.images);
  const { labels } = training;
  if (labels && labels.length !== images.length)
    throw new ShapeError({
      what: 'attributionGrid, training.labels',
      expected: `${images.length}, one a training image`,
      got: String(labels.length),
      todo: 'Give as many as there are images, or none.',
    });
  const labelled = labels !== undefined || rows.some(({ label }) => label !== undefined);
  const wordsOf = (label: string | number, caption: string) =>
    labelled ? [String(label), caption] : [caption];
  const voice = (
    row: number,
    k: number,
    { index, contribution }: { index: number; contribution: number },
  ) => {
    if (!(index in images))
      throw new ValueError({
        what: 'attributionGrid, index of a supporter or opponent',
        expected: `a training image of 0 … ${images.length - 1}`,
        got: String(index),
        todo: 'Give all training images, in the order that the surrogate was fitted to.',
      });
    return {
      pixels: images[index],
      words: wordsOf(labels?.[index] ?? '', signed(contribution, digits)),
      row,
      k,
    };
  };
  return [
    rows.map(({ image, label = '', caption = '' }, row) => ({
      pixels: image,
      words: wordsOf(label, caption),
      row,
      k: 0,
    })),
    rows.flatMap(({ supporters }, row) => supporters.map((v, k) => voice(row, k, v))),
    rows.flatMap(({ opponents }, row) => opponents.map((v, k) => voice(row, k, v))),
  ];
}
