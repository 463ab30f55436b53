/**
 * The checks that stand at each public entry of linalg: shapes that fit, one precision, finite values, symmetry, no
 * overlap of output and input. Each names both sides.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import type { Matrix, Vector } from './matrix';

const precision = (data: Vector) => (data instanceof Float32Array ? 'float32' : 'float64');

/** All operands must have one precision. */
export function checkPrecision(what: string, operands: Record<string, Vector | undefined>): void {
  let first: Vector | undefined;
  for (const name in operands) {
    const data = operands[name];
    if (data === undefined) continue;
    if (first === undefined) first = data;
    else if (precision(data) !== precision(first)) {
      const list = Object.entries(operands).filter(([, d]) => d !== undefined);
      throw new ValueError({
        what,
        expected: 'operands of one precision',
        got: list.map(([n, d]) => `${n} ${precision(d as Vector)}`).join(', '),
        todo: "Convert one of them: A.as('float64').",
      });
    }
  }
}

/** `out` may not share memory with an input: BLAS would read what it has already overwritten. */
export function checkApart(what: string, out: Vector, inputs: Record<string, Vector>): void {
  for (const name in inputs) {
    const input = inputs[name];
    if (
      out.buffer === input.buffer &&
      out.byteOffset < input.byteOffset + input.byteLength &&
      input.byteOffset < out.byteOffset + out.byteLength
    )
      throw new ValueError({
        what,
        expected: `an out that shares no memory with ${name}`,
        got: 'overlapping arrays',
        todo: `Give another matrix as out, or a copy of ${name}.`,
      });
  }
}

/** The place of the first NaN or ±Infinity; −1 when all values are finite. */
export function firstNotFinite(data: Vector): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] * 0; // 0, or NaN as soon as one value is not finite
  return sum === 0 ? -1 : data.findIndex((value: number) => !Number.isFinite(value));
}

/** NaN and ±Infinity are refused: some routines of LAPACK never return when they meet them. */
export function checkFinite(what: string, name: string, data: Vector): void {
  const at = firstNotFinite(data);
  if (at < 0) return;
  throw new ValueError({
    what,
    expected: `finite values in ${name}`,
    got: `${data[at]} at position ${at}`,
    todo: 'Look where it was made: a division by zero, an overflow, or a diverged training.',
  });
}

export function checkSquare(what: string, A: Matrix): void {
  if (A.rows === A.cols) return;
  throw new ShapeError({
    what,
    expected: 'a square matrix',
    got: shapeText(A.shape),
    todo: 'For a rectangular one there are svd, lstsq and pinv.',
  });
}

/** Square, finite and symmetric up to what half the digits of its precision can tell. */
export function checkSymmetric(what: string, A: Matrix): void {
  checkSquare(what, A);
  checkFinite(what, 'A', A.data);
  const { rows: n, data } = A;
  let scale = 0;
  for (let i = 0; i < data.length; i++) scale = Math.max(scale, Math.abs(data[i]));
  const allowed = scale * (data instanceof Float32Array ? 3e-4 : 1e-6);
  const block = 32;
  for (let i0 = 0; i0 < n; i0 += block)
    for (let j0 = 0; j0 <= i0; j0 += block) {
      const i1 = Math.min(i0 + block, n);
      for (let i = i0; i < i1; i++) {
        const j1 = Math.min(j0 + block, i);
        for (let j = j0; j < j1; j++)
          if (Math.abs(data[i * n + j] - data[j * n + i]) > allowed)
            throw new ValueError({
              what,
              expected: 'a symmetric matrix',
              got: `A[${i}, ${j}] = ${data[i * n + j]} but A[${j}, ${i}] = ${data[j * n + i]}`,
              todo: 'Give (A + Aᵀ)/2 when it is symmetric but for rounding; else it is not a case for this function.',
            });
      }
    }
}
