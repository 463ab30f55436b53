/**
 * Random bits and uniforms. The bits come from xoroshiro128+ (pure-rand). Its output here is the lower half of a
 * 64-bit sum whose lowest bits are nearly linear in the state, so every word passes through a bijection of 32 bits
 * (the finaliser of MurmurHash3): the distribution of the words stays what it was, and every bit is as good as the
 * best.
 *
 * D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021, section 5.
 * A. Appleby, MurmurHash3 (public domain), fmix32.
 */

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

// Kept as constants: `**` is a call in the loop where they are used.
const STEP_53 = 2 ** -53;
const STEP_52 = 2 ** -52;

/** 32 random bits, as a signed integer. */
export function word(generator: RandomGenerator): number {
  let h = generator.next();
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * The upper 26 and 27 bits of two words, as a number of [0, 1) with 53 bits; the lower 6 of `high` and the lower 5
 * of `low` stay free. (Both parts fit in 31 bits: with larger ones the arithmetic is six times slower in V8.)
 */
export function unit(high: number, low: number): number {
  return ((high >>> 6) * 0x8000000 + (low >>> 5)) * STEP_53;
}

/** A uniform number strictly between 0 and 1: (k + ½)/2⁵², so that its logarithm and its tangent are finite. */
export function openUniform(generator: RandomGenerator): number {
  const high = word(generator) >>> 6;
  const low = word(generator) >>> 6;
  return (high * 0x4000000 + low + 0.5) * STEP_52;
}
