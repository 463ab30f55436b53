/**
 * Exponential and logarithm of all lanes at once, with the classical reductions (Cody & Waite 1980; the arrangement
 * of the logarithms is fdlibm's): eˣ = 2ᵏ eʳ with |r| ≤ ln 2 / 2; ln x = k ln 2 + ln(1 + f) with 1 + f in [√½, √2].
 * The polynomials interpolate at Chebyshev nodes (relative error below 2e-9 in f32, 5e-18 in f64). No branches: what
 * is special is chosen lane by lane at the end.
 */

import {
  expm1Polynomial,
  HALF,
  K,
  LEAST_NORMAL,
  LIFT,
  LIFT_EXPONENT,
  LN2_HIGH,
  LN2_LOW,
  LOG2E,
  logPolynomial,
  MAGIC,
  MINUS_ONE_BELOW,
  NEGLIGIBLE,
  ONE,
  OVERFLOW,
  TWO,
  UNDERFLOW,
  unitPolynomial,
} from './constants';
import { powerOfTwo, signBit } from './lanes';

/** x / ln 2 rounded, plus MAGIC. */
// @ts-expect-error: decorator
@inline
export function exponent<T>(x: v128): v128 {
  return v128.add<T>(v128.mul<T>(x, K<T>(LOG2E)), K<T>(MAGIC));
}

/** eʳ − 1 with r = x − k ln 2, ln 2 in two parts so that k times the first is exact. */
// @ts-expect-error: decorator
@inline
export function mantissaM1<T>(x: v128, k: v128): v128 {
  const high = v128.sub<T>(x, v128.mul<T>(k, K<T>(LN2_HIGH)));
  const r = v128.sub<T>(high, v128.mul<T>(k, K<T>(LN2_LOW)));
  const r2 = v128.mul<T>(r, r);
  return v128.add<T>(v128.mul<T>(expm1Polynomial<T>(r, r2), r2), r);
}

/** eˣ over the whole range, denormal results included. */
// @ts-expect-error: decorator
@inline
export function exp<T>(v: v128): v128 {
  // In this order of arguments a NaN stays.
  const x = v128.pmin<T>(
    v128.pmax<T>(v, K<T>(UNDERFLOW)),
    K<T>(OVERFLOW),
  );
  const k = v128.sub<T>(exponent<T>(x), K<T>(MAGIC));
  const m = v128.add<T>(mantissaM1<T>(x, k), K<T>(ONE));
  // 2ᵏ itself may be no normal number, its square root is; the last product rounds once.
  const half = v128.add<T>(v128.mul<T>(k, K<T>(HALF)), K<T>(MAGIC));
  const rest = v128.add<T>(v128.sub<T>(k, v128.sub<T>(half, K<T>(MAGIC))), K<T>(MAGIC));
  return v128.mul<T>(v128.mul<T>(m, powerOfTwo<T>(half)), powerOfTwo<T>(rest));
}

/** eˣ − 1 over the whole range. */
// @ts-expect-error: decorator
@inline
export function expm1<T>(v: v128): v128 {
  const x = v128.pmin<T>(v128.pmax<T>(v, K<T>(MINUS_ONE_BELOW)), K<T>(OVERFLOW));
  const k = v128.sub<T>(exponent<T>(x), K<T>(MAGIC));
  const p = mantissaM1<T>(x, k);
  // (p + 1 − 2⁻ᵏ) 2ᵏ; from k = 100 on 2⁻ᵏ no longer counts.
  const inverse = powerOfTwo<T>(v128.sub<T>(K<T>(MAGIC), v128.pmin<T>(k, K<T>(NEGLIGIBLE))));
  const m = v128.add<T>(p, v128.sub<T>(K<T>(ONE), inverse));
  const half = v128.add<T>(v128.mul<T>(k, K<T>(HALF)), K<T>(MAGIC));
  const rest = v128.add<T>(v128.sub<T>(k, v128.sub<T>(half, K<T>(MAGIC))), K<T>(MAGIC));
  const y = v128.mul<T>(v128.mul<T>(m, powerOfTwo<T>(half)), powerOfTwo<T>(rest));
  return v128.or(y, v128.and(v, signBit<T>()));
}

