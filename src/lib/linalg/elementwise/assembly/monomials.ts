/** Rows of monomials, each the product of an earlier one and a variable (see ../monomials.ts). */

import { lanes, shift } from './lanes';

/** `plan`: segments × (variable, first, count) in T; `constant`: whether a row begins with a 1. */
export function monomials<T>(
  X: usize, rows: i32, features: i32, plan: usize, segments: i32, constant: i32, terms: i32, out: usize,
): void {
  const wide = (<usize>features) << shift<T>();
  const stride = (<usize>terms) << shift<T>();
  for (let r = 0; r < rows; r++) {
    let o = out;
    if (constant) {
      store<T>(o, <T>1);
      o += sizeof<T>();
    }
    for (let i: usize = 0; i < wide; i += sizeof<T>()) store<T>(o + i, load<T>(X + i));
    o += wide;
    let segment = plan;
    for (let k = 0; k < segments; k++) {
      const value = load<T>(X + ((<usize>load<T>(segment)) << shift<T>()));
      const parents = out + ((<usize>load<T>(segment, sizeof<T>())) << shift<T>());
      const count = <i32>load<T>(segment, 2 * sizeof<T>());
      segment += 3 * sizeof<T>();
      const factor = v128.splat<T>(value);
      const body = (<usize>(count & ~(lanes<T>() - 1))) << shift<T>();
      const end = (<usize>count) << shift<T>();
      let i: usize = 0;
      for (; i < body; i += 16) v128.store(o + i, v128.mul<T>(factor, v128.load(parents + i)));
      for (; i < end; i += sizeof<T>()) store<T>(o + i, value * load<T>(parents + i));
      o += end;
    }
    X += wide;
    out += stride;
  }
}
