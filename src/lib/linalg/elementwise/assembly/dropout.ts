/**
 * The mask of a dropout, by Philox 4×32 with 7 rounds, the least number that passes TestU01's BigCrush: its words
 * depend on key and counter alone, so four counters go side by side in the lanes, and any part of a mask can be made
 * without what comes before it. An entry takes 16 bits.
 *
 * J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */

import { copy, shift, slot } from './lanes';

/** The upper halves of four 64-bit products. */
// @ts-expect-error: decorator
@inline
function upper(low: v128, high: v128): v128 {
  return i8x16.shuffle(low, high, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

/** Eight entries: 0 where the half word is below the limit. */
// @ts-expect-error: decorator
@inline
function eight<T>(at: usize, words: v128, limit: v128, kept: v128): void {
  const drop = i16x8.gt_s(limit, words);
  const low = i32x4.extend_low_i16x8_s(drop);
  const high = i32x4.extend_high_i16x8_s(drop);
  if (sizeof<T>() == 4) {
    v128.store(at, v128.andnot(kept, low));
    v128.store(at, v128.andnot(kept, high), 16);
  } else {
    v128.store(at, v128.andnot(kept, i64x2.extend_low_i32x4_s(low)));
    v128.store(at, v128.andnot(kept, i64x2.extend_high_i32x4_s(low)), 16);
    v128.store(at, v128.andnot(kept, i64x2.extend_low_i32x4_s(high)), 32);
    v128.store(at, v128.andnot(kept, i64x2.extend_high_i32x4_s(high)), 48);
  }
}

/**
 * out_k = 0 where the 16 bits of entry k, as a number of −32768 … 32767, are below `limit`, else `kept`. Entry
 * 32 b + 8 j + 2 l + h takes half h (the lower first) of word j of the counter (first + 4 b + l, 0, c2, c3) under the
 * key (k0, k1).
 */
export function mask<T>(
  out: usize, kept: f64, limit: i32, k0: i32, k1: i32, c2: i32, c3: i32, first: i32, n: i32,
): void {
  const value = v128.splat<T>(<T>kept);
  const below = i16x8.splat(<i16>limit);
  const M0 = i32x4.splat(0xd2511f53);
  const M1 = i32x4.splat(0xcd9e8d57);
  const size = (<usize>8) << shift<T>();
  let counter = i32x4.add(i32x4(0, 1, 2, 3), i32x4.splat(first));
  for (let k = 0; k < n; k += 32) {
    let x0 = counter;
    let x1 = i32x4.splat(0);
    let x2 = i32x4.splat(c2);
    let x3 = i32x4.splat(c3);
    let a = k0;
    let b = k1;
    for (let round = 0; round < 7; round++) {
      const h0 = upper(i64x2.extmul_low_i32x4_u(x0, M0), i64x2.extmul_high_i32x4_u(x0, M0));
      const h1 = upper(i64x2.extmul_low_i32x4_u(x2, M1), i64x2.extmul_high_i32x4_u(x2, M1));
      const l0 = i32x4.mul(x0, M0);
      const l1 = i32x4.mul(x2, M1);
      x0 = v128.xor(v128.xor(h1, x1), i32x4.splat(a));
      x1 = l1;
      x2 = v128.xor(v128.xor(h0, x3), i32x4.splat(b));
      x3 = l0;
      a += 0x9e3779b9;
      b += 0xbb67ae85;
    }
    const whole = k + 32 <= n;
    const at = whole ? out : slot(0);
    eight<T>(at, x0, below, value);
    eight<T>(at + size, x1, below, value);
    eight<T>(at + 2 * size, x2, below, value);
    eight<T>(at + 3 * size, x3, below, value);
    if (!whole) copy<T>(at, out, n - k);
    out += 4 * size;
    counter = i32x4.add(counter, i32x4.splat(4));
  }
}
