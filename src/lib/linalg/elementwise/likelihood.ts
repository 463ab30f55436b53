/**
 * The loops of the losses: Σ ℓ(f, y) and scale · ∂ℓ/∂f in one pass, stable for any finite f. The mean over the
 * batch, and the checks of targets, are in nets/losses.
 */

import { type Vector, zeros } from '../matrix';
import { checkLength, checkSame } from './operands';
import * as plain from './plain';

/** Returns Σ (f − y)²; gradient, if given, receives scale · 2 (f − y). */
export function squaredError(f: Vector, y: Vector, gradient: Vector | null = null, scale = 1): number {
  checkSame('squaredError, y', y, f.length, f);
  if (gradient) checkSame('squaredError, gradient', gradient, f.length, f);
  return plain.squaredError(f, y, gradient, scale);
}

/**
 * Binary cross-entropy on logits: returns Σ ln(1 + e^f) − y f; gradient, if given, receives
 * scale · (σ(f) − y).
 */
export function logisticError(f: Vector, y: Vector, gradient: Vector | null = null, scale = 1): number {
  checkSame('logisticError, y', y, f.length, f);
  if (gradient) checkSame('logisticError, gradient', gradient, f.length, f);
  return plain.logisticError(f, y, gradient, scale);
}

/** Returns Σ (σ(f) − y)²; gradient, if given, receives scale · 2 (σ(f) − y) σ′(f). */
export function sigmoidSquaredError(f: Vector, y: Vector, gradient: Vector | null = null, scale = 1): number {
  checkSame('sigmoidSquaredError, y', y, f.length, f);
  if (gradient) checkSame('sigmoidSquaredError, gradient', gradient, f.length, f);
  return plain.sigmoidSquaredError(f, y, gradient, scale);
}

/**
 * Cross-entropy of the softmax of every row: returns Σ_i L_i − Σ_j y_ij F_ij, L_i = ln Σ_j e^{F_ij}; gradient, if
 * given, receives scale · (softmax(F)_ij − y_ij). `y` holds rows × cols probabilities, each row's sum 1, or one
 * label a row (0 … cols − 1, not checked here); `gradient` may not be F.
 */
export function softmaxError(
  F: Vector,
  y: Vector,
  rows: number,
  cols: number,
  gradient: Vector | null = null,
  scale = 1,
): number {
  checkLength('softmaxError, F', F, rows * cols);
  checkSame('softmaxError, y', y, y.length === rows ? rows : rows * cols, F);
  if (gradient) checkSame('softmaxError, gradient', gradient, F.length, F);
  return plain.softmaxError(F, y, rows, cols, gradient, scale);
}

/**
 * The softmax of every row: out_ij = scale · e^{F_ij − L_i}, with L_i = ln Σ_j e^{F_ij}, which `logSumExp` receives
 * if given (one value a row). `out` may be F, or null when only L is wanted.
 */
export function softmaxRows(
  F: Vector,
  rows: number,
  cols: number,
  out: Vector | null,
  logSumExp: Vector | null = null,
  scale = 1,
): void {
  checkLength('softmaxRows, F', F, rows * cols);
  if (out) checkSame('softmaxRows, out', out, F.length, F);
  if (logSumExp) checkSame('softmaxRows, logSumExp', logSumExp, rows, F);
  plain.softmaxRows(F, rows, cols, out, logSumExp ?? zeros(rows, 'float64'), scale);
}
