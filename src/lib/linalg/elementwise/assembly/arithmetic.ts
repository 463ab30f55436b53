/**
 * Arithmetic of vectors, their reductions, and the loops of kernels over Gram matrices. Reductions of f32 are
 * accumulated in f64.
 */

import { sigmoid, softplus, tanh } from './activation';
import { exp, expm1, log, log1p } from './exponential';
import { accumulate, lanes, loadPart, shift, slot } from './lanes';

export const ADD = 0;
export const SUB = 1;
export const MUL = 2;

// @ts-expect-error: decorator
@inline
function binaryLoop<T>(op: i32, x: usize, y: usize, out: usize, n: i32): void {
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  let i: usize = 0;
  for (; i < body; i += 16) {
    const a = v128.load(x + i);
    const b = v128.load(y + i);
    v128.store(out + i, op == ADD ? v128.add<T>(a, b) : op == SUB ? v128.sub<T>(a, b) : v128.mul<T>(a, b));
  }
  for (; i < end; i += sizeof<T>()) {
    const a = load<T>(x + i);
    const b = load<T>(y + i);
    store<T>(out + i, op == ADD ? a + b : op == SUB ? a - b : a * b);
  }
}

export function binary<T>(op: i32, x: usize, y: usize, out: usize, n: i32): void {
  if (op == ADD) binaryLoop<T>(ADD, x, y, out, n);
  else if (op == SUB) binaryLoop<T>(SUB, x, y, out, n);
  else binaryLoop<T>(MUL, x, y, out, n);
}

/** out = alpha x + shift. */
export function scale<T>(alpha: f64, x: usize, out: usize, offset: f64, n: i32): void {
  const a = v128.splat<T>(<T>alpha);
  const b = v128.splat<T>(<T>offset);
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  let i: usize = 0;
  // Without an offset no addition: −0 + 0 is not −0.
  if (offset == 0) {
    for (; i < body; i += 16) v128.store(out + i, v128.mul<T>(a, v128.load(x + i)));
    for (; i < end; i += sizeof<T>()) store<T>(out + i, <T>alpha * load<T>(x + i));
  } else {
    for (; i < body; i += 16) v128.store(out + i, v128.add<T>(v128.mul<T>(a, v128.load(x + i)), b));
    for (; i < end; i += sizeof<T>()) store<T>(out + i, <T>alpha * load<T>(x + i) + <T>offset);
  }
}

/** out = x ∘ y + z. */
export function multiplyAdd<T>(x: usize, y: usize, z: usize, out: usize, n: i32): void {
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  let i: usize = 0;
  for (; i < body; i += 16)
    v128.store(out + i, v128.add<T>(v128.mul<T>(v128.load(x + i), v128.load(y + i)), v128.load(z + i)));
  for (; i < end; i += sizeof<T>()) store<T>(out + i, load<T>(x + i) * load<T>(y + i) + load<T>(z + i));
}

/** y = y + alpha x. */
export function axpy<T>(alpha: f64, x: usize, y: usize, n: i32): void {
  const a = v128.splat<T>(<T>alpha);
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  let i: usize = 0;
  for (; i < body; i += 16)
    v128.store(y + i, v128.add<T>(v128.load(y + i), v128.mul<T>(a, v128.load(x + i))));
  for (; i < end; i += sizeof<T>()) store<T>(y + i, load<T>(y + i) + <T>alpha * load<T>(x + i));
}

/** The product of four f32 pairs is exact in f64: both halves are promoted before it. */
// @ts-expect-error: decorator
@inline
export function products<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 4) {
    const high = f64x2.mul(
      f64x2.promote_low_f32x4(i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)),
      f64x2.promote_low_f32x4(i8x16.shuffle(b, b, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)),
    );
    return f64x2.add(f64x2.mul(f64x2.promote_low_f32x4(a), f64x2.promote_low_f32x4(b)), high);
  }
  return f64x2.mul(a, b);
}

