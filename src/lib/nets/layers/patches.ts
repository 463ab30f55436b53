/**
 * The patches of images as the matrix H that a convolution multiplies: row i·T + p holds the pixels under window p of
 * image i. It is k² times the images, so it is never written out for a whole batch, but for a few examples at a time that
 * stay in cache; and where images are large, not even that. Written out along the width only, the patches of one line of
 * windows follow each other, and H is k matrices side by side that overlap in memory:
 *
 *     L: a row for each pixel (y, c) of the padded lines y, with the line of the window that begins there, k_x · channels
 *     H = [L_0 L_1 … ],   L_j = the rows of L from line j on
 *
 * so a product with H is k_y products with a third (for 3 × 3 windows) of the numbers. At a vertical stride s the lines are
 * written in s groups, those of y mod s together, and each L_j lies in one of them.
 */

import { backend } from '../../linalg';
import { fold, unfold, type Windows } from '../../linalg/elementwise';
import type { DType, Matrix } from '../../linalg/matrix';
import type { Patches } from '../site';
import type { Workspace } from '../workspace';

/** Bytes that are written out at a time: they, and the outputs made of them, stay in a second-level cache. */
const BLOCK_BYTES = 1 << 20;

/**
 * Numbers in the line of a window, and in the patches of an image, from which on lines are written out by themselves: measured
 * for 3 × 3 windows, forward and backward. Short lines make products of little depth, and small images many small products.
 */
const LONG_LINE = 32;
const MANY_PATCHES = 1e5;

/**
 * Multiply-adds of products that OpenBLAS does without copying its operands first (on processors with AVX-512; where they
 * do not fit better, it does no harm to cut larger ones): 200 in place of 140 Gflop/s for 98 and for 196 rows of 192 × 32.
 */
const SMALL_PRODUCT = 1e6;

/** Rows of a product below which cutting costs more than it saves. */
const FEW_ROWS = 32;

/** Rows of the buffer that one call of unfold writes (or fold reads) for an image. */
interface Group {
  readonly windows: Windows;
  readonly start: number;
  readonly rows: number;
}

/** Columns of H that lie in the buffer as T rows from `start` on, and whether no earlier piece has any of them. */
interface Piece {
  /** The first of these columns; it is the row of W that they meet. */
  readonly column: number;
  readonly start: number;
  readonly group: Group;
  readonly first: boolean;
}

/** Every patch as a row, or the lines of patches as rows. */
export type PatchForm = 'whole' | 'lines';

function cheaperForm({ rows, cols, kernelY, kernelX, channels }: Windows): PatchForm {
  const line = kernelX * channels;
  return line >= LONG_LINE && rows * cols * kernelY * line >= MANY_PATCHES ? 'lines' : 'whole';
}

/** How the patches of one image lie in a buffer. */
export class PatchLayout {
  /** T. */
  readonly positions: number;
  /** Numbers in a patch. */
  readonly size: number;
  /** The buffer of one image: rows × cols. */
  readonly rows: number;
  readonly cols: number;
  readonly groups: readonly Group[];
  readonly pieces: readonly Piece[];

  constructor(
    readonly windows: Windows,
    form: PatchForm = cheaperForm(windows),
  ) {
    const { kernelY, kernelX, strideY, channels, top, rows, cols } = windows;
    this.positions = rows * cols;
    this.size = kernelY * kernelX * channels;
    if (form === 'whole') {
      const group = { windows, start: 0, rows: this.positions };
      this.groups = [group];
      this.pieces = [{ column: 0, start: 0, group, first: true }];
      this.rows = this.positions;
      this.cols = this.size;
      return;
    }
    const groups: Group[] = [];
    let start = 0;
    for (let k = 0; k < Math.min(strideY, kernelY); k++) {
      const lines = rows + Math.floor((kernelY - 1 - k) / strideY);
      groups.push({
        windows: { ...windows, kernelY: 1, top: top - k, rows: lines },
        start,
        rows: lines * cols,
      });
      start += lines * cols;
    }
    this.groups = groups;
    this.pieces = Array.from({ length: kernelY }, (_, k): Piece => {
      const group = groups[k % strideY];
      return {
        column: k * kernelX * channels,
        start: group.start + Math.floor(k / strideY) * cols,
        group,
        first: k < strideY,
      };
    });
    this.rows = start;
    this.cols = kernelX * channels;
  }

