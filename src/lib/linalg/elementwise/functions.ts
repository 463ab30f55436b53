/**
 * Functions of every entry of a vector. `out` may be `x`. NaN stays NaN; infinities, signed zeros and
 * denormal results are those of the exact function.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import * as plain from './plain';

/** out = eˣ. */
export function exp(x: Vector, out: Vector = x): void {
  checkSame('exp, out', out, x.length, x);
  plain.map(Math.exp, x, out);
}

/** out = eˣ − 1, without cancellation near 0. */
export function expm1(x: Vector, out: Vector = x): void {
  checkSame('expm1, out', out, x.length, x);
  plain.map(Math.expm1, x, out);
}

/** out = ln x; −Infinity at 0, NaN below. */
export function log(x: Vector, out: Vector = x): void {
  checkSame('log, out', out, x.length, x);
  plain.map(Math.log, x, out);
}

/** out = ln(1 + x), without cancellation near 0; −Infinity at −1, NaN below. */
export function log1p(x: Vector, out: Vector = x): void {
  checkSame('log1p, out', out, x.length, x);
  plain.map(Math.log1p, x, out);
}

/** out = tanh x. */
export function tanh(x: Vector, out: Vector = x): void {
  checkSame('tanh, out', out, x.length, x);
  plain.map(Math.tanh, x, out);
}

/** out = 1 / (1 + e⁻ˣ), with full relative precision in both tails. */
export function sigmoid(x: Vector, out: Vector = x): void {
  checkSame('sigmoid, out', out, x.length, x);
  plain.map(plain.sigma, x, out);
}

/** out = ln(1 + eˣ), without overflow, with full relative precision for x → −∞. */
export function softplus(x: Vector, out: Vector = x): void {
  checkSame('softplus, out', out, x.length, x);
  plain.map((v) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v))), x, out);
}
