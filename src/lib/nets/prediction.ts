/**
 * f(X) for a fixed X at one snapshot after another, as a validation needs it after each epoch: in mode 'evaluate', a
 * block of rows at a time, in buffers that are made once.
 */

import { Matrix, type Vector, zeros } from '../linalg/matrix';
import { type Context, type Layer, shapeSize } from './layer';
import type { Sequence } from './layers/sequence';
import type { Snapshot } from './params';
import { RecyclingWorkspace } from './workspace';

/** Entries of the widest layer's output in one block: a few megabytes, so that it stays in cache. */
const BLOCK_ENTRIES = 1 << 19;

/** Numbers in the largest output of a layer, or of a layer inside of it. */
function widest({ outputShape, layers = [] }: Layer): number {
  return Math.max(shapeSize(outputShape), ...layers.map(widest));
}

export class Prediction {
  private readonly body: Sequence;
  private readonly inputs: Matrix;
  private readonly outputs: Matrix;
  private readonly workspace: RecyclingWorkspace;
  /** Rows of a block. */
  readonly rows: number;

  /**
   * @param inputs X, in the precision of the snapshots to come.
   * @param allocate where the buffers come from; typed arrays of their own by default.
   */
  constructor(body: Sequence, inputs: Matrix, allocate?: (length: number) => Vector) {
    const { dtype } = inputs;
    this.body = body;
    this.inputs = inputs;
    this.outputs = Matrix.zeros(inputs.rows, shapeSize(body.outputShape), dtype);
    this.workspace = new RecyclingWorkspace(dtype, allocate);
    this.rows = Math.min(
      inputs.rows,
      Math.max(1, Math.floor(BLOCK_ENTRIES / Math.max(inputs.cols, widest(body)))),
    );
  }

  /** f(X), n × d_out: the same matrix each time, with new numbers. */
  at({ params, state }: Snapshot): Matrix {
    const context: Context = { params, state, mode: 'evaluate', workspace: this.workspace, keep: 'nothing' };
    for (let start = 0; start < this.inputs.rows; start += this.rows) {
      this.workspace.restart();
      const block = this.inputs.slice(start, Math.min(start + this.rows, this.inputs.rows));
      const { output } = this.body.forward(block, context);
      this.outputs.data.set(output.data, start * output.cols);
    }
    return this.outputs;
  }

  /** Entries of the buffers of a block, at most: from those of one row at this snapshot. */
  entries({ params, state }: Snapshot): number {
    let entries = 0;
    const workspace = new RecyclingWorkspace(params.dtype, (length) => {
      entries += length * this.rows + 16;
      return zeros(length, params.dtype);
    });
    const context: Context = { params, state, mode: 'evaluate', workspace, keep: 'nothing' };
    this.body.forward(this.inputs.slice(0, 1), context);
    return entries;
  }
}
