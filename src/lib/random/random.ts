/**
 * Seeded random numbers. A generator is made from a seed and passed along; nothing reads a global one, so that a
 * result is a function of its arguments. The digits repeat for equal seeds on any machine whose `Math.log` and
 * `Math.exp` agree (they do in Node).
 *
 * The state of xoroshiro128+ is the first 128 bits of SHA-256 over the seed and the names of the streams that lead
 * to the generator: near seeds are as unlike as far ones, and streams of different names are independent of each
 * other and of how much their parent has drawn (two streams of 2⁴⁰ words overlap with probability below 2⁻⁸⁶).
 */

import { hash } from 'node:crypto';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { ValueError } from '../errors';
import type { Vector } from '../linalg/matrix';
import { Bits } from './bits';
import { fillStandardNormal, standardNormal } from './ziggurat';

/** What `Random.fill` can draw, with the parameters of the method of the same name. */
export type Distribution = 'uniform' | 'normal' | 'laplace' | 'cauchy' | 'bernoulli' | 'rademacher';

/** Where a generator stands, as JSON. */
export interface RandomState {
  readonly generator: 'xoroshiro128+ fmix32 sha256';
  /** The seed and the names of the streams below it. */
  readonly path: readonly (string | number)[];
  /** The 128 bits of state, as four signed integers. */
  readonly words: readonly number[];
}

const WORDS = 2 ** 32;
const UNITS = 2 ** 53;
const GENERATOR = 'xoroshiro128+ fmix32 sha256';

export class Random {
  private readonly path: readonly (string | number)[];
  private readonly bits: Bits;

  private constructor(path: readonly (string | number)[], words: readonly number[]) {
    this.path = path;
    this.bits = new Bits(xoroshiro128plusFromState(words));
  }

  /** The generator of a seed: a whole number or a text. `1` and `'1'` are different seeds. */
  static fromSeed(seed: number | string): Random {
    return Random.at([checkedName(seed, 'random(seed)')]);
  }

  /** The generator that `state` was saved from, at the place where it stood. Throws a ValueError on anything else. */
  static fromState(state: RandomState): Random {
    const words = state?.words;
    const whole =
      state?.generator === GENERATOR &&
      Array.isArray(state.path) &&
      state.path.length > 0 &&
      Array.isArray(words) &&
      words.length === 4 &&
      words.every((w) => Number.isInteger(w) && (w | 0) === w) &&
      words.some((w) => w !== 0);
    if (!whole)
      throw new ValueError({
        what: 'Random.fromState',
        expected: `a state saved by state(), of the generator "${GENERATOR}"`,
        got: JSON.stringify(state)?.slice(0, 80) ?? 'undefined',
        todo: 'Pass what state() returned (it may have gone through JSON), or make a new generator from its seed.',
      });
    return new Random([...state.path], words);
  }

  private static at(path: readonly (string | number)[]): Random {
    // One call, and the bytes as the characters of a text: a training step makes a stream, and a Buffer costs more.
    const digest = hash('sha256', JSON.stringify(['kernelbook random', ...path]), 'binary');
    return new Random(path, [word(digest, 0), word(digest, 4), word(digest, 8), word(digest, 12)]);
  }

  /**
   * An independent generator that belongs to a name below this one (`rng.stream('init')`, `rng.stream(3)`). It
   * depends on the seed and the names alone: this generator does not move, and what it has drawn does not matter.
   */
  stream(name: string | number): Random {
    return Random.at([...this.path, checkedName(name, 'stream(name)')]);
  }

  /** Where this generator stands, as JSON for `Random.fromState`. */
  state(): RandomState {
    return { generator: GENERATOR, path: this.path, words: this.bits.state() };
  }

  /** A uniform number of [a, b), with 53 bits. */
  uniform(a = 0, b = 1): number {
    checkInterval(a, b);
    for (;;) {
      const x = a + (b - a) * this.bits.unit();
      if (x < b) return x; // a + (b − a)u may round up to b
    }
  }

  /** A normal number of the given mean and standard deviation (≥ 0). */
  normal(mean = 0, deviation = 1): number {
    checkScale('normal', mean, deviation);
    return mean + deviation * standardNormal(this.bits);
  }