/** ln(1 + E) for 0 ≤ E ≤ 1: the series of the area tangent in S = 2E / (2 + E). */
// @ts-expect-error: decorator
@inline
export function log1pUnit<T>(E: v128): v128 {
  const S = v128.div<T>(v128.add<T>(E, E), v128.add<T>(E, K<T>(TWO)));
  const w = v128.mul<T>(S, S);
  return v128.add<T>(S, v128.mul<T>(S, v128.mul<T>(w, unitPolynomial<T>(w))));
}

/** ln(u) + c for positive normal or denormal u; c is a correction far below u's last place. */
// @ts-expect-error: decorator
@inline
function logNormal<T>(u: v128, c: v128): v128 {
  const tiny = v128.lt<T>(u, K<T>(LEAST_NORMAL));
  const x = v128.bitselect(v128.mul<T>(u, K<T>(LIFT)), u, tiny);
  let k: v128;
  let m: v128;
  if (sizeof<T>() == 4) {
    // √½ as an integer; what is above it in the exponent is k.
    const i = i32x4.add(x, i32x4.splat(0x3f800000 - 0x3f3504f3));
    k = f32x4.convert_i32x4_s(i32x4.sub(i32x4.shr_s(i, 23), i32x4.splat(127)));
    m = i32x4.add(v128.and(i, i32x4.splat(0x007fffff)), i32x4.splat(0x3f3504f3));
  } else {
    const i = i64x2.add(x, i64x2.splat(0x3ff0000000000000 - 0x3fe6a09e667f3bcd));
    // Through the low bits of magic: there is no conversion of 64-bit integers.
    const biased = v128.or(i64x2.shr_u(i, 52), f64x2.splat(4503599627370496.0));
    k = v128.sub<T>(biased, f64x2.splat(4503599627370496.0 + 1023));
    m = i64x2.add(v128.and(i, i64x2.splat(0x000fffffffffffff)), i64x2.splat(0x3fe6a09e667f3bcd));
  }
  k = v128.sub<T>(k, v128.and(tiny, K<T>(LIFT_EXPONENT)));
  const f = v128.sub<T>(m, K<T>(ONE));
  const s = v128.div<T>(f, v128.add<T>(f, K<T>(TWO)));
  const w = v128.mul<T>(s, s);
  const R = v128.mul<T>(w, logPolynomial<T>(w));
  const square = v128.mul<T>(K<T>(HALF), v128.mul<T>(f, f));
  // k·high − ((f²/2 − (s (f²/2 + R) + (k·low + c))) − f)
  const small = v128.add<T>(
    v128.mul<T>(s, v128.add<T>(square, R)),
    v128.add<T>(v128.mul<T>(k, K<T>(LN2_LOW)), c),
  );
  return v128.sub<T>(v128.mul<T>(k, K<T>(LN2_HIGH)), v128.sub<T>(v128.sub<T>(square, small), f));
}

/** Puts in what ln u is at 0, at Infinity, below 0 and at NaN. */
// @ts-expect-error: decorator
@inline
function logEnds<T>(u: v128, y: v128): v128 {
  const infinite = v128.eq<T>(u, v128.splat<T>(<T>Infinity));
  let z = v128.bitselect(u, y, infinite);
  z = v128.bitselect(v128.splat<T>(<T>-Infinity), z, v128.eq<T>(u, v128.splat<T>(0)));
  // Not u ≥ 0: negative, or NaN.
  return v128.or(z, v128.not(v128.ge<T>(u, v128.splat<T>(0))));
}

/** ln x. */
// @ts-expect-error: decorator
@inline
export function log<T>(v: v128): v128 {
  return logEnds<T>(v, logNormal<T>(v, v128.splat<T>(0)));
}

/** ln(1 + x): u = 1 + x rounded, and what the rounding lost, over u. */
// @ts-expect-error: decorator
@inline
export function log1p<T>(v: v128): v128 {
  const one = K<T>(ONE);
  const u = v128.add<T>(v, one);
  const lost = v128.bitselect(
    v128.sub<T>(v, v128.sub<T>(u, one)),
    v128.sub<T>(one, v128.sub<T>(u, v)),
    v128.lt<T>(v, one),
  );
  const y = logEnds<T>(u, logNormal<T>(u, v128.div<T>(lost, u)));
  // The result has the sign of x: keeps −0 (and changes no NaN into a number).
  return v128.or(y, v128.and(v, signBit<T>()));
}