  /** Room for a block of at most n images, a row of it for each. */
  buffer(n: number, workspace: Workspace): Matrix {
    const entries = this.rows * this.cols;
    const bytes = entries * (workspace.dtype === 'float32' ? 4 : 8);
    return workspace.matrix(Math.max(1, Math.min(n, Math.floor(BLOCK_BYTES / bytes))), entries);
  }

  /** out = alpha unfold*(D Wᵀ) + out: the adjoint of H W for n images, with D n·T × units. */
  addTransposed(D: Matrix, W: Matrix, alpha: number, out: Matrix, workspace: Workspace): void {
    const { positions: T } = this;
    const buffer = this.buffer(out.rows, workspace);
    for (let i = 0; i < out.rows; i += buffer.rows) {
      const end = Math.min(i + buffer.rows, out.rows);
      this.spread(D.slice(i * T, end * T), end - i, W, alpha, buffer);
      this.fold(buffer, out.slice(i, end));
    }
  }

  /** The patches of n images, written to the first rows of a buffer. */
  unfold(images: Matrix, buffer: Matrix): void {
    const { groups, cols } = this;
    const n = images.rows;
    if (groups.length === 1) {
      unfold(groups[0].windows, images.data, n, buffer.data.subarray(0, n * buffer.cols));
      return;
    }
    for (let i = 0; i < n; i++)
      for (const { windows, start, rows } of groups)
        unfold(windows, images.row(i), 1, buffer.row(i).subarray(start * cols, (start + rows) * cols));
  }

  /** The adjoint of unfold, added to n images. */
  private fold(buffer: Matrix, images: Matrix): void {
    const { groups, cols } = this;
    const n = images.rows;
    if (groups.length === 1) {
      fold(groups[0].windows, buffer.data.subarray(0, n * buffer.cols), n, images.data);
      return;
    }
    for (let i = 0; i < n; i++)
      for (const { windows, start, rows } of groups)
        fold(windows, buffer.row(i).subarray(start * cols, (start + rows) * cols), 1, images.row(i));
  }

  /** out = alpha H W + beta out, for the n·T rows of H whose images lie in a buffer. */
  times(buffer: Matrix, n: number, W: Matrix, alpha: number, beta: number, out: Matrix): void {
    const { cols, pieces, positions: T } = this;
    const d = W.cols;
    const blas = backend();
    const { images, rows, most } = this.products(n, d);
    for (let i = 0; i < n; i += images)
      for (const { column, start } of pieces) {
        const w = W.data.subarray(column * d);
        for (let r = 0; r < rows; r += most) {
          const m = Math.min(most, rows - r);
          const H = buffer.data.subarray(i * buffer.cols + (start + r) * cols);
          const y = out.data.subarray((i * T + r) * d);
          blas.gemm(false, false, m, d, cols, alpha, H, cols, w, d, column === 0 ? beta : 1, y, d);
        }
      }
  }

  /** out = alpha HᵀD + beta out, for the same rows of H; D has n·T rows. */
  transposeTimes(buffer: Matrix, n: number, D: Matrix, alpha: number, beta: number, out: Matrix): void {
    const { cols, pieces, positions: T } = this;
    const d = D.cols;
    const blas = backend();
    const { images, rows, most } = this.products(n, d);
    for (let i = 0; i < n; i += images)
      for (const { column, start } of pieces) {
        const w = out.data.subarray(column * d);
        for (let r = 0; r < rows; r += most) {
          const m = Math.min(most, rows - r);
          const H = buffer.data.subarray(i * buffer.cols + (start + r) * cols);
          const delta = D.data.subarray((i * T + r) * d);
          blas.gemm(true, false, cols, d, m, alpha, H, cols, delta, d, i + r === 0 ? beta : 1, w, d);
        }
      }
  }