  /** A number of density exp(−|x − mu|/scale) / (2 scale); its standard deviation is √2·scale. */
  laplace(mu = 0, scale = 1): number {
    checkScale('laplace', mu, scale);
    return mu + scale * standardLaplace(this.bits);
  }

  /** A number of density scale / (π (scale² + (x − x0)²)). */
  cauchy(x0 = 0, scale = 1): number {
    checkScale('cauchy', x0, scale);
    return x0 + scale * standardCauchy(this.bits);
  }

  /** 1 with probability p, else 0. */
  bernoulli(p = 0.5): number {
    checkProbability(p);
    return this.bits.unit() < p ? 1 : 0;
  }

  /** −1 or 1, each with probability ½. */
  rademacher(): number {
    return (this.bits.word() >> 31) | 1;
  }

  /** A whole number of 0 … n − 1, each equally likely (draws beyond the last multiple of n are thrown away). */
  integer(n: number): number {
    if (!(Number.isSafeInteger(n) && n > 0))
      throw new ValueError({
        what: 'integer(n)',
        expected: 'a whole number from 1 to 2⁵³ − 1',
        got: String(n),
        todo: 'The result lies in 0 … n − 1.',
      });
    if (n <= WORDS) return this.below(n);
    const limit = UNITS - (UNITS % n);
    for (;;) {
      const k = this.bits.unit() * UNITS;
      if (k < limit) return k % n;
    }
  }

  /** `integer` for n ≤ 2³². The multiple of n below a draw must leave room for a whole n below 2³². */
  private below(n: number): number {
    for (;;) {
      const k = this.bits.word() >>> 0;
      const rest = k % n;
      if (k - rest <= WORDS - n) return rest;
    }
  }

  /** The numbers 0 … n − 1 in random order, every order equally likely (Fisher and Yates). */
  permutation(n: number): Uint32Array {
    if (!(Number.isInteger(n) && n >= 0 && n <= 2 ** 32))
      throw new ValueError({
        what: 'permutation(n)',
        expected: 'a whole number from 0 to 2³²',
        got: String(n),
        todo: 'Give the number of items to put in order.',
      });
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    return this.shuffle(order);
  }

  /** Puts the items of an array or typed array in random order, in place, and returns it. */
  shuffle<T extends { readonly length: number; [index: number]: unknown }>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const item = items[i];
      items[i] = items[j];
      items[j] = item;
    }
    return items;
  }

  /**
   * Fills a vector with independent draws and returns it: `rng.fill(w, 'normal', 0, 0.1)`. The parameters are those
   * of the method of that name, checked once. The numbers are the ones that repeated calls of the method give,
   * rounded to the vector's precision; only 'rademacher' takes 32 signs from each word.
   */
  fill<V extends Vector>(vector: V, distribution: Distribution, ...parameters: number[]): V {
    const [first, second] = parameters;
    const { bits } = this;
    switch (distribution) {
      case 'normal':
        return fillScaled(vector, 'normal', (chunk) => fillStandardNormal(bits, chunk), first, second);
      case 'laplace':
        return fillScaled(
          vector,
          'laplace',
          (chunk) => fillWith(chunk, bits, standardLaplace),
          first,
          second,
        );
      case 'cauchy':
        return fillScaled(vector, 'cauchy', (chunk) => fillWith(chunk, bits, standardCauchy), first, second);
      case 'uniform':
        return fillUniform(vector, bits, first, second);
      case 'bernoulli':
        return fillBernoulli(vector, bits, first);
      case 'rademacher':
        return fillSigns(vector, bits);
      default:
        throw new ValueError({
          what: 'fill(vector, distribution)',
          expected: 'uniform, normal, laplace, cauchy, bernoulli or rademacher',
          got: String(distribution),
          todo: 'Name one of these distributions.',
        });
    }
  }
}

/** The generator of a seed (see `Random.fromSeed`). */
export function random(seed: number | string): Random {
  return Random.fromSeed(seed);
}

/** Four bytes of a text of bytes, the lowest first, as a signed integer. */
function word(bytes: string, start: number): number {
  let value = 0;
  for (let k = 3; k >= 0; k--) value = (value << 8) | bytes.charCodeAt(start + k);
  return value;
}

