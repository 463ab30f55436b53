/**
 * Where the layers of a pass take the matrices they write to. A layer asks `workspace.matrix(rows, cols)` and
 * fills what it gets; it never allocates. One and the same layer code then serves two masters: a user's pass,
 * whose matrices are new and belong to the user, and the trainer, whose step asks for the same sequence of
 * matrices thousands of times and gets the same ones each time, so that a step allocates nothing.
 */

import type { Arena } from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';

export interface Workspace {
  readonly dtype: DType;
  /** A matrix to write to; its contents are unspecified. */
  matrix(rows: number, cols: number): Matrix;
}

/** A workspace of new matrices. */
export class FreshWorkspace implements Workspace {
  readonly dtype: DType;
  constructor(dtype: DType) {
    this.dtype = dtype;
  }
  matrix(rows: number, cols: number): Matrix {
    return Matrix.zeros(rows, cols, this.dtype);
  }
}

/** A workspace of new matrices that counts the bytes handed out, to plan an arena for more rows. */
export class CountingWorkspace extends FreshWorkspace {
  bytes = 0;
  matrices = 0;
  override matrix(rows: number, cols: number): Matrix {
    const matrix = super.matrix(rows, cols);
    this.bytes += matrix.data.byteLength;
    this.matrices += 1;
    return matrix;
  }
}

/**
 * A workspace whose matrices lie in an arena, where element-wise work is done in place: they are gone when the arena is
 * reset. It saves what is dear about large new arrays, the system's clearing of their pages.
 */
export class ArenaWorkspace implements Workspace {
  readonly dtype: DType;
  readonly arena: Arena;
  constructor(dtype: DType, arena: Arena) {
    this.dtype = dtype;
    this.arena = arena;
  }
  matrix(rows: number, cols: number): Matrix {
    return new Matrix(rows, cols, this.arena.uncleared(rows * cols, this.dtype));
  }
}

/**
 * A workspace that starts over: after `restart()`, the k-th request is answered by the k-th buffer of the round
 * before. Sound for a computation that makes the same requests in the same order each round; the number of rows
 * may differ (a last, partial batch takes the front part of the same buffers).
 */
export class RecyclingWorkspace implements Workspace {
  readonly dtype: DType;
  private readonly allocate: (length: number) => Vector;
  private readonly slots: { buffer: Vector; views: Matrix[] }[] = [];
  private next = 0;

  /** @param allocate where buffers come from; typed arrays of their own by default. */
  constructor(dtype: DType, allocate: (length: number) => Vector = (length) => zeros(length, dtype)) {
    this.dtype = dtype;
    this.allocate = allocate;
  }

  /** From here on, the buffers are handed out again from the first. */
  restart(): void {
    this.next = 0;
  }

  matrix(rows: number, cols: number): Matrix {
    const k = this.next++;
    let slot = this.slots[k];
    if (slot === undefined || slot.buffer.length < rows * cols)
      slot = this.slots[k] = { buffer: this.allocate(rows * cols), views: [] };
    for (const view of slot.views) if (view.rows === rows && view.cols === cols) return view;
    const view = new Matrix(rows, cols, slot.buffer.subarray(0, rows * cols));
    slot.views.push(view);
    return view;
  }
}
