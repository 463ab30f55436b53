/**
 * Functions of every entry of a vector. `out` may be `x`. NaN stays NaN; infinities, signed zeros and
 * denormal results are those of the exact function.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

function map(
  name: 'exp' | 'expm1' | 'log' | 'log1p' | 'tanh' | 'sigmoid' | 'softplus',
  x: Vector,
  out: Vector,
): void {
  checkSame(`${name}, out`, out, x.length, x);
  const loops = shared(x, out);
  if (loops) {
    loops[name](at(x), at(out), x.length);
    return;
  }
  const operands: Operand[] = [
    { vector: x, use: 'in' },
    { vector: out, use: 'out' },
  ];
  stage(1, x.length, operands, false, ({ loops, addresses: [a, o], cols }) => loops[name](a, o, cols));
}

/** out = eˣ. */
export function exp(x: Vector, out: Vector = x): void {
  map('exp', x, out);
}

/** out = eˣ − 1, without cancellation near 0. */
export function expm1(x: Vector, out: Vector = x): void {
  map('expm1', x, out);
}

/** out = ln x; −Infinity at 0, NaN below. */
export function log(x: Vector, out: Vector = x): void {
  map('log', x, out);
}

/** out = ln(1 + x), without cancellation near 0; −Infinity at −1, NaN below. */
export function log1p(x: Vector, out: Vector = x): void {
  map('log1p', x, out);
}

/** out = tanh x. */
export function tanh(x: Vector, out: Vector = x): void {
  map('tanh', x, out);
}

/** out = 1 / (1 + e⁻ˣ), with full relative precision in both tails. */
export function sigmoid(x: Vector, out: Vector = x): void {
  map('sigmoid', x, out);
}

/** out = ln(1 + eˣ), without overflow, with full relative precision for x → −∞. */
export function softplus(x: Vector, out: Vector = x): void {
  map('softplus', x, out);
}
