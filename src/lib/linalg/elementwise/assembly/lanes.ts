/**
 * What every loop of the module shares: powers of two, sums of lanes, and the last, incomplete vector of
 * an array. T is f32 (four lanes) or f64 (two lanes); `sizeof<T>()` is known when the module is built, so each
 * precision gets its own code.
 *
 * Addresses below 4096 belong to the module (the arenas begin there): sixteen 16-byte slots at 1024 hold incomplete
 * vectors. Address 0 means "no such array".
 */

/** Entries in a vector. */
// @ts-expect-error: decorator
@inline
export function lanes<T>(): i32 {
  return 16 / sizeof<T>();
}

/** log₂ of the bytes of an entry. */
// @ts-expect-error: decorator
@inline
export function shift<T>(): usize {
  return sizeof<T>() == 4 ? 2 : 3;
}

/** 2ᵏ from k + MAGIC, for k of a normal power of two. */
// @ts-expect-error: decorator
@inline
export function powerOfTwo<T>(k: v128): v128 {
  return sizeof<T>() == 4
    ? i32x4.shl(i32x4.add(k, i32x4.splat(127)), 23)
    : i64x2.shl(i64x2.add(k, i64x2.splat(1023)), 52);
}

// @ts-expect-error: decorator
@inline
export function signBit<T>(): v128 {
  return sizeof<T>() == 4 ? i32x4.splat(0x80000000) : i64x2.splat(0x8000000000000000);
}

/** The address of incomplete vector number `index`. */
// @ts-expect-error: decorator
@inline
export function slot(index: usize): usize {
  return 1024 + (index << 4);
}

/**
 * Loops write to every output, absent ones included: those to an unused slot, again and again. A store under a
 * condition would cost far more, since V8 computes anew, in each branch, whatever only the branch needs. `from` gives
 * the first address, and offsets into the array are masked with `mask`.
 */
// @ts-ignore: decorator
@inline
export function from(array: usize, absent: usize): usize {
  return array ? array : slot(absent);
}

// @ts-ignore: decorator
@inline
export function mask(array: usize): usize {
  return array ? usize.MAX_VALUE : 0;
}

/** Copies `count` entries from one address to another, an entry at a time. */
export function copy<T>(from: usize, to: usize, count: i32): void {
  for (let i: usize = 0; i < (<usize>count) << shift<T>(); i += sizeof<T>()) store<T>(to + i, load<T>(from + i));
}

/** The last `count` entries at `at`, the other lanes from `rest`. */
// @ts-expect-error: decorator
@inline
export function loadPart<T>(at: usize, count: i32, rest: v128): v128 {
  v128.store(slot(15), rest);
  copy<T>(at, slot(15), count);
  return v128.load(slot(15));
}

/** Stores the first `count` lanes. */
// @ts-expect-error: decorator
@inline
export function storePart<T>(at: usize, count: i32, v: v128): void {
  v128.store(slot(15), v);
  copy<T>(slot(15), at, count);
}

/** The sum of all lanes in f64, pairwise. */
// @ts-expect-error: decorator
@inline
export function total<T>(v: v128): f64 {
  if (sizeof<T>() == 4) {
    const s = wide(v);
    return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  }
  return f64x2.extract_lane(v, 0) + f64x2.extract_lane(v, 1);
}

/** Four f32 lanes added pairwise into two f64 lanes. */
// @ts-expect-error: decorator
@inline
export function wide(v: v128): v128 {
  return f64x2.add(
    f64x2.promote_low_f32x4(v),
    f64x2.promote_low_f32x4(i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)),
  );
}

/** A running sum in f64, whatever the precision of v. */
// @ts-expect-error: decorator
@inline
export function accumulate<T>(sum: v128, v: v128): v128 {
  return f64x2.add(sum, sizeof<T>() == 4 ? wide(v) : v);
}
