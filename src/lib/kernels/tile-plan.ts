/**
 * How a tiled Gram is going to be made: how it is cut into tiles, how many panels of prepared examples can be held in the
 * memory that there is, and what all of it takes. Where tiles begin depends on the kernel and the number of examples
 * only, so that a run with more memory or less goes on with the same tiles.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import type { DType, Matrix } from '../linalg/matrix';
import { heedInterruption, type Span } from '../run';
import type { Kernel } from './kernel';
import { rowPanels } from './panels';
import { prepared } from './prepared';

export interface PlanOptions {
  tileRows?: number;
  memory?: number;
  signal?: AbortSignal;
}

/** The sets of examples: X2 null stands for X itself. */
export interface Sides {
  readonly X: Matrix;
  readonly X2: Matrix | null;
}

/** One kernel's matrix, as it is going to be made. */
export interface Work {
  readonly name: string;
  readonly kernel: Kernel;
  readonly sides: Sides;
  readonly extent: { pairs: number; examples: number };
  readonly rows: Span[];
  readonly columns: Span[];
  readonly dtype: DType;
  /** What one multiply-add stands for in the progress: bytes of an example as prepared, or as it is. */
  readonly weight: number;
  /** Panels that are held at a time. */
  readonly held: number;
  readonly memory: number;
  /** κ(x, x) of the first example of X. */
  readonly first: number;
}

const TILE_ROWS = 1024;
const PANEL_BYTES = 1 << 28;
const MEMORY = 3 * 2 ** 30;
/** A pass that leaves factors of so many bytes takes at most three times as many (factored.ts), or those of a few batches. */
const PASS = 3;
const BATCHES = 1 << 25;
/** Slices of per-example gradients, for both sides (terms.ts). */
const SLICES = 1 << 27;
export const itemSize = (dtype: DType) => (dtype === 'float32' ? 4 : 8);

export async function planned(
  name: string,
  kernel: Kernel,
  sides: Sides,
  options: PlanOptions,
): Promise<Work> {
  const { X, X2 } = sides;
  const m = (X2 ?? X).rows;
  if (X.rows === 0 || m === 0)
    throw new ShapeError({
      what: 'Tiled Gram',
      expected: 'at least one example on each side',
      got: `${shapeText(X.shape)} and ${shapeText((X2 ?? X).shape)}`,
      todo: 'Give examples as rows.',
    });
  const extent = X2 ? { pairs: X.rows * m, examples: X.rows + m } : { pairs: (m * (m + 1)) / 2, examples: m };
  const heed = heedInterruption('Tiled Gram', options.signal);
  const one = await prepared(kernel, X, { start: 0, end: 1 }, { extent, heed });
  const dtype: DType = one.diagonal instanceof Float32Array ? 'float32' : 'float64';
  const fit = Math.max(1, Math.min(TILE_ROWS, Math.floor(PANEL_BYTES / one.bytes)));
  const tileRows = checkedCount('tileRows', options.tileRows ?? fit);
  const rows = rowPanels(X.rows, 1, tileRows, 1);
  const columns = X2 ? rowPanels(m, 1, tileRows, 1) : rows;

  const longest = Math.max(rows[0].end, columns[0].end);
  const panel = longest * one.bytes;
  const working = PASS * panel + BATCHES + SLICES + 3 * longest ** 2 * itemSize(dtype);
  const most = X2 ? Math.min(rows.length, columns.length) + 1 : rows.length;
  const memory = options.memory ?? MEMORY;
  const held = Math.min(most, Math.floor((memory - working) / panel));
  if (!(held >= Math.min(most, 2)))
    throw new ValueError({
      what: `Tiled Gram of ${kernel.name}, memory`,
      expected: `at least ${megabytes(working + Math.min(most, 2) * panel)} for tiles of ${longest} rows`,
      got: megabytes(memory),
      todo: 'Give more memory, or fewer tileRows.',
    });
  const weight = Math.max(one.bytes, X.cols * itemSize(X.dtype));
  return {
    ...{ name, kernel, sides, extent, rows, columns, dtype, weight, held },
    memory: working + held * panel,
    first: one.diagonal[0],
  };
}

/** The place of a tile: which rows and which columns. */
export type Place = readonly [number, number];

/** All tiles, row after row; of a Gram those with j ≤ i. */
export function tilesOf({ rows, columns, sides }: Work): Place[] {
  return rows.flatMap((_, i) => columns.flatMap((_, j): Place[] => (sides.X2 || j <= i ? [[i, j]] : [])));
}

/** Panels that are held together, of the side that has fewer, and their tiles as the other panels come by. */
export interface Group {
  readonly side: 'rows' | 'columns';
  readonly panels: readonly number[];
  readonly tiles: readonly Place[];
}

export function groupsOf(work: Work): Group[] {
  const { rows, columns, held, sides } = work;
  const side = sides.X2 && columns.length < rows.length ? 'columns' : 'rows';
  const outer = work[side].length;
  const whole = sides.X2 ? held > outer : held >= outer;
  return rowPanels(outer, 1, whole ? outer : held - 1, 1).map(({ start, end }) => {
    const mine = tilesOf(work).filter((tile) => {
      const k = tile[side === 'rows' ? 0 : 1];
      return k >= start && k < end;
    });
    const other = side === 'rows' ? 1 : 0;
    return {
      side,
      panels: Array.from({ length: end - start }, (_, k) => start + k),
      tiles: mine.sort((a, b) => a[other] - b[other] || a[1 - other] - b[1 - other]),
    };
  });
}

/** How often an example is prepared, on average. */
export function passesOf(work: Work): number {
  const { rows, columns, sides } = work;
  const panels = groupsOf(work).map(({ side, panels, tiles }) => {
    const others = new Set(tiles.map((tile) => tile[side === 'rows' ? 1 : 0]));
    if (!sides.X2) for (const k of panels) others.delete(k);
    return panels.length + others.size;
  });
  return panels.reduce((a, b) => a + b, 0) / (rows.length + (sides.X2 ? columns.length : 0));
}

export const length = ({ start, end }: Span) => end - start;
export const megabytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;

export function checkedCount(option: string, count: number): number {
  if (Number.isInteger(count) && count >= 1) return count;
  throw new ValueError({
    what: `Tiled Gram, ${option}`,
    expected: 'a whole number, 1 or more',
    got: String(count),
    todo: 'Leave it out for a good one.',
  });
}
