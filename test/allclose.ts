/**
 * The matcher that numerical tests speak: `expect(a).toBeAllclose(b, { rtol, atol })`, numpy's rule
 * |a − b| ≤ atol + rtol·|b| for every entry. Numbers, typed arrays, nested arrays and matrices may be mixed.
 */
import { expect } from 'vitest';
import { Matrix } from '../src/lib/linalg/matrix';

type Values = number | Matrix | ArrayLike<number> | readonly ArrayLike<number>[];
interface Tolerance {
  rtol?: number;
  atol?: number;
}

const flat = (v: Values): number[] =>
  typeof v === 'number'
    ? [v]
    : v instanceof Matrix
      ? Array.from(v.data)
      : Array.from(v as ArrayLike<number | ArrayLike<number>>).flatMap((x) => flat(x as Values));

expect.extend({
  toBeAllclose(received: Values, expected: Values, { rtol = 1e-7, atol = 0 }: Tolerance = {}) {
    const a = flat(received);
    const b = flat(expected);
    if (a.length !== b.length)
      return { pass: false, message: () => `lengths differ: ${a.length} and ${b.length}` };
    let worst = -1;
    let excess = 0;
    for (let i = 0; i < a.length; i++) {
      const over = Math.abs(a[i] - b[i]) / (atol + rtol * Math.abs(b[i]) || Number.MIN_VALUE);
      if (a[i] !== b[i] && !(over <= 1) && !(over <= excess)) {
        excess = over;
        worst = i;
      }
    }
    return {
      pass: worst < 0,
      message: () =>
        worst < 0
          ? `every entry is within rtol ${rtol}, atol ${atol}`
          : `entry ${worst} of ${a.length}: ${a[worst]} against ${b[worst]} (difference ${Math.abs(a[worst] - b[worst])}, rtol ${rtol}, atol ${atol})`,
    };
  },
});

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the parameter's default is vitest's own
  interface Matchers<T = any> {
    toBeAllclose(expected: Values, tolerance?: Tolerance): T;
  }
}
