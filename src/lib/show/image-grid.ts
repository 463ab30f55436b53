/**
 * Small images side by side, each with a label and a caption under it: test digits with the training digits that
 * speak for and against them. A Vega-Lite specification with a PNG for each image, shown by `chart` as any other:
 * JupyterLab draws it also in a notebook that the reader has not trusted (it would not draw a bare SVG there),
 * GitHub and a static page take the SVG; the pixels stay sharp at any size, and the words under them stay text.
 */

import { ShapeError, ValueError } from '../errors';
import type { Matrix } from '../linalg';
import { checkCount } from './channel';
import type { Spec } from './chart';
import { dataUrl, png } from './png';
import { MARKS, PAGE_INK } from './theme';

export interface ImageGridOptions {
  /** The title says what there is to see. */
  title?: string;
  /** Pixels of an image: width (default: the square root of their number). */
  width?: number;
  /** Pixels of an image: height (default: the width). */
  height?: number;
  /** 1 grey, 3 red, green, blue (height, width, channel); default 1. */
  channels?: 1 | 3;
  /** Values drawn black and white (default [0, 1]); `each` or `all`: the least and largest of an image, or of all. */
  range?: readonly [number, number] | 'each' | 'all';
  /** Images a row (default: up to 10). */
  columns?: number;
  /** A label under each image, e.g. its class. */
  labels?: readonly (string | number)[];
  /** A second line under each image, e.g. `+0.031`. */
  captions?: readonly string[];
  /** Words at the left of each row. */
  rowLabels?: readonly string[];
  /** Side of an image on the page in pixels (default 72). */
  size?: number;
}

/** Images as rows of a matrix, or as arrays of pixels of one length. */
export type Images = Matrix | readonly ArrayLike<number>[];

const LINE = 16;
/** A letter of the captions, roughly, in pixels. */
const LETTER = 7;

/**
 * The specification of a grid of images. Throws a ShapeError when sizes or numbers of labels do not fit, a ValueError
 * for NaN or values outside `range`.
 */
export function imageGrid(images: Images, options: ImageGridOptions = {}): Spec {
  const { labels, captions, rowLabels = [], title, size = 72 } = options;
  const list = listOf('imageGrid', images);
  const columns = options.columns ?? Math.min(10, list.length);
  checkCount('imageGrid, columns', columns);
  const rows = Math.ceil(list.length / columns);
  for (const [name, words] of Object.entries({ labels, captions }))
    if (words && words.length !== list.length) throw wrongCount(name, list.length, words.length);
  if (rowLabels.length > 0 && rowLabels.length !== rows)
    throw wrongCount('rowLabels', rows, rowLabels.length);
  const lines = [labels, captions].filter((words) => words !== undefined);
  const cell = cellOf(size, lines);
  const left = sideWidth(rowLabels);

  const pictures = pictureUrls('imageGrid', list, options).map((url, i) => ({
    url,
    x: left + ((i % columns) + 0.5) * cell.width,
    y: Math.floor(i / columns) * cell.height,
  }));
  const words = pictures.flatMap(({ x, y }, i) =>
    lines.map((line, k) => ({ x, y: y + wordsBelow(size, k), words: String(line[i]) })),
  );
  const sides = rowLabels.map((text, r) => ({ x: 0, y: r * cell.height + size / 2 + 4, words: text }));
  return {
    ...(title === undefined ? {} : { title }),
    width: left + columns * cell.width,
    height: rows * cell.height,
    layer: [
      pictureLayer(pictures, size),
      frameLayer(pictures, size),
      ...textLayer(words, 'center'),
      ...textLayer(sides, 'left'),
    ],
  };
}

/** A place on the page in pixels: the middle of an image's upper edge. */
export interface Place {
  x: number;
  y: number;
}

/** The room of an image with some lines of words under it. */
export function cellOf(
  size: number,
  lines: readonly (readonly (string | number)[])[],
): { width: number; height: number } {
  const longest = Math.max(0, ...lines.flat().map((t) => String(t).length));
  return { width: Math.max(size, longest * LETTER) + 12, height: size + 12 + lines.length * LINE };
}

/** The room of words at the left of the rows. */
export const sideWidth = (words: readonly string[]): number =>
  words.length > 0 ? Math.max(...words.map((t) => t.length)) * LETTER + 12 : 0;

/** From an image's upper edge down to the words of line k, counted from 0. */
export const wordsBelow = (size: number, k: number): number => size + 14 + k * LINE;

/** Images at their places. */
export function pictureLayer(pictures: readonly (Place & { url: string })[], size: number): Spec {
  return {
    data: { values: pictures },
    mark: {
      type: 'image',
      width: size,
      height: size,
      align: 'center',
      baseline: 'top',
      aspect: false,
      smooth: false,
      tooltip: null,
    },
    encoding: { ...PIXELS, url: { field: 'url', type: 'nominal' } },
  };
}

