/**
 * Constants, in the memory of the module. A vector constant written in the code is put together by three
 * instructions wherever it is used (V8), one in memory is loaded into all lanes by one: a quarter to a half of the
 * time of these loops. Each table has one entry for f32 and one for f64.
 */

const SINGLE: usize = memory.data<f32>(
  [
    1.0, 2.0, 0.5, -2.0,
    12582912.0, 1.4426950408889634, 0.693359375, -2.1219444e-4, -87.0, -105.0, 89.0, 100.0, -60.0,
    1.1754943508222875e-38, 33554432.0, 25.0, 87.0,
  ],
  16,
);
const DOUBLE: usize = memory.data<f64>(
  [
    1.0, 2.0, 0.5, -2.0,
    6755399441055744.0, 1.4426950408889634, 6.9314718036912381649e-1, 1.90821492927058770002e-10, -708.0, -747.0, 710.0, 100.0, -60.0,
    2.2250738585072014e-308, 18014398509481984.0, 54.0, 708.0,
  ],
  16,
);
export const ONE: usize = 0;
export const TWO: usize = 1;
export const HALF: usize = 2;
export const MINUS_TWO: usize = 3;
/**
 * Adding this rounds |x| < 2²² (2⁵¹) to a whole number, which then stands in the low bits of the sum; subtracting it
 * again gives that number.
 */
export const MAGIC: usize = 4;
/** 1 / ln 2. */
export const LOG2E: usize = 5;
/** ln 2 in two parts: a multiple of the first by any exponent is exact. */
export const LN2_HIGH: usize = 6;
export const LN2_LOW: usize = 7;
/** From here up eˣ is a normal number. */
export const LOWEST: usize = 8;
/** Below, eˣ is 0; above the next, Infinity. */
export const UNDERFLOW: usize = 9;
export const OVERFLOW: usize = 10;
/** From this k on 2⁻ᵏ does not count beside 1, but is a normal number. */
export const NEGLIGIBLE: usize = 11;
/** Below, eˣ − 1 is −1. */
export const MINUS_ONE_BELOW: usize = 12;
/** The least normal number, the power of two that lifts denormals above it, and its exponent. */
export const LEAST_NORMAL: usize = 13;
export const LIFT: usize = 14;
export const LIFT_EXPONENT: usize = 15;
/** Up to here eˣ is finite, and 2/eˣ is a normal number. */
export const HIGHEST: usize = 16;

/** Constant number `index` in every lane. */
// @ts-ignore: decorator
@inline
export function K<T>(index: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(SINGLE + (index << 2)) : v128.load64_splat(DOUBLE + (index << 3));
}

/** eʳ − 1 = r + r² Σ q_i rⁱ for |r| ≤ ln 2 / 2. */
const EXPM1_SINGLE: usize = memory.data<f32>([
  0.5, 0.1666666716337204, 0.041666463017463684, 0.00833331048488617, 0.0013933659065514803,
  0.00019891001284122467,
]);
const EXPM1_DOUBLE: usize = memory.data<f64>([
  0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326129, 0.0013888888888883744,
  0.00019841269874840768, 2.4801587325562125e-5, 2.7557255374658744e-6, 2.755727362486648e-7,
  2.510522763655176e-8, 2.0914694560351592e-9,
]);

/** ln(1 + E) = S + S Σ q_i S^{2(i+1)}, S = 2E / (2 + E), for 0 ≤ E ≤ 1. */
const UNIT_SINGLE: usize = memory.data<f32>([
  0.6666666865348816 / 8, 0.3999970555305481 / 32, 0.2859242558479309 / 128, 0.21705427765846252 / 512,
  0.23230256140232086 / 2048,
]);
const UNIT_DOUBLE: usize = memory.data<f64>([
  0.6666666666666666 / 8, 0.40000000000014724 / 32, 0.28571428567071666 / 128, 0.22222222721178223 / 512,
  0.18181789247591537 / 2048, 0.15385575355515838 / 8192, 0.13314057480122862 / 32768,
  0.12001897520703772 / 131072, 0.08796527026674057 / 524288, 0.16172973765164872 / 2097152,
]);

/** ln(1 + f) = 2s + s Σ q_i s^{2(i+1)}, s = f / (2 + f), for √½ ≤ 1 + f ≤ √2. */
const LOG_SINGLE: usize = memory.data<f32>([0.6666668653488159, 0.39988550543785095, 0.29590317606925964]);
const LOG_DOUBLE: usize = memory.data<f64>([
  0.666666666666667, 0.3999999999989322, 0.28571428628810996, 0.22222210674238516, 0.18182922513515942,
  0.15330617306743305, 0.1463003136412286,
]);