  /** alpha D Wᵀ in the form of the buffer, summed where pieces overlap: what `fold` brings back to n images. */
  private spread(D: Matrix, n: number, W: Matrix, alpha: number, buffer: Matrix): void {
    const { cols, pieces } = this;
    const d = D.cols;
    const blas = backend();
    const { images, rows } = this.products(n, d);
    for (let i = 0; i < n; i += images)
      for (const { column, start, group, first } of pieces) {
        const H = buffer.data.subarray(i * buffer.cols, (i + images) * buffer.cols);
        // What lies in a group behind its first piece is met by the others alone.
        if (first) H.fill(0, (start + rows) * cols, (group.start + group.rows) * cols);
        const delta = D.data.subarray(i * this.positions * d);
        const w = W.data.subarray(column * d);
        const room = H.subarray(start * cols);
        blas.gemm(false, true, rows, cols, d, alpha, delta, d, w, d, first ? 0 : 1, room, cols);
      }
  }

  /**
   * Images whose rows one piece takes together (all where H is one piece: its rows follow each other from image to image),
   * those rows, and how many of them go into one product with d columns.
   */
  private products(n: number, d: number): { images: number; rows: number; most: number } {
    const images = this.pieces.length === 1 ? n : 1;
    const rows = images * this.positions;
    const fit = Math.floor(SMALL_PRODUCT / (this.cols * d));
    const most = fit < FEW_ROWS ? rows : Math.ceil(rows / Math.ceil(rows / fit));
    return { images, rows, most };
  }
}

/** H of n images. The block that was written out last is kept until others are asked for. */
export class ImagePatches implements Patches {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  private readonly buffer: Matrix;
  /** The images in the buffer. */
  private start = 0;
  private end = 0;

  constructor(
    private readonly layout: PatchLayout,
    private readonly images: Matrix,
    workspace: Workspace,
  ) {
    this.rows = images.rows * layout.positions;
    this.cols = layout.size;
    this.dtype = images.dtype;
    this.buffer = layout.buffer(images.rows, workspace);
  }

  times(W: Matrix, alpha: number, beta: number, out: Matrix): void {
    const { layout, images, buffer } = this;
    const T = layout.positions;
    for (let i = 0; i < images.rows; i += buffer.rows) {
      const end = Math.min(i + buffer.rows, images.rows);
      layout.times(this.written(i, end), end - i, W, alpha, beta, out.slice(i * T, end * T));
    }
  }

  transposeTimes(start: number, D: Matrix, alpha: number, beta: number, out: Matrix): void {
    const { layout, buffer } = this;
    const T = layout.positions;
    const [first, last] = [start / T, (start + D.rows) / T];
    for (let i = first; i < last; i += buffer.rows) {
      const end = Math.min(i + buffer.rows, last);
      const its = D.slice((i - first) * T, (end - first) * T);
      layout.transposeTimes(this.written(i, end), end - i, its, alpha, i === first ? beta : 1, out);
    }
  }

  writtenOut(workspace: Workspace): Matrix {
    const out = workspace.matrix(this.rows, this.cols);
    unfold(this.layout.windows, this.images.data, this.images.rows, out.data);
    return out;
  }

  /** The buffer's rows of images first … last−1, written if they are not there, and as many after them as there is room. */
  private written(first: number, last: number): Matrix {
    const { layout, images, buffer } = this;
    if (first < this.start || last > this.end) {
      this.start = first;
      this.end = Math.min(first + buffer.rows, images.rows);
      layout.unfold(images.slice(this.start, this.end), buffer);
    }
    return buffer.slice(first - this.start, last - this.start);
  }
}