export function dot<T>(x: usize, y: usize, n: i32): f64 {
  const body = (<usize>(n & ~(4 * lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let i: usize = 0;
  for (; i < body; i += 64) {
    s0 = f64x2.add(s0, products<T>(v128.load(x + i), v128.load(y + i)));
    s1 = f64x2.add(s1, products<T>(v128.load(x + i, 16), v128.load(y + i, 16)));
    s2 = f64x2.add(s2, products<T>(v128.load(x + i, 32), v128.load(y + i, 32)));
    s3 = f64x2.add(s3, products<T>(v128.load(x + i, 48), v128.load(y + i, 48)));
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; i < end; i += sizeof<T>()) sum += <f64>load<T>(x + i) * <f64>load<T>(y + i);
  return sum;
}

export function sum<T>(x: usize, n: i32): f64 {
  const body = (<usize>(n & ~(4 * lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let i: usize = 0;
  for (; i < body; i += 64) {
    s0 = accumulate<T>(s0, v128.load(x + i));
    s1 = accumulate<T>(s1, v128.load(x + i, 16));
    s2 = accumulate<T>(s2, v128.load(x + i, 32));
    s3 = accumulate<T>(s3, v128.load(x + i, 48));
  }
  const s = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let total = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  for (; i < end; i += sizeof<T>()) total += <f64>load<T>(x + i);
  return total;
}

/** −Infinity for no entries; `max` of the lanes keeps a NaN. */
export function max<T>(x: usize, n: i32): f64 {
  const count = n & ~(lanes<T>() - 1);
  const body = (<usize>count) << shift<T>();
  let m = v128.splat<T>(<T>-Infinity);
  for (let i: usize = 0; i < body; i += 16) m = v128.max<T>(m, v128.load(x + i));
  if (n > count) m = v128.max<T>(m, loadPart<T>(x + body, n - count, v128.splat<T>(<T>-Infinity)));
  v128.store(slot(6), m);
  let y = <f64>load<T>(slot(6));
  for (let i: usize = sizeof<T>(); i < 16; i += sizeof<T>()) y = f64.max(y, <f64>load<T>(slot(6) + i));
  return y;
}

/** out (+)= alpha (A + c₁) ∘ (B + c₂). */
// @ts-expect-error: decorator
@inline
function hadamardLoop<T>(more: bool, A: usize, B: usize, out: usize, alpha: f64, c1: f64, c2: f64, n: i32): void {
  const al = v128.splat<T>(<T>alpha);
  const s1 = v128.splat<T>(<T>c1);
  const s2 = v128.splat<T>(<T>c2);
  const body = (<usize>(n & ~(lanes<T>() - 1))) << shift<T>();
  const end = (<usize>n) << shift<T>();
  let i: usize = 0;
  for (; i < body; i += 16) {
    const a = v128.mul<T>(al, v128.add<T>(v128.load(A + i), s1));
    const y = v128.mul<T>(a, v128.add<T>(v128.load(B + i), s2));
    v128.store(out + i, more ? v128.add<T>(v128.load(out + i), y) : y);
  }
  for (; i < end; i += sizeof<T>()) {
    const y = <T>alpha * (load<T>(A + i) + <T>c1) * (load<T>(B + i) + <T>c2);
    store<T>(out + i, more ? load<T>(out + i) + y : y);
  }
}

export function hadamard<T>(
  A: usize, B: usize, out: usize, alpha: f64, c1: f64, c2: f64, more: i32, n: i32,
): void {
  if (more) hadamardLoop<T>(true, A, B, out, alpha, c1, c2, n);
  else hadamardLoop<T>(false, A, B, out, alpha, c1, c2, n);
}

/** One row: K_j ← factor K_j / √(a b_j), and 0 where a b_j is 0. */
export function cosineRow<T>(row: usize, b: usize, a: f64, factor: f64, n: i32): void {
  const av = v128.splat<T>(<T>a);
  const fv = v128.splat<T>(<T>factor);
  const count = n & ~(lanes<T>() - 1);
  const body = (<usize>count) << shift<T>();
  for (let i: usize = 0; i < body; i += 16) {
    const ab = v128.mul<T>(av, v128.load(b + i));
    const y = v128.div<T>(v128.mul<T>(fv, v128.load(row + i)), v128.sqrt<T>(ab));
    v128.store(row + i, v128.andnot(y, v128.eq<T>(ab, v128.splat<T>(0))));
  }
  for (let i: usize = body; i < (<usize>n) << shift<T>(); i += sizeof<T>()) {
    const ab = <T>a * load<T>(b + i);
    store<T>(row + i, ab == 0 ? <T>0 : (<T>factor * load<T>(row + i)) / sqrt<T>(ab));
  }
}

/** out_i = beta out_i + alpha Σ_j A_ij B_ij. */
export function rowDots<T>(
  A: usize, B: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64,
): void {
  const width = (<usize>cols) << shift<T>();
  for (let i = 0; i < rows; i++) {
    const y = alpha * dot<T>(A, B, cols);
    store<T>(out, <T>(beta == 0 ? y : y + beta * <f64>load<T>(out)));
    A += width;
    B += width;
    out += sizeof<T>();
  }
}
