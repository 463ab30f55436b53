/**
 * A matrix as a picture with axes: a Gram matrix sorted by class, weights, alignments. The cells are one PNG inside
 * the specification, not a mark each, so that 2000 × 2000 entries cost some tens of kilobytes. A matrix larger than
 * the picture is averaged over blocks (each entry counts once, none is skipped), and the subtitle says so.
 */

import { ValueError } from '../errors';
import type { Matrix } from '../linalg';
import { type ChartLook, checkCount, joinNotes, look } from './channel';
import type { Spec } from './chart';
import { colourAt, DIVERGING, SEQUENTIAL } from './colours';
import { dataUrl, indexedPng } from './png';
import { MARKS } from './theme';

export interface HeatMapOptions extends ChartLook {
  /** Title of the horizontal axis: what the columns are. */
  x: string;
  /** Title of the vertical axis: what the rows are. */
  y: string;
  /** Title of the colours: what an entry is, with its unit. */
  value: string;
  /** Ends of the colour scale (default: of the data). Values outside take the end's colour. */
  domain?: readonly [number, number];
  /** Blue below 0, orange above, white at 0 (default: when the data have both signs). */
  diverging?: boolean;
  /** Lines between groups of rows and columns, at `at` (the first index of the next group), the groups' names beside them. */
  groups?: { at: readonly number[]; names: readonly string[] };
  /** The largest number of picture cells a side (default 240). */
  resolution?: number;
}

/** Shades of the colour scale: more cannot be told apart, and fewer make a smaller picture. */
const SHADES = 65;

/** The specification of a heat map. Throws a ValueError for an empty matrix, NaN, an empty domain, or groups out of range. */
export function heatMap(matrix: Matrix, options: HeatMapOptions): Spec {
  const { resolution = 240, groups } = options;
  checkCount('heatMap, resolution', resolution);
  const { rows, cols } = matrix;
  const [least, most] = ends(matrix);
  const diverging = options.diverging ?? (least < 0 && most > 0);
  const [low, high] =
    options.domain ??
    (diverging ? symmetric(least, most) : least < most ? [least, most] : [least - 0.5, least + 0.5]);
  if (!(low < high && Number.isFinite(high - low)))
    throw new ValueError({
      what: 'heatMap, domain',
      expected: 'two finite numbers, the smaller first',
      got: `${low} … ${high}`,
      todo: 'Leave it out for the ends of the data.',
    });
  const colours = diverging ? DIVERGING : SEQUENTIAL;
  const picture = averagedBlocks(matrix, resolution);
  const shade = (v: number) =>
    Math.round(((Math.min(high, Math.max(low, v)) - low) / (high - low)) * (SHADES - 1));
  const palette = Array.from({ length: SHADES }, (_, i) => colourAt(colours, i / (SHADES - 1)));
  const url = dataUrl(indexedPng(picture.cols, picture.rows, palette, Uint8Array.from(picture.data, shade)));
  const block = [picture.rows < rows, picture.cols < cols].some(Boolean)
    ? `${rows} × ${cols} entries, shown as ${picture.rows} × ${picture.cols} block averages`
    : undefined;
  const side = 340;
  const shape =
    rows >= cols
      ? { height: side, width: Math.max(40, Math.round((side * cols) / rows)) }
      : { width: side, height: Math.max(40, Math.round((side * rows) / cols)) };
  const size = { width: options.width ?? shape.width, height: options.height ?? shape.height };
  const stops = colours.map((_, i) => low + ((high - low) * i) / (colours.length - 1));
  const none = {
    values: [
      { x: 0, y: 0, low },
      { x: cols, y: rows, low: high },
    ],
  };
  const axis = (field: 'x' | 'y', title: string, n: number): Spec => ({
    field,
    type: 'quantitative',
    title,
    scale: { domain: field === 'x' ? [0, n] : [n, 0], nice: false, zero: false },
    axis: { grid: false, ...(groups ? { values: [], titlePadding: 28 } : { format: 'd', tickMinStep: 1 }) },
  });
  const x = axis('x', options.x, cols);
  const y = axis('y', options.y, rows);
  const layer: Spec[] = [
    {
      // Carries the scales and the legend; the picture below is not a mark of theirs.
      mark: { type: 'point', opacity: 0, tooltip: null },
      encoding: {
        x,
        y,
        color: {
          field: 'low',
          type: 'quantitative',
          title: options.value,
          scale: { domain: stops, range: [...colours] },
          legend: {
            type: 'gradient',
            values: [low, (low + high) / 2, high],
            format: '.3~g',
            orient: 'right',
            direction: 'vertical',
            titleOrient: 'right',
            gradientLength: Math.min(size.height, 220),
          },
        },
      },
    },
    {
      data: { values: [{}] }, // a mark is drawn once a row
      mark: {
        type: 'image',
        url,
        width: { expr: 'width' },
        height: { expr: 'height' },
        align: 'left',
        baseline: 'top',
        aspect: false,
        smooth: false,
      },
      encoding: { x: { value: 0 }, y: { value: 0 } },
    },
  ];
  if (groups) layer.push(...groupLayers(groups, rows, cols));
  return {
    ...look({ ...options, ...size, subtitle: joinNotes(options.subtitle, block) }),
    data: none,
    layer,
  };
}

