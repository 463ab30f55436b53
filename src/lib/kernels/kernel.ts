/**
 * What a kernel is here: κ(x, x′) for the rows of matrices. Everything downstream (surrogates, spectra, regressions)
 * takes a kernel or a Gram matrix and does not ask how it was made. What a kernel gives is new and the caller's own:
 * `cosine`, `center` and `scaled` write to it.
 *
 * When a notebook's stop button is pressed, a Gram that is being made ends at the next tile with an InterruptedError.
 */

import type { Matrix, Vector } from '../linalg/matrix';
import type { Extent } from './factors';
import type { Panel } from './panels';

export interface Kernel {
  /** For people: 'tangent kernel, trace', 'cosine of …'. */
  readonly name: string;
  /** K_ij = κ(x_i, x_j) for the rows of X (n × d): n × n, exactly symmetric, made at half the cost of `cross(X, X)`. */
  gram(X: Matrix): Promise<Matrix>;
  /** K_ij = κ(x_i, x′_j) for the rows of X (n × d) and X2 (m × d): n × m. */
  cross(X: Matrix, X2: Matrix): Promise<Matrix>;
  /** κ(x_i, x_i): n values, without the Gram. */
  diagonal(X: Matrix): Promise<Vector>;
  /**
   * `cross` and both diagonals, from the same passes through the network. A kernel without it is asked three times by
   * `cosine`.
   */
  crossWithDiagonals?(X: Matrix, X2: Matrix): Promise<CrossWithDiagonals>;
  /**
   * What the kernel has to know of some rows of X for any block of a Gram or cross-Gram: what goes through the network
   * goes once. A kernel without it is asked for each block by `cross` (prepared.ts); one whose entries depend on other
   * examples than their two has no blocks, and throws a ValueError.
   */
  prepare?(X: Matrix, panel: Panel, by: Preparation): Promise<Prepared>;
  /** The gradient of Σ_ij K̄_ij κ(x_i, x′_j) in X (n × d), where a kernel can give it. */
  pullback?(X: Matrix, X2: Matrix, cotangent: Matrix): Promise<Matrix>;
}

export interface CrossWithDiagonals {
  cross: Matrix;
  /** κ(x_i, x_i) of the rows and κ(x′_j, x′_j) of the columns. */
  diagonal: Vector;
  diagonal2: Vector;
}

export interface Preparation {
  /** Of the whole Gram or cross-Gram that the blocks belong to: what the choice of a form rests on. */
  readonly extent: Extent;
  /** Called between the pieces; stops the work by throwing. */
  readonly heed: () => void;
}

/** Examples as a kernel has prepared them. */
export interface Prepared {
  /** κ(x_i, x_i). */
  readonly diagonal: Vector;
  /** Bytes that it holds. */
  readonly bytes: number;
  /**
   * Writes κ(x_i, x′_j) to `out` (n × m) for these n examples and the m of `other`, which the same kernel has prepared
   * for the same extent. With itself it is exactly symmetric, and made at half the cost.
   */
  cross(other: Prepared, out: Matrix, heed?: () => void): Promise<void>;
}
