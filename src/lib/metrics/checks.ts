/**
 * What every metric asks of its numbers before it computes: enough of them, as many on one side as on the other,
 * and none that is NaN (or infinite, where only ranks would make sense of it).
 */

import { ShapeError, ValueError } from '../errors';

/** Throws a ValueError that names the first NaN, a ShapeError when there are fewer than `least` values. */
export function checkNumbers(what: string, values: ArrayLike<number>, least: number): void {
  if (!(values.length >= least))
    throw new ShapeError({
      what,
      expected: `at least ${least} value${least === 1 ? '' : 's'}`,
      got: String(values.length),
      todo: 'Give more data.',
    });
  for (let i = 0; i < values.length; i++)
    if (Number.isNaN(values[i])) throw notANumber(what, i, 'numbers', values[i]);
}

/** `checkNumbers`, and no value may be infinite. */
export function checkFinite(what: string, values: ArrayLike<number>, least: number): void {
  checkNumbers(what, values, least);
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) throw notANumber(what, i, 'finite numbers', values[i]);
}

/** Throws a ShapeError when two lengths differ. */
export function checkSameLength(what: string, a: ArrayLike<unknown>, b: ArrayLike<unknown>): void {
  if (a.length === b.length) return;
  throw new ShapeError({
    what,
    expected: 'as many values on both sides',
    got: `${a.length} and ${b.length}`,
    todo: 'Entry i of both must belong to the same example.',
  });
}

function notANumber(what: string, index: number, expected: string, got: number): ValueError {
  return new ValueError({
    what: `${what}, value ${index}`,
    expected,
    got: String(got),
    todo: 'Look for an overflow or a division by zero where these values were made.',
  });
}
