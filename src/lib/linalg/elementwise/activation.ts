/**
 * Bias, scale and activation of a layer in one pass over memory, with the derivatives that the backward pass and
 * the Hessian-vector product need (Z is read once; a, σ′ and σ″ share the exponential). For z = Z + β b:
 *
 *     a = σ(s z),   d = ∂a/∂z = s σ′(s z),   e = ∂²a/∂z² = s² σ″(s z)
 */

import type { Vector } from '../matrix';
import { scale } from './arithmetic';
import { checkLength, checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

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
  const { kind, biasScale = 1, scale = 1, alpha = 1 } = task;
  const loops = shared(input, bias, preactivation, output, derivative, second);
  if (loops) {
    // Without a bias the rows are one long row.
    const flat = bias ? 1 : rows;
    loops.activate[kind](
      at(input),
      at(bias),
      biasScale,
      scale,
      alpha,
      rows / flat,
      cols * flat,
      at(preactivation),
      at(output),
      at(derivative),
      at(second),
    );
    return;
  }
  const operands: Operand[] = [
    { vector: input, use: 'in' },
    { vector: bias, use: 'in', per: 'columns' },
    { vector: preactivation, use: 'out' },
    { vector: output, use: 'out' },
    { vector: derivative, use: 'out' },
    { vector: second, use: 'out' },
  ];
  stage(rows, cols, operands, false, ({ loops, addresses: [z, b, pre, out, first, next], rows, cols }) =>
    loops.activate[kind](z, b, biasScale, scale, alpha, rows, cols, pre, out, first, next),
  );
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
  const loops = shared(upstream, derivative, out);
  if (loops) {
    loops.applyDerivative(at(upstream), at(derivative), rows, cols, cotangents, at(out));
    return;
  }
  const wide = cols * cotangents;
  const operands: Operand[] = [
    { vector: upstream, use: 'in', per: wide },
    { vector: derivative, use: 'in' },
    { vector: out, use: 'out', per: wide },
  ];
  stage(rows, cols, operands, true, ({ loops, addresses: [u, d, o], rows }) =>
    loops.applyDerivative(u, d, rows, cols, cotangents, o),
  );
}

/** Activations whose derivative their output a tells: s where a > 0 (relu), s (1 + a)(1 − a) (tanh). */
export type SlopeByOutput = 'relu' | 'tanh';

/**
 * The same from the activation's output, rows × cols, in place of its derivative. For tanh the relative error of the
 * derivative is ε / (1 − |a|) at worst.
 */
export function applySlope(
  kind: SlopeByOutput,
  upstream: Vector,
  output: Vector,
  rows: number,
  cols: number,
  cotangents: number,
  scale: number,
  out: Vector = upstream,
): void {
  checkLength('applySlope, output', output, rows * cols);
  checkSame('applySlope, upstream', upstream, rows * cols * cotangents, output);
  checkSame('applySlope, out', out, rows * cols * cotangents, output);
  const loop = kind === 'relu' ? 'applyGate' : 'applyTanhSlope';
  const loops = shared(upstream, output, out);
  if (loops) {
    loops[loop](at(upstream), at(output), rows, cols, cotangents, scale, at(out));
    return;
  }
  const wide = cols * cotangents;
  const operands: Operand[] = [
    { vector: upstream, use: 'in', per: wide },
    { vector: output, use: 'in' },
    { vector: out, use: 'out', per: wide },
  ];
  stage(rows, cols, operands, true, ({ loops, addresses: [u, a, o], rows }) =>
    loops[loop](u, a, rows, cols, cotangents, scale, o),
  );
}

/** out[j] = beta · out[j] + alpha Σ_i A[i, j]: the gradient of a bias. `out` is not read when beta is 0. */
export function columnSums(A: Vector, rows: number, cols: number, out: Vector, alpha = 1, beta = 0): void {
  checkLength('columnSums, A', A, rows * cols);
  checkSame('columnSums, out', out, cols, A);
  const loops = shared(A, out);
  if (loops) {
    loops.columnSums(at(A), rows, cols, at(out), alpha, beta);
    return;
  }
  if (beta === 0) out.fill(0);
  else if (beta !== 1) scale(beta, out);
  const operands: Operand[] = [
    { vector: A, use: 'in' },
    { vector: out, use: 'both', per: 'columns' },
  ];
  stage(rows, cols, operands, false, ({ loops, addresses: [a, o], rows, cols }) =>
    loops.columnSums(a, rows, cols, o, alpha, 1),
  );
}
