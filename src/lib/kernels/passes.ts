/** What a pass through a network takes of its workspace, so that one over more examples can be planned. */

import type { DType, Matrix } from '../linalg/matrix';
import { CountingWorkspace, type Workspace } from '../nets/workspace';

export interface PassCost<T> {
  /** What `run` made of one example. */
  readonly made: T;
  /** Bytes that each example takes. */
  readonly each: number;
  /** Bytes that a pass over so many examples takes at most. */
  bytes(examples: number): number;
}

/** An arena begins every matrix at a multiple of this. */
const ALIGNMENT = 64;

/** Runs a pass over the first example of X, and over the first two: what two take beyond one is what each further takes. */
export function passCost<T>(
  X: Matrix,
  dtype: DType,
  run: (X: Matrix, workspace: Workspace) => T,
): PassCost<T> {
  const [one, two] = [1, 2].map((rows) => {
    const workspace = new CountingWorkspace(dtype);
    return { workspace, made: run(X.slice(0, Math.min(rows, X.rows)), workspace) };
  });
  const each = two.workspace.bytes - one.workspace.bytes;
  const first = one.workspace.bytes + one.workspace.matrices * ALIGNMENT;
  return { made: one.made, each, bytes: (examples) => first + Math.max(0, examples - 1) * each };
}