/**
 * The means of the blocks of a matrix, of the smallest size that leaves at most `most` blocks a side (the last block
 * may be narrower); the matrix itself when it is small enough.
 */
export function averagedBlocks(
  matrix: Matrix,
  most: number,
): { rows: number; cols: number; data: Float64Array } {
  const high = Math.ceil(matrix.rows / most);
  const wide = Math.ceil(matrix.cols / most);
  const rows = Math.ceil(matrix.rows / high);
  const cols = Math.ceil(matrix.cols / wide);
  const sums = new Float64Array(rows * cols);
  const counts = new Float64Array(rows * cols);
  for (let i = 0; i < matrix.rows; i++) {
    const to = Math.floor(i / high) * cols;
    const from = i * matrix.cols;
    for (let j = 0; j < matrix.cols; j++) {
      const at = to + Math.floor(j / wide);
      sums[at] += matrix.data[from + j];
      counts[at]++;
    }
  }
  return { rows, cols, data: sums.map((s, i) => s / counts[i]) };
}

function groupLayers(groups: NonNullable<HeatMapOptions['groups']>, rows: number, cols: number): Spec[] {
  const { at, names } = groups;
  const n = Math.min(rows, cols);
  const rising = at.every((v, i) => Number.isInteger(v) && v > (i === 0 ? 0 : at[i - 1]) && v < n);
  if (!rising || names.length !== at.length + 1)
    throw new ValueError({
      what: 'heatMap, groups',
      expected: `rising indices of 1 … ${n - 1}, and one name more than indices`,
      got: `at ${at.join(', ')}; names ${names.join(', ')}`,
      todo: 'Give the first index of every group but the first, and the name of every group.',
    });
  const starts = [0, ...at];
  const middle = (i: number, end: number) => (starts[i] + (starts[i + 1] ?? end)) / 2;
  const number = (field: string): Spec => ({ field, type: 'quantitative' });
  const lines = { values: at.map((v) => ({ at: v })) };
  const labels = { values: names.map((name, i) => ({ name, x: middle(i, cols), y: middle(i, rows) })) };
  const text = { type: 'text', ...MARKS.note };
  return [
    { data: lines, mark: { type: 'rule', ...MARKS.boundary }, encoding: { x: number('at') } },
    { data: lines, mark: { type: 'rule', ...MARKS.boundary }, encoding: { y: number('at') } },
    {
      data: labels,
      mark: { ...text, baseline: 'top', dy: 6 },
      encoding: { x: number('x'), y: { value: 'height' }, text: { field: 'name' } },
    },
    {
      data: labels,
      mark: { ...text, align: 'center', baseline: 'bottom', angle: 270, dx: 0, dy: -6 },
      encoding: { y: number('y'), x: { value: 0 }, text: { field: 'name' } },
    },
  ];
}

function ends(matrix: Matrix): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < matrix.data.length; i++) {
    const v = matrix.data[i];
    if (!Number.isFinite(v))
      throw new ValueError({
        what: `heatMap, entry (${Math.floor(i / matrix.cols)}, ${i % matrix.cols})`,
        expected: 'a finite number',
        got: String(v),
        todo: 'Find out where it comes from before drawing it.',
      });
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (matrix.data.length > 0) return [low, high];
  throw new ValueError({
    what: 'heatMap',
    expected: 'a matrix with entries',
    got: 'an empty one',
    todo: 'Draw after the matrix is there.',
  });
}

function symmetric(low: number, high: number): [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high)) || 1;
  return [-size, size];
}
