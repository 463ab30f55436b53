/** The checks at the entry of every element-wise function: lengths fit, and one precision throughout. */

import { ShapeError, ValueError } from '../../errors';
import type { Vector } from '../matrix';

const precision = (v: Vector): string => (v instanceof Float32Array ? 'float32' : 'float64');

/** Throws a ShapeError unless `vector` has `length` entries. */
export function checkLength(what: string, vector: Vector, length: number): void {
  if (vector.length !== length)
    throw new ShapeError({
      what,
      expected: `${length} entries`,
      got: `${vector.length}`,
      todo: 'Give arrays whose lengths fit together.',
    });
}

/** Throws unless `vector` has `length` entries and the precision of `like`. */
export function checkSame(what: string, vector: Vector, length: number, like: Vector): void {
  checkLength(what, vector, length);
  if (vector.BYTES_PER_ELEMENT !== like.BYTES_PER_ELEMENT)
    throw new ValueError({
      what,
      expected: `${precision(like)}, as the other arrays`,
      got: precision(vector),
      todo: 'Convert one of them first: one call works in one precision.',
    });
}
