/**
 * Bias, scale and activation of a layer in one pass over memory, with the derivatives that the backward pass and
 * the Hessian-vector product need (Z is read once; a, σ′ and σ″ share the exponential). For z = Z + β b:
 *
 *     a = σ(s z),   d = ∂a/∂z = s σ′(s z),   e = ∂²a/∂z² = s² σ″(s z)
 */

import type { Vector } from '../matrix';
import { checkLength, checkSame } from './operands';
import * as plain from './plain';

export type ActivationKind = 'identity' | 'relu' | 'tanh' | 'sigmoid' | 'softplus' | 'elu';

export interface Activation {
  kind: ActivationKind;
  rows: number;
  cols: number;
  /** Z, rows × cols, without the bias. */
  input: Vector;
  /** b, one value a column. None: no bias. */
  bias?: Vector | null;
  /** β (default 1). */
  biasScale?: number;
  /** s (default 1). */
  scale?: number;
  /** elu's α (default 1): σ(x) = x for x > 0, α (eˣ − 1) otherwise. */
  alpha?: number;
  /** Receives z = Z + β b. Every output may be left out, and any one of them may be `input` itself. */
  preactivation?: Vector | null;
  /** Receives a. */
  output?: Vector | null;
  /** Receives d. relu′(0) = 0, as in PyTorch and tfjs. */
  derivative?: Vector | null;
  /** Receives e. */
  second?: Vector | null;
}

/**
 * Fills the outputs that are given. All arrays have one precision; those of one Arena are worked on in place,
 * others are staged. The object can be kept and used again (nothing is allocated for arrays of an arena).
 * Throws a ShapeError or ValueError when lengths or precisions differ.
 */
export function activate(task: Activation): void {
  const { rows, cols, input, bias, preactivation, output, derivative, second } = task;
  const n = rows * cols;
  checkLength('activate, input', input, n);
  if (bias) checkSame('activate, bias', bias, cols, input);
  if (preactivation) checkSame('activate, preactivation', preactivation, n, input);
  if (output) checkSame('activate, output', output, n, input);
  if (derivative) checkSame('activate, derivative', derivative, n, input);
  if (second) checkSame('activate, second', second, n, input);
  plain.activate(task);
}

/**
 * out[(i·C + c), j] = upstream[(i·C + c), j] · derivative[i, j]: the delta before the activation, for C cotangents
 * an example (`derivative` is rows × cols, `upstream` and `out` rows·C × cols; `out` may be `upstream`).
 */
export function applyDerivative(
  upstream: Vector,
  derivative: Vector,
  rows: number,
  cols: number,
  cotangents: number,
  out: Vector = upstream,
): void {
  checkLength('applyDerivative, derivative', derivative, rows * cols);
  checkSame('applyDerivative, upstream', upstream, rows * cols * cotangents, derivative);
  checkSame('applyDerivative, out', out, rows * cols * cotangents, derivative);
  plain.applyDerivative(upstream, derivative, rows, cols, cotangents, out);
}

/** out[j] = beta · out[j] + alpha Σ_i A[i, j]: the gradient of a bias. `out` is not read when beta is 0. */
export function columnSums(A: Vector, rows: number, cols: number, out: Vector, alpha = 1, beta = 0): void {
  checkLength('columnSums, A', A, rows * cols);
  checkSame('columnSums, out', out, cols, A);
  plain.columnSums(A, rows, cols, out, alpha, beta);
}
