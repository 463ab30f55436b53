/** What becomes of a checkpoint that was stored: JSON and matrices, of which only numbers are left. */

import { Matrix } from '../../src/lib/linalg';
import type { Checkpoint, PackedSnapshot } from '../../src/lib/nets';

export function stored(checkpoint: Checkpoint): Checkpoint {
  const matrix = (M: Matrix) => new Matrix(M.rows, M.cols, M.data.slice());
  const packed = ({ params, state }: PackedSnapshot) => ({ params: matrix(params), state: matrix(state) });
  const { snapshot, optimizer, snapshots, best, ...json } = checkpoint;
  return {
    ...JSON.parse(JSON.stringify(json)),
    snapshot: packed(snapshot),
    optimizer: {
      ...optimizer,
      moments: Object.fromEntries(Object.entries(optimizer.moments).map(([key, M]) => [key, matrix(M)])),
    },
    snapshots: snapshots.map((record) => ({ step: record.step, snapshot: packed(record.snapshot) })),
    best: best && { ...best, snapshot: packed(best.snapshot) },
  };
}
