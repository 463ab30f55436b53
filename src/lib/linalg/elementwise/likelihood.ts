/**
 * The loops of the losses: Σ ℓ(f, y) and scale · ∂ℓ/∂f in one pass, stable for any finite f. The mean over the
 * batch, and the checks of targets, are in nets/losses.
 */

import type { Vector } from '../matrix';
import { checkLength, checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

function errors(
  name: 'squaredError' | 'logisticError' | 'sigmoidSquaredError',
  f: Vector,
  y: Vector,
  gradient: Vector | null,
  scale: number,
): number {
  checkSame(`${name}, y`, y, f.length, f);
  if (gradient) checkSame(`${name}, gradient`, gradient, f.length, f);
  const loops = shared(f, y, gradient);
  if (loops) return loops[name](at(f), at(y), at(gradient), scale, f.length);
  const operands: Operand[] = [
    { vector: f, use: 'in' },
    { vector: y, use: 'in' },
    { vector: gradient, use: 'out' },
  ];
  let total = 0;
  stage(1, f.length, operands, false, ({ loops, addresses: [a, b, g], cols }) => {
    total += loops[name](a, b, g, scale, cols);
  });
  return total;
}

/** Returns Σ (f − y)²; gradient, if given, receives scale · 2 (f − y). */
export function squaredError(f: Vector, y: Vector, gradient: Vector | null = null, scale = 1): number {
  return errors('squaredError', f, y, gradient, scale);
}

/**
 * Binary cross-entropy on logits: returns Σ ln(1 + e^f) − y f; gradient, if given, receives
 * scale · (σ(f) − y).
 */
export function logisticError(f: Vector, y: Vector, gradient: Vector | null = null, scale = 1): number {
  return errors('logisticError', f, y, gradient, scale);
}

/** Returns Σ (σ(f) − y)²; gradient, if given, receives scale · 2 (σ(f) − y) σ′(f). */
export function sigmoidSquaredError(f: Vector, y: Vector, gradient: Vector | null = null, scale = 1): number {
  return errors('sigmoidSquaredError', f, y, gradient, scale);
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
  const labels = y.length === rows ? 1 : 0;
  const loops = shared(F, y, gradient);
  if (loops) return loops.softmaxError(at(F), at(y), labels, rows, cols, at(gradient), scale);
  const operands: Operand[] = [
    { vector: F, use: 'in' },
    { vector: y, use: 'in', per: labels ? 1 : cols },
    { vector: gradient, use: 'out' },
  ];
  let total = 0;
  stage(rows, cols, operands, true, ({ loops, addresses: [f, t, g], rows }) => {
    total += loops.softmaxError(f, t, labels, rows, cols, g, scale);
  });
  return total;
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
  const loops = shared(F, out, logSumExp);
  if (loops) {
    loops.softmax(at(F), rows, cols, at(out), at(logSumExp), scale);
    return;
  }
  const operands: Operand[] = [
    { vector: F, use: 'in' },
    { vector: out, use: 'out' },
    { vector: logSumExp, use: 'out', per: 1 },
  ];
  stage(rows, cols, operands, true, ({ loops, addresses: [f, o, l], rows }) =>
    loops.softmax(f, rows, cols, o, l, scale),
  );
}
