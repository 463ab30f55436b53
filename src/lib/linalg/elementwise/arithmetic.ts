/**
 * Arithmetic of whole vectors, and their reductions. `out` may be any of the inputs. Reductions of float32 are
 * accumulated in float64.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

function binary(loop: 'add' | 'sub' | 'mul', x: Vector, y: Vector, out: Vector): void {
  const loops = shared(x, y, out);
  if (loops) {
    loops[loop](at(x), at(y), at(out), x.length);
    return;
  }
  const operands: Operand[] = [
    { vector: x, use: 'in' },
    { vector: y, use: 'in' },
    { vector: out, use: 'out' },
  ];
  stage(1, x.length, operands, false, ({ loops, addresses: [a, b, o], cols }) => loops[loop](a, b, o, cols));
}

/** out = x + y. */
export function add(x: Vector, y: Vector, out: Vector): void {
  checkSame('add, y', y, x.length, x);
  checkSame('add, out', out, x.length, x);
  binary('add', x, y, out);
}

/** out = x − y. */
export function sub(x: Vector, y: Vector, out: Vector): void {
  checkSame('sub, y', y, x.length, x);
  checkSame('sub, out', out, x.length, x);
  binary('sub', x, y, out);
}

/** out = x ∘ y. */
export function mul(x: Vector, y: Vector, out: Vector): void {
  checkSame('mul, y', y, x.length, x);
  checkSame('mul, out', out, x.length, x);
  binary('mul', x, y, out);
}

/** out = alpha x + shift. */
export function scale(alpha: number, x: Vector, out: Vector = x, shift = 0): void {
  checkSame('scale, out', out, x.length, x);
  const loops = shared(x, out);
  if (loops) {
    loops.scale(alpha, at(x), at(out), shift, x.length);
    return;
  }
  const operands: Operand[] = [
    { vector: x, use: 'in' },
    { vector: out, use: 'out' },
  ];
  stage(1, x.length, operands, false, ({ loops, addresses: [a, b], cols }) =>
    loops.scale(alpha, a, b, shift, cols),
  );
}

/** y = y + alpha x. */
export function axpy(alpha: number, x: Vector, y: Vector): void {
  checkSame('axpy, y', y, x.length, x);
  const loops = shared(x, y);
  if (loops) {
    loops.axpy(alpha, at(x), at(y), x.length);
    return;
  }
  const operands: Operand[] = [
    { vector: x, use: 'in' },
    { vector: y, use: 'both' },
  ];
  stage(1, x.length, operands, false, ({ loops, addresses: [a, b], cols }) => loops.axpy(alpha, a, b, cols));
}

/** out = x ∘ y + z (two roundings). */
export function multiplyAdd(x: Vector, y: Vector, z: Vector, out: Vector): void {
  checkSame('multiplyAdd, y', y, x.length, x);
  checkSame('multiplyAdd, z', z, x.length, x);
  checkSame('multiplyAdd, out', out, x.length, x);
  const loops = shared(x, y, z, out);
  if (loops) {
    loops.multiplyAdd(at(x), at(y), at(z), at(out), x.length);
    return;
  }
  const operands: Operand[] = [
    { vector: x, use: 'in' },
    { vector: y, use: 'in' },
    { vector: z, use: 'in' },
    { vector: out, use: 'out' },
  ];
  stage(1, x.length, operands, false, ({ loops, addresses: [a, b, c, o], cols }) =>
    loops.multiplyAdd(a, b, c, o, cols),
  );
}

/** Σ x_i y_i. */
export function dot(x: Vector, y: Vector): number {
  checkSame('dot, y', y, x.length, x);
  const loops = shared(x, y);
  if (loops) return loops.dot(at(x), at(y), x.length);
  const operands: Operand[] = [
    { vector: x, use: 'in' },
    { vector: y, use: 'in' },
  ];
  let total = 0;
  stage(1, x.length, operands, false, ({ loops, addresses: [a, b], cols }) => {
    total += loops.dot(a, b, cols);
  });
  return total;
}

/** Σ x_i. */
export function sum(x: Vector): number {
  const loops = shared(x);
  if (loops) return loops.sum(at(x), x.length);
  let total = 0;
  stage(1, x.length, [{ vector: x, use: 'in' }], false, ({ loops, addresses: [a], cols }) => {
    total += loops.sum(a, cols);
  });
  return total;
}

/** The largest entry; −Infinity for none, NaN when one is NaN. */
export function max(x: Vector): number {
  const loops = shared(x);
  if (loops) return loops.max(at(x), x.length);
  let total = -Infinity;
  stage(1, x.length, [{ vector: x, use: 'in' }], false, ({ loops, addresses: [a], cols }) => {
    total = Math.max(total, loops.max(a, cols));
  });
  return total;
}