function standardLaplace(bits: Bits): number {
  const sign = (bits.word() >> 31) | 1;
  return sign * Math.log(bits.openUnit());
}

function standardCauchy(bits: Bits): number {
  return Math.tan(Math.PI * (bits.openUnit() - 0.5));
}

/**
 * Draws go through a small float64 buffer: the loops that draw then see one type of array, and the conversion to the
 * vector's precision is the engine's own.
 */
function inChunks<V extends Vector>(vector: V, draw: (chunk: Float64Array) => void): V {
  const buffer = new Float64Array(Math.min(1024, vector.length));
  for (let start = 0; start < vector.length; start += buffer.length) {
    const chunk = buffer.subarray(0, Math.min(buffer.length, vector.length - start));
    draw(chunk);
    vector.set(chunk, start);
  }
  return vector;
}

function fillScaled<V extends Vector>(
  vector: V,
  name: Distribution,
  draw: (chunk: Float64Array) => void,
  location = 0,
  scale = 1,
): V {
  checkScale(name, location, scale);
  return inChunks(vector, (chunk) => {
    draw(chunk);
    for (let i = 0; i < chunk.length; i++) chunk[i] = location + scale * chunk[i];
  });
}

function fillWith(chunk: Float64Array, bits: Bits, draw: (bits: Bits) => number): void {
  for (let i = 0; i < chunk.length; i++) chunk[i] = draw(bits);
}

function fillUniform<V extends Vector>(vector: V, bits: Bits, a = 0, b = 1): V {
  checkInterval(a, b);
  // Rounding may reach b where the 53-bit number did not: such a draw is made again.
  const single = vector instanceof Float32Array;
  if (single) checkInterval(Math.fround(a), Math.fround(b));
  return inChunks(vector, (chunk) => {
    for (let i = 0; i < chunk.length; i++)
      do chunk[i] = a + (b - a) * bits.unit();
      while (!((single ? Math.fround(chunk[i]) : chunk[i]) < b));
  });
}

function fillBernoulli<V extends Vector>(vector: V, bits: Bits, p = 0.5): V {
  checkProbability(p);
  return inChunks(vector, (chunk) => {
    for (let i = 0; i < chunk.length; i++) chunk[i] = bits.unit() < p ? 1 : 0;
  });
}

function fillSigns<V extends Vector>(vector: V, bits: Bits): V {
  return inChunks(vector, (chunk) => {
    for (let i = 0; i < chunk.length; ) {
      let word = bits.word();
      for (const end = Math.min(i + 32, chunk.length); i < end; i++) {
        chunk[i] = (word >> 31) | 1;
        word <<= 1;
      }
    }
  });
}

function checkedName(name: string | number, what: string): string | number {
  if (typeof name === 'string' || Number.isSafeInteger(name)) return name === 0 ? 0 : name; // −0 is 0
  throw new ValueError({
    what,
    expected: 'a whole number (up to 2⁵³) or a text',
    got: typeof name === 'number' ? String(name) : typeof name,
    todo: 'Seeds and names of streams are exact; write a fraction as a text.',
  });
}

function checkInterval(a: number, b: number): void {
  if (a < b && Number.isFinite(b - a)) return;
  throw new ValueError({
    what: 'uniform(a, b)',
    expected: 'finite a < b',
    got: `a = ${a}, b = ${b}`,
    todo: 'The numbers lie in [a, b).',
  });
}

function checkScale(distribution: Distribution, location: number, scale: number): void {
  if (Number.isFinite(location) && Number.isFinite(scale) && scale >= 0) return;
  throw new ValueError({
    what: `${distribution}(location, scale)`,
    expected: 'a finite location and a finite scale of at least 0',
    got: `${location}, ${scale}`,
    todo: 'The scale of a normal is its standard deviation, not its variance.',
  });
}

function checkProbability(p: number): void {
  if (p >= 0 && p <= 1) return;
  throw new ValueError({
    what: 'bernoulli(p)',
    expected: 'a probability from 0 to 1',
    got: String(p),
    todo: 'p is the probability of a 1.',
  });
}
