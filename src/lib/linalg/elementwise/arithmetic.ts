/**
 * Arithmetic of whole vectors, and their reductions. `out` may be any of the inputs. Reductions of float32 are
 * accumulated in float64, in a fixed order: a sum does not depend on where its vector lies.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import * as plain from './plain';

/** out = x + y. */
export function add(x: Vector, y: Vector, out: Vector): void {
  checkSame('add, y', y, x.length, x);
  checkSame('add, out', out, x.length, x);
  plain.add(x, y, out);
}

/** out = x − y. */
export function sub(x: Vector, y: Vector, out: Vector): void {
  checkSame('sub, y', y, x.length, x);
  checkSame('sub, out', out, x.length, x);
  plain.sub(x, y, out);
}

/** out = x ∘ y. */
export function mul(x: Vector, y: Vector, out: Vector): void {
  checkSame('mul, y', y, x.length, x);
  checkSame('mul, out', out, x.length, x);
  plain.mul(x, y, out);
}

/** out = alpha x + shift. */
export function scale(alpha: number, x: Vector, out: Vector = x, shift = 0): void {
  checkSame('scale, out', out, x.length, x);
  plain.scale(alpha, x, out, shift);
}

/** y = y + alpha x. */
export function axpy(alpha: number, x: Vector, y: Vector): void {
  checkSame('axpy, y', y, x.length, x);
  plain.axpy(alpha, x, y);
}

/** out = x ∘ y + z (two roundings). */
export function multiplyAdd(x: Vector, y: Vector, z: Vector, out: Vector): void {
  checkSame('multiplyAdd, y', y, x.length, x);
  checkSame('multiplyAdd, z', z, x.length, x);
  checkSame('multiplyAdd, out', out, x.length, x);
  plain.multiplyAdd(x, y, z, out);
}

/** Σ x_i y_i. */
export function dot(x: Vector, y: Vector): number {
  checkSame('dot, y', y, x.length, x);
  return plain.dot(x, y);
}

/** Σ x_i. */
export function sum(x: Vector): number {
  return plain.sum(x);
}

/** The largest entry; −Infinity for none, NaN when one is NaN. */
export function max(x: Vector): number {
  return plain.max(x);
}
