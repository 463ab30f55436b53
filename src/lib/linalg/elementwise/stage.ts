/**
 * How a call reaches the SIMD module. Arrays that all lie in one arena are worked on where they are. All others are
 * staged: copied into a small arena of this module a tile at a time (copying costs about a tenth of a nanosecond a
 * value), worked on there, and the results copied out.
 */

import type { Vector } from '../matrix';
import { Arena } from './arena';
import { type Loops, loopsFor } from './module';

type Maybe = Vector | null | undefined;

/** Bytes of an array that are staged at once: a handful of such blocks stay in the cache. */
const BLOCK = 16384;

/** The address of an array of an arena; 0 for none. */
export const at = (v: Maybe): number => (v ? v.byteOffset : 0);

/** The loops of the one arena that holds all the given arrays, or null. */
export function shared(a: Vector, b?: Maybe, c?: Maybe, d?: Maybe, e?: Maybe, f?: Maybe): Loops | null {
  const arena = Arena.of(a);
  if (!arena) return null;
  const { buffer } = a;
  if (b && b.buffer !== buffer) return null;
  if (c && c.buffer !== buffer) return null;
  if (d && d.buffer !== buffer) return null;
  if (e && e.buffer !== buffer) return null;
  if (f && f.buffer !== buffer) return null;
  return loopsFor(arena.instance, a);
}

/** An array of a staged call. */
export interface Operand {
  vector: Maybe;
  /** Whether the loop reads it, writes it, or both. */
  use: 'in' | 'out' | 'both';
  /**
   * Values in each row (default: the number of columns); 'columns' for one row of values that all rows share, as a
   * bias; 'all' for an array that every tile needs whole.
   */
  per?: number | 'columns' | 'all';
}

/** A part of the rows and columns, with the addresses of the operands' parts. */
export interface Tile {
  loops: Loops;
  addresses: number[];
  rows: number;
  cols: number;
  /** The tile's first row and column. */
  row: number;
  col: number;
}

let scratch: Arena | undefined;

/**
 * Calls `run` on tiles that cover rows × cols. A row is cut only when it is longer than a block and `whole` is
 * false; all operands must then have `cols` values in a row.
 */
export function stage(
  rows: number,
  cols: number,
  operands: readonly Operand[],
  whole: boolean,
  run: (tile: Tile) => void,
): void {
  const present = operands.find(({ vector }) => vector)!.vector!;
  const bytes = present.BYTES_PER_ELEMENT;
  const dtype = bytes === 4 ? 'float32' : 'float64';
  const block = BLOCK / bytes;
  let widest = 1;
  for (const { per = cols } of operands)
    if (per !== 'all') widest = Math.max(widest, per === 'columns' ? cols : per);
  const tileCols = whole || cols <= block ? cols : block;
  const tileRows = tileCols < cols ? 1 : Math.max(1, Math.min(rows, Math.floor(block / widest)));
  const lengths = operands.map(({ vector, per = cols }) => {
    if (per === 'all') return vector?.length ?? 0;
    return per === 'columns' || tileCols < cols ? tileCols : per * tileRows;
  });

  const need = lengths.reduce((sum, length) => sum + length * bytes + 64, 0);
  if (!scratch || scratch.capacity < need) scratch = new Arena(Math.max(need, 8 * BLOCK));
  scratch.reset();
  const places = operands.map(({ vector }, i) => (vector ? scratch!.uncleared(lengths[i], dtype) : null));
  const tile: Tile = {
    loops: loopsFor(scratch.instance, present),
    addresses: places.map(at),
    rows: 0,
    cols: 0,
    row: 0,
    col: 0,
  };

  for (tile.row = 0; tile.row < rows; tile.row += tileRows) {
    tile.rows = Math.min(tileRows, rows - tile.row);
    for (tile.col = 0; tile.col < cols; tile.col += tileCols) {
      tile.cols = Math.min(tileCols, cols - tile.col);
      for (let i = 0; i < operands.length; i++) {
        const { vector, use } = operands[i];
        if (!vector || use === 'out') continue;
        const [start, length] = partOf(operands[i], tile, cols);
        places[i]!.set(vector.subarray(start, start + length));
      }
      run(tile);
      for (let i = 0; i < operands.length; i++) {
        const { vector, use } = operands[i];
        if (!vector || use === 'in') continue;
        const [start, length] = partOf(operands[i], tile, cols);
        vector.set(places[i]!.subarray(0, length), start);
      }
    }
  }
}

/** Where a tile's values lie in an operand's array. */
function partOf({ vector, per }: Operand, tile: Tile, cols: number): [start: number, length: number] {
  if (per === 'all') return [0, vector!.length];
  if (per === 'columns') return [tile.col, tile.cols];
  if (tile.cols < cols) return [tile.row * cols + tile.col, tile.cols];
  return [tile.row * (per ?? cols), tile.rows * (per ?? cols)];
}