/** Coefficient i of a table. */
// @ts-ignore: decorator
@inline
function q<T>(table: usize, i: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(table + (i << 2)) : v128.load64_splat(table + (i << 3));
}

/** p x + q_i. */
// @ts-ignore: decorator
@inline
function horner<T>(p: v128, x: v128, table: usize, i: usize): v128 {
  return v128.add<T>(v128.mul<T>(p, x), q<T>(table, i));
}

/** Σ q_i rⁱ of eʳ − 1: even and odd powers side by side, half the latency. */
// @ts-ignore: decorator
@inline
export function expm1Polynomial<T>(r: v128, r2: v128): v128 {
  let even: v128;
  let odd: v128;
  if (sizeof<T>() == 4) {
    odd = horner<T>(q<T>(EXPM1_SINGLE, 5), r2, EXPM1_SINGLE, 3);
    odd = horner<T>(odd, r2, EXPM1_SINGLE, 1);
    even = horner<T>(q<T>(EXPM1_SINGLE, 4), r2, EXPM1_SINGLE, 2);
    even = horner<T>(even, r2, EXPM1_SINGLE, 0);
  } else {
    odd = horner<T>(q<T>(EXPM1_DOUBLE, 9), r2, EXPM1_DOUBLE, 7);
    odd = horner<T>(odd, r2, EXPM1_DOUBLE, 5);
    odd = horner<T>(odd, r2, EXPM1_DOUBLE, 3);
    odd = horner<T>(odd, r2, EXPM1_DOUBLE, 1);
    even = horner<T>(q<T>(EXPM1_DOUBLE, 10), r2, EXPM1_DOUBLE, 8);
    even = horner<T>(even, r2, EXPM1_DOUBLE, 6);
    even = horner<T>(even, r2, EXPM1_DOUBLE, 4);
    even = horner<T>(even, r2, EXPM1_DOUBLE, 2);
    even = horner<T>(even, r2, EXPM1_DOUBLE, 0);
  }
  return v128.add<T>(even, v128.mul<T>(odd, r));
}

/** Σ q_i wⁱ of ln(1 + E), w = S². */
// @ts-ignore: decorator
@inline
export function unitPolynomial<T>(w: v128): v128 {
  const w2 = v128.mul<T>(w, w);
  let even: v128;
  let odd: v128;
  if (sizeof<T>() == 4) {
    even = horner<T>(q<T>(UNIT_SINGLE, 4), w2, UNIT_SINGLE, 2);
    even = horner<T>(even, w2, UNIT_SINGLE, 0);
    odd = horner<T>(q<T>(UNIT_SINGLE, 3), w2, UNIT_SINGLE, 1);
  } else {
    even = horner<T>(q<T>(UNIT_DOUBLE, 8), w2, UNIT_DOUBLE, 6);
    even = horner<T>(even, w2, UNIT_DOUBLE, 4);
    even = horner<T>(even, w2, UNIT_DOUBLE, 2);
    even = horner<T>(even, w2, UNIT_DOUBLE, 0);
    odd = horner<T>(q<T>(UNIT_DOUBLE, 9), w2, UNIT_DOUBLE, 7);
    odd = horner<T>(odd, w2, UNIT_DOUBLE, 5);
    odd = horner<T>(odd, w2, UNIT_DOUBLE, 3);
    odd = horner<T>(odd, w2, UNIT_DOUBLE, 1);
  }
  return v128.add<T>(even, v128.mul<T>(odd, w));
}

/** Σ q_i wⁱ of ln(1 + f), w = s². */
// @ts-ignore: decorator
@inline
export function logPolynomial<T>(w: v128): v128 {
  if (sizeof<T>() == 4)
    return horner<T>(horner<T>(q<T>(LOG_SINGLE, 2), w, LOG_SINGLE, 1), w, LOG_SINGLE, 0);
  const w2 = v128.mul<T>(w, w);
  let even = horner<T>(q<T>(LOG_DOUBLE, 6), w2, LOG_DOUBLE, 4);
  even = horner<T>(even, w2, LOG_DOUBLE, 2);
  even = horner<T>(even, w2, LOG_DOUBLE, 0);
  let odd = horner<T>(q<T>(LOG_DOUBLE, 5), w2, LOG_DOUBLE, 3);
  odd = horner<T>(odd, w2, LOG_DOUBLE, 1);
  return v128.add<T>(even, v128.mul<T>(odd, w));
}
