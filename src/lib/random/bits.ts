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

/** A stream of random bits, as words and as uniform numbers. (Methods: calls within one object are inlined.) */
export class Bits {
  private readonly generator: RandomGenerator;

  constructor(generator: RandomGenerator) {
    this.generator = generator;
  }

  /** 32 random bits, as a signed integer. */
  word(): number {
    let h = this.generator.next();
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return h ^ (h >>> 16);
  }

  /** A number of [0, 1) with 53 bits. */
  unit(): number {
    const high = this.word() >>> 6;
    return (high * 0x8000000 + (this.word() >>> 5)) * STEP_53;
  }

  /** A uniform number strictly between 0 and 1: (k + ½)/2⁵², so that its logarithm and its tangent are finite. */
  openUnit(): number {
    const high = this.word() >>> 6;
    return (high * 0x4000000 + (this.word() >>> 6) + 0.5) * STEP_52;
  }

  /** The four integers of the generator's state. */
  state(): number[] {
    return [...this.generator.getState()];
  }
}
