/**
 * The batches of a training: rows of the data, in an order that is new in each epoch and a function of the generator
 * and the epoch's number alone. They are copied into the same two matrices each time; where one batch is everything,
 * nothing is copied.
 */

import { Matrix, type Vector } from '../linalg/matrix';
import type { Random } from '../random';

interface Rows {
  readonly inputs: Matrix;
  readonly targets: Matrix;
}

export class Batches {
  /** Examples in all, and in one batch; the last of an epoch takes what is left. */
  readonly examples: number;
  readonly size: number;
  /** Batches in an epoch. */
  readonly count: number;
  /** The present batch; everything before there is one. */
  inputs: Matrix;
  targets: Matrix;

  private readonly all: Rows;
  private readonly rng: Random | null;
  private readonly allocate: (length: number) => Vector;
  private room: Rows | null = null;
  private order: Uint32Array | null = null;
  private epoch = 0;

  /**
   * @param rng where the orders come from; null for the order of the data.
   * @param allocate where the two matrices come from, when the first batch is taken.
   */
  constructor(all: Rows, size: number, rng: Random | null, allocate: (length: number) => Vector) {
    this.examples = all.inputs.rows;
    this.size = size;
    this.count = Math.ceil(this.examples / size);
    this.inputs = all.inputs;
    this.targets = all.targets;
    this.all = all;
    this.rng = rng;
    this.allocate = allocate;
  }

  /** Entries of the two matrices, at most. */
  get entries(): number {
    return this.count === 1 ? 0 : this.size * (this.all.inputs.cols + this.all.targets.cols) + 32;
  }

  /** Makes `inputs` and `targets` the batch of a step, counted from 0. */
  take(step: number): void {
    if (this.count === 1) return;
    this.room ??= { inputs: this.matrix(this.all.inputs.cols), targets: this.matrix(this.all.targets.cols) };
    const epoch = Math.floor(step / this.count) + 1;
    if (this.rng && epoch !== this.epoch) {
      this.order = this.rng.stream(epoch).permutation(this.examples);
      this.epoch = epoch;
    }
    const start = (step % this.count) * this.size;
    const rows = Math.min(this.size, this.examples - start);
    this.inputs = gather(this.all.inputs, this.order, start, rows, this.room.inputs);
    this.targets = gather(this.all.targets, this.order, start, rows, this.room.targets);
  }

  private matrix(cols: number): Matrix {
    return new Matrix(this.size, cols, this.allocate(this.size * cols));
  }
}

/** Entries of a row from which on the engine's copy is faster than a loop. */
const LONG = 64;

/** Rows order[start …] of `from` (or start …), copied to the front of `to`: that front. */
function gather(from: Matrix, order: Uint32Array | null, start: number, rows: number, to: Matrix): Matrix {
  const { cols } = from;
  if (order === null) to.data.set(from.data.subarray(start * cols, (start + rows) * cols));
  else if (cols < LONG) gatherShort(from.data, order, start, rows, cols, to.data);
  else
    for (let i = 0; i < rows; i++) {
      const row = order[start + i];
      to.data.set(from.data.subarray(row * cols, (row + 1) * cols), i * cols);
    }
  return rows < to.rows ? to.slice(0, rows) : to;
}

function gatherShort(
  from: Vector,
  order: Uint32Array,
  start: number,
  rows: number,
  cols: number,
  to: Vector,
): void {
  for (let i = 0, k = 0; i < rows; i++) {
    const at = order[start + i] * cols;
    for (let j = 0; j < cols; j++, k++) to[k] = from[at + j];
  }
}