/** A frame around each: a black image on a dark page, or a white one on a light page, would have no edge. */
export function frameLayer(
  places: readonly Place[],
  size: number,
  { stroke = PAGE_INK as string, strokeWidth = 1 } = {},
): Spec {
  return {
    data: { values: places.map(({ x, y }) => ({ x, y: y + size / 2 })) },
    mark: {
      type: 'point',
      shape: 'square',
      size: size * size,
      filled: false,
      stroke,
      strokeWidth,
      opacity: 1,
      tooltip: null,
    },
    encoding: PIXELS,
  };
}

/** Positions are pixels of the page: no scale, no axis. */
const PIXELS = {
  x: { field: 'x', type: 'quantitative', scale: null, axis: null },
  y: { field: 'y', type: 'quantitative', scale: null, axis: null },
};

/** Words at places; no layer when there are none. */
export function textLayer(
  values: readonly (Place & { words: string })[],
  align: 'left' | 'center',
  look: Spec = {},
): Spec[] {
  if (values.length === 0) return [];
  const mark = { type: 'text', align, baseline: 'alphabetic', ...MARKS.note, ...look };
  return [{ data: { values }, mark, encoding: { ...PIXELS, text: { field: 'words', type: 'nominal' } } }];
}

const wrongCount = (name: string, expected: number, got: number) =>
  new ShapeError({
    what: `imageGrid, ${name}`,
    expected: `${expected}, one ${name === 'rowLabels' ? 'a row' : 'an image'}`,
    got: String(got),
    todo: 'Give as many as there are, or none.',
  });

/** The images one by one. Throws a ShapeError when there are none. */
export function listOf(what: string, images: Images): ArrayLike<number>[] {
  const list = 'rows' in images ? Array.from({ length: images.rows }, (_, i) => images.row(i)) : [...images];
  if (list.length > 0) return list;
  throw new ShapeError({
    what,
    expected: 'one image or more',
    got: 'none',
    todo: 'Give images as rows of a matrix.',
  });
}

/** Each image as a PNG, its values scaled from the range to 0 … 255. Errors begin with `what`. */
export function pictureUrls(
  what: string,
  list: readonly ArrayLike<number>[],
  options: Pick<ImageGridOptions, 'width' | 'height' | 'channels' | 'range'>,
): string[] {
  const { channels = 1, range = [0, 1] } = options;
  const pixels = list[0].length / channels;
  const width = options.width ?? (options.height ? pixels / options.height : Math.sqrt(pixels));
  const height = options.height ?? pixels / width;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width * height !== pixels)
    throw new ShapeError({
      what,
      expected: 'images of width × height × channels values',
      got: `${list[0].length} values for ${channels} channel${channels === 1 ? '' : 's'}, width ${options.width ?? '?'}, height ${options.height ?? '?'}`,
      todo: 'Give width, height and channels.',
    });
  const spans = list.map((image, i) => {
    if (image.length !== list[0].length)
      throw new ShapeError({
        what: `${what}, image ${i}`,
        expected: `${list[0].length} values, as image 0`,
        got: `${image.length}`,
        todo: 'Show images of one size.',
      });
    return spanOf(what, image, i);
  });
  const all: [number, number] = [Math.min(...spans.map((s) => s[0])), Math.max(...spans.map((s) => s[1]))];
  return list.map((image, i) => {
    const [low, high] = range === 'each' ? spans[i] : range === 'all' ? all : range;
    const slack = 1e-6 * (high - low);
    if (spans[i][0] < low - slack || spans[i][1] > high + slack)
      throw new ValueError({
        what: `${what}, image ${i}`,
        expected: `values of ${low} … ${high}`,
        got: `${spans[i][0]} … ${spans[i][1]}`,
        todo: 'Give range: [low, high], or range: "all" for standardised images.',
      });
    const scale = high > low ? 255 / (high - low) : 0;
    const bytes = Uint8Array.from({ length: image.length }, (_, k) =>
      Math.round(Math.min(255, Math.max(0, (image[k] - low) * scale))),
    );
    return dataUrl(png(width, height, channels, bytes));
  });
}

function spanOf(what: string, image: ArrayLike<number>, i: number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < image.length; k++) {
    if (!Number.isFinite(image[k]))
      throw new ValueError({
        what: `${what}, image ${i}, pixel ${k}`,
        expected: 'a finite number',
        got: String(image[k]),
        todo: 'Find out where it comes from.',
      });
    low = Math.min(low, image[k]);
    high = Math.max(high, image[k]);
  }
  return [low, high];
}
