import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { Arena, dropoutMask } from '../../src/lib/linalg/elementwise';
import { type DType, zeros } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';

const dtypes: DType[] = ['float32', 'float64'];

/** Philox 4×32 as Salmon et al. define it (SC 2011, section 3.1), with integers of any size. */
function philox(counter: readonly number[], key: readonly number[], rounds: number): number[] {
  let [x0, x1, x2, x3] = counter.map(BigInt);
  let [k0, k1] = key.map(BigInt);
  const word = (x: bigint) => BigInt.asUintN(32, x);
  for (let round = 0; round < rounds; round++) {
    const [p0, p1] = [0xd2511f53n * x0, 0xcd9e8d57n * x2];
    [x0, x1, x2, x3] = [(p1 >> 32n) ^ x1 ^ k0, word(p1), (p0 >> 32n) ^ x3 ^ k1, word(p0)];
    k0 = word(k0 + 0x9e3779b9n);
    k1 = word(k1 + 0xbb67ae85n);
  }
  return [x0, x1, x2, x3].map(Number);
}

/** Whether entry k is zero, by the definition. */
function isZero(k: number, rate: number, words: Uint32Array): boolean {
  const [block, j, l, half] = [k >> 5, (k >> 3) & 3, (k >> 1) & 3, k & 1];
  const counter = [4 * block + l, 0, words[2], words[3]];
  const word = philox(counter, [words[0], words[1]], 7)[j];
  const bits = ((half ? word >>> 16 : word & 0xffff) << 16) >> 16;
  return bits < Math.floor(65536 * rate + words[4] / 2 ** 32) - 32768;
}

const wordsOf = (seed: string) =>
  Uint32Array.from({ length: 5 }, (_, k) =>
    random(seed)
      .stream(k)
      .integer(2 ** 32),
  );
const count = (mask: ArrayLike<number>) => Array.from(mask).filter((x) => x === 0).length;

it('the generator that masks are held against gives the known answers of Random123', () => {
  // Lines "philox4x32 7" and "philox4x32 10" of its file kat_vectors: counter, key, result.
  const lines: [number, string][] = [
    [7, '00000000 00000000 00000000 00000000 00000000 00000000 5f6fb709 0d893f64 4f121f81 4f730a48'],
    [7, 'ffffffff ffffffff ffffffff ffffffff ffffffff ffffffff 5207ddc2 45165e59 4d8ee751 8c52f662'],
    [7, '243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 4dfccaba 190a87f0 c47362ba b6b5242a'],
    [10, '243f6a88 85a308d3 13198a2e 03707344 a4093822 299f31d0 d16cfe09 94fdcceb 5001e420 24126ea1'],
  ];
  for (const [rounds, line] of lines) {
    const numbers = line.split(' ').map((hex) => Number.parseInt(hex, 16));
    expect(philox(numbers.slice(0, 4), numbers.slice(4, 6), rounds)).toEqual(numbers.slice(6));
  }
});

describe.each(dtypes)('a dropout mask in %s', (dtype) => {
  it.each([0, 0.1, 0.5, 0.97])(
    'has the zeros of its definition and 1/(1 − rate) else, at the rate %f',
    (rate) => {
      const words = wordsOf(`${rate}`);
      const arena = new Arena(1 << 20);
      // Parts of 32, and more than one staged tile.
      for (const n of [0, 1, 7, 31, 32, 33, 95, 4500]) {
        const expected = zeros(n, dtype).map((_, k) => (isZero(k, rate, words) ? 0 : 1 / (1 - rate)));
        arena.reset();
        for (const out of [zeros(n, dtype), arena.vector(n, dtype)]) {
          dropoutMask(out, rate, words);
          expect(out).toEqual(expected);
        }
        expect(arena.uncleared(1, dtype)[0]).toBe(0); // nothing beyond its end
      }
    },
  );

  it('is all zeros where 2¹⁶ rate is rounded up to 2¹⁶', () => {
    const rate = 1 - 2 ** -18;
    const words = wordsOf('nearly all');
    words[4] = 2 ** 32 - 1;
    const out = zeros(100, dtype).fill(1);
    dropoutMask(out, rate, words);
    expect(count(out)).toBe(100);
    words[4] = 0;
    dropoutMask(out, rate, words);
    expect(out).toEqual(out.map((_, k) => (isZero(k, rate, words) ? 0 : 2 ** 18)));
  });
});

it('a mask is zero as often as the rate says, and at places that know nothing of each other', () => {
  const n = 1 << 20;
  for (const rate of [0.03, 0.1, 0.5, 0.9]) {
    const mask = new Float32Array(n);
    dropoutMask(mask, rate, wordsOf(`often ${rate}`));
    const variance = rate * (1 - rate);
    expect(Math.abs(count(mask) / n - rate)).toBeLessThan(5 * Math.sqrt(variance / n));
    // The covariance of neighbours, of the halves of a word, of words, of lanes and of counters: sd variance/√n.
    const centred = Float64Array.from(mask, (x) => (x === 0 ? 1 : 0) - rate);
    for (const lag of [1, 2, 3, 8, 16, 24, 32, 33, 64, 1024]) {
      let sum = 0;
      for (let k = lag; k < n; k++) sum += centred[k] * centred[k - lag];
      expect(Math.abs(sum / n)).toBeLessThan((5 * variance) / Math.sqrt(n));
    }
  }
});

it('masks of keys that differ in one bit have nothing in common', () => {
  const n = 1 << 18;
  const of = (words: Uint32Array) => {
    const mask = new Float32Array(n);
    dropoutMask(mask, 0.5, words);
    return mask.map((x) => x - 1);
  };
  const words = wordsOf('key');
  const mask = of(words);
  for (let word = 0; word < 4; word++)
    for (const bit of [0, 13, 31]) {
      const near = words.slice();
      near[word] ^= 1 << bit;
      const other = of(near);
      let sum = 0;
      for (let k = 0; k < n; k++) sum += mask[k] * other[k];
      expect(Math.abs(sum)).toBeLessThan(5 * Math.sqrt(n));
    }
});

it('a rate below 2⁻¹⁶ is kept on average', () => {
  // 2¹⁶ entries are zero once on average in the 0.3 of the masks whose rate is rounded up: a variance of 0.51 a mask.
  const [masks, rate] = [400, 0.3 / 65536];
  const out = new Float32Array(65536);
  const words = new Uint32Array(5);
  const rng = random('rare');
  let seen = 0;
  for (let m = 0; m < masks; m++) {
    for (let k = 0; k < 5; k++) words[k] = rng.integer(2 ** 32);
    dropoutMask(out, rate, words);
    for (const x of out) if (x === 0) seen++;
  }
  expect(Math.abs(seen - 0.3 * masks)).toBeLessThan(5 * Math.sqrt(0.51 * masks));
});

it('a mask of no rate, or of another number of words, is refused', () => {
  const words = new Uint32Array(5);
  for (const rate of [1, -0.1, Number.NaN])
    expect(() => dropoutMask(new Float32Array(3), rate, words)).toThrow(ValueError);
  expect(() => dropoutMask(new Float32Array(3), 0.5, words.subarray(1))).toThrow(ShapeError);
});
