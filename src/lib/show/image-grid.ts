/**
 * Small images side by side, each with a label and a caption under it: test digits with the training digits that
 * speak for and against them. One SVG with a PNG for each image: JupyterLab, GitHub and a static page all draw it,
 * the pixels stay sharp at any size, and the words under them stay text.
 */

import { ShapeError, ValueError } from '../errors';
import type { Matrix } from '../linalg';
import { describedSvg } from './chart';
import { INK } from './colours';
import { type Bundle, display, escapeMarkup } from './display';
import { pngUrl } from './png';

export interface ImageGridOptions {
  /** One sentence that says what the images are and show: text for those who do not see them. Required. */
  description: string;
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
  /** A title above the grid. */
  title?: string;
  /** Side of an image on the page in pixels (default 72). */
  size?: number;
}

/** Images as rows of a matrix, or as arrays of pixels of one length. */
export type Images = Matrix | readonly ArrayLike<number>[];

/**
 * Shows images under the cell; outside Jupyter prints the description. Throws a ShapeError when sizes or numbers of
 * labels do not fit, a ValueError for NaN, values outside `range`, or a missing description.
 */
export function imageGrid(images: Images, options: ImageGridOptions): void {
  display(imageGridBundle(images, options));
}

/** The bundle that `imageGrid` shows. */
export function imageGridBundle(images: Images, options: ImageGridOptions): Bundle {
  const { description, labels, captions, rowLabels = [], title, size = 72 } = options;
  if (typeof description !== 'string' || description.trim().length < 10)
    throw new ValueError({
      what: 'imageGrid, description',
      expected: 'a sentence that says what the images show',
      got: description ? `“${description}”` : 'nothing',
      todo: 'Give { description: "…" }: it is read by those who do not see the images.',
    });
  const list = listOf(images);
  const columns = options.columns ?? Math.min(10, list.length);
  const rows = Math.ceil(list.length / columns);
  for (const [name, words] of Object.entries({ labels, captions }))
    if (words && words.length !== list.length) throw wrongCount(name, list.length, words.length);
  if (rowLabels.length > 0 && rowLabels.length !== rows)
    throw wrongCount('rowLabels', rows, rowLabels.length);
  const pictures = pictureUrls(list, options);
  const longest = Math.max(0, ...[...(labels ?? []), ...(captions ?? [])].map((t) => String(t).length));
  const cell = Math.max(size, longest * 7) + 12;
  const lineHeight = 16;
  const words = (labels ? lineHeight : 0) + (captions ? lineHeight : 0);
  const cellHeight = size + words + 12;
  const left = Math.max(0, ...rowLabels.map((t) => t.length)) * 7.2 + (rowLabels.length > 0 ? 12 : 0);
  const top = title ? 30 : 4;
  const out: string[] = [];
  if (title) out.push(`<text x="4" y="18" font-size="15" font-weight="600">${escapeMarkup(title)}</text>`);
  pictures.forEach((url, i) => {
    const x = left + (i % columns) * cell + cell / 2;
    const y = top + Math.floor(i / columns) * cellHeight;
    const box = `x="${x - size / 2}" y="${y}" width="${size}" height="${size}"`;
    out.push(`<image ${box} href="${url}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`);
    // A thin frame: a black image on a dark page, or a white one on a light page, would have no edge.
    out.push(`<rect ${box} fill="none" stroke="${INK}" stroke-width="1"/>`);
    let line = y + size + 14;
    for (const text of [labels?.[i], captions?.[i]]) {
      if (text === undefined) continue;
      out.push(`<text x="${x}" y="${line}" text-anchor="middle">${escapeMarkup(String(text))}</text>`);
      line += lineHeight;
    }
  });
  rowLabels.forEach((text, r) => {
    const y = top + r * cellHeight + size / 2 + 4;
    out.push(`<text x="4" y="${y}">${escapeMarkup(text)}</text>`);
  });
  const width = Math.max(left + columns * cell, title ? title.length * 8 + 8 : 0);
  const height = top + rows * cellHeight;
  const font = `font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif" font-size="12" fill="${INK}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ${font}>${out.join('')}</svg>`;
  return { 'image/svg+xml': describedSvg(svg, title, description), 'text/plain': description };
}

const wrongCount = (name: string, expected: number, got: number) =>
  new ShapeError({
    what: `imageGrid, ${name}`,
    expected: `${expected}, one ${name === 'rowLabels' ? 'a row' : 'an image'}`,
    got: String(got),
    todo: 'Give as many as there are, or none.',
  });

function listOf(images: Images): ArrayLike<number>[] {
  const list = 'rows' in images ? Array.from({ length: images.rows }, (_, i) => images.row(i)) : [...images];
  if (list.length > 0) return list;
  throw new ShapeError({
    what: 'imageGrid',
    expected: 'one image or more',
    got: 'none',
    todo: 'Give images as rows of a matrix.',
  });
}

/** Each image as a PNG, its values scaled from the range to 0 … 255. */
function pictureUrls(list: readonly ArrayLike<number>[], options: ImageGridOptions): string[] {
  const { channels = 1, range = [0, 1] } = options;
  const pixels = list[0].length / channels;
  const width = options.width ?? (options.height ? pixels / options.height : Math.sqrt(pixels));
  const height = options.height ?? pixels / width;
  if (!Number.isInteger(width) || !Number.isInteger(height) || width * height !== pixels)
    throw new ShapeError({
      what: 'imageGrid',
      expected: 'images of width × height × channels values',
      got: `${list[0].length} values for ${channels} channel${channels === 1 ? '' : 's'}, width ${options.width ?? '?'}, height ${options.height ?? '?'}`,
      todo: 'Give width, height and channels.',
    });
  const spans = list.map((image, i) => {
    if (image.length !== list[0].length)
      throw new ShapeError({
        what: `imageGrid, image ${i}`,
        expected: `${list[0].length} values, as image 0`,
        got: `${image.length}`,
        todo: 'Show images of one size.',
      });
    return spanOf(image, i);
  });
  const all: [number, number] = [Math.min(...spans.map((s) => s[0])), Math.max(...spans.map((s) => s[1]))];
  return list.map((image, i) => {
    const [low, high] = range === 'each' ? spans[i] : range === 'all' ? all : range;
    const slack = 1e-6 * (high - low);
    if (spans[i][0] < low - slack || spans[i][1] > high + slack)
      throw new ValueError({
        what: `imageGrid, image ${i}`,
        expected: `values of ${low} … ${high}`,
        got: `${spans[i][0]} … ${spans[i][1]}`,
        todo: 'Give range: [low, high], or range: "all" for standardised images.',
      });
    const scale = high > low ? 255 / (high - low) : 0;
    const bytes = Uint8Array.from({ length: image.length }, (_, k) =>
      Math.round(Math.min(255, Math.max(0, (image[k] - low) * scale))),
    );
    return pngUrl(width, height, channels, bytes);
  });
}

function spanOf(image: ArrayLike<number>, i: number): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < image.length; k++) {
    if (!Number.isFinite(image[k]))
      throw new ValueError({
        what: `imageGrid, image ${i}, pixel ${k}`,
        expected: 'a finite number',
        got: String(image[k]),
        todo: 'Find out where it comes from.',
      });
    low = Math.min(low, image[k]);
    high = Math.max(high, image[k]);
  }
  return [low, high];
}
