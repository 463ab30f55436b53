/**
 * How a value crosses between a thread and its caller. Structured clone copies typed arrays and plain objects, but makes a
 * plain object of a Matrix, and of a view of a large array it copies all of the array: so matrices go as their parts,
 * and views as arrays of their own.
 */

import { Matrix, type Vector } from '../linalg/matrix';
import { isPlain } from './canonical';

/** Where a matrix was. */
interface PackedMatrix {
  readonly $matrix: readonly [rows: number, cols: number, data: Vector];
}

/** The value, with matrices anywhere in its plain objects and arrays as their parts. */
export function packedValue(value: unknown): unknown {
  if (value instanceof Matrix) return { $matrix: [value.rows, value.cols, own(value.data)] };
  if (ArrayBuffer.isView(value)) return value instanceof DataView ? value : own(value as Vector);
  return mapped(value, packedValue);
}

/** What `packedValue` was given, copied. */
export function unpackedValue(value: unknown): unknown {
  const matrix = (value as PackedMatrix | undefined)?.$matrix;
  return matrix ? new Matrix(...matrix) : mapped(value, unpackedValue);
}

const own = (view: Vector): Vector => (view.byteLength === view.buffer.byteLength ? view : view.slice());

/** Plain objects and arrays with `change` applied to what they hold; anything else as it is. */
function mapped(value: unknown, change: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(change);
  if (!isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
}
