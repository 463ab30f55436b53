/**
 * Kendall's rank correlation τ-b in O(n log n): pairs are ordered by radix sorts, and the discordant ones counted as
 * the inversions of a permutation, one binary digit at a time, in loops without unpredictable branches.
 *
 * M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33, 1945.
 * W. R. Knight, "A computer method for calculating Kendall's tau with ungrouped data", JASA 61, 1966.
 */

import { ValueError } from '../errors';
import { checkNumbers, checkSameLength } from './checks';

/**
 * τ-b = (P − Q) / √((n₀ − n₁)(n₀ − n₂)) of two rows of numbers, where P and Q count the concordant and discordant
 * pairs, n₀ = n(n−1)/2 all pairs, and n₁, n₂ those tied in x and in y. Lies in [−1, 1]. Infinite values are ranked.
 * Throws a ShapeError unless both have one length of at least 2, a ValueError for NaN and where all values of one
 * side are equal (τ-b is then 0/0).
 */
export function kendallTau(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkSameLength('kendallTau(x, y)', x, y);
  checkNumbers('kendallTau, x', x, 2);
  checkNumbers('kendallTau, y', y, 2);
  const n = x.length;
  const byY = argsort(y);
  const byXThenY = argsort(x, byY);
  const rankY = denseRanks(y, byY);
  const rankX = denseRanks(x, byXThenY);

  const pairs = (n * (n - 1)) / 2;
  const tiedX = tiedPairs(rankX);
  const tiedY = tiedPairs(rankY);
  if (tiedX === pairs || tiedY === pairs)
    throw new ValueError({
      what: `kendallTau, ${tiedX === pairs ? 'x' : 'y'}`,
      expected: 'at least two different values',
      got: `${n} equal ones`,
      todo: 'τ-b compares orders, and equal values have none. Logits that are all equal come from a saturated or a constant model.',
    });
  const tiedBoth = jointlyTiedPairs(byXThenY, rankX, rankY);
  const discordant = countInversions(orderOfY(byXThenY, rankY));
  const difference = pairs - tiedX - tiedY + tiedBoth - 2 * discordant;
  const tau = difference / Math.sqrt(pairs - tiedX) / Math.sqrt(pairs - tiedY);
  return Math.min(1, Math.max(-1, tau));
}

const DIGIT = 11;
const BUCKETS = 1 << DIGIT;

/**
 * The stable order of `values`, smallest first: of equal values the one that came first in `initial` (default:
 * 0, 1, …) stays first. A radix sort over the bits of the doubles, 11 at a time; digits that all share are skipped.
 */
export function argsort(values: ArrayLike<number>, initial?: Uint32Array): Uint32Array {
  const n = values.length;
  const doubles = new Float64Array(n);
  for (let i = 0; i < n; i++) doubles[i] = values[i] + 0; // −0 becomes 0, its equal
  const words = new Uint32Array(doubles.buffer);
  const [lowWord, highWord] = LITTLE_ENDIAN ? [0, 1] : [1, 0];
  const low = new Uint32Array(n);
  const high = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    // The bits of a double, read as an unsigned integer, keep its order after this flip.
    const h = words[2 * i + highWord] | 0;
    const flip = h >> 31;
    low[i] = words[2 * i + lowWord] ^ flip;
    high[i] = h ^ (flip | 0x80000000);
  }
  let order = initial ? initial.slice() : ascending(n);
  let next: Uint32Array = new Uint32Array(n);
  const counts = new Uint32Array(BUCKETS);
  for (const [key, shift] of [
    [low, 0],
    [low, DIGIT],
    [low, 2 * DIGIT],
    [high, 0],
    [high, DIGIT],
    [high, 2 * DIGIT],
  ] as const)
    if (distribute(key, shift, order, next, counts)) [order, next] = [next, order];
  return order;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function ascending(n: number): Uint32Array {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  return order;
}

/** One stable pass over the digit (key >>> shift) mod 2048. Returns false, nothing moved, when all share that digit. */
function distribute(
  key: Uint32Array,
  shift: number,
  order: Uint32Array,
  next: Uint32Array,
  counts: Uint32Array,
): boolean {
  const n = order.length;
  const mask = BUCKETS - 1;
  counts.fill(0);
  for (let i = 0; i < n; i++) counts[(key[i] >>> shift) & mask]++;
  if (n === 0 || counts[(key[0] >>> shift) & mask] === n) return false;
  for (let b = 0, start = 0; b < BUCKETS; b++) {
    const count = counts[b];
    counts[b] = start;
    start += count;
  }
  for (let k = 0; k < n; k++) {
    const i = order[k];
    next[counts[(key[i] >>> shift) & mask]++] = i;
  }
  return true;
}

/** The rank of each value among the different values, from 0; `order` sorts them. */
function denseRanks(values: ArrayLike<number>, order: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(order.length);
  let rank = 0;
  for (let k = 1; k < order.length; k++) {
    if (values[order[k]] !== values[order[k - 1]]) rank++;
    ranks[order[k]] = rank;
  }
  return ranks;
}

/** The number of pairs of equal rank. */
function tiedPairs(ranks: Uint32Array): number {
  const counts = new Uint32Array(ranks.length);
  for (let i = 0; i < ranks.length; i++) counts[ranks[i]]++;
  let pairs = 0;
  for (let r = 0; r < counts.length; r++) pairs += (counts[r] * (counts[r] - 1)) / 2;
  return pairs;
}

/** The number of pairs equal in both; `order` sorts by x, then y, so that such pairs are neighbours. */
function jointlyTiedPairs(order: Uint32Array, rankX: Uint32Array, rankY: Uint32Array): number {
  let pairs = 0;
  let run = 0;
  for (let k = 1; k < order.length; k++) {
    const i = order[k];
    const j = order[k - 1];
    run = rankX[i] === rankX[j] && rankY[i] === rankY[j] ? run + 1 : 0;
    pairs += run; // the pairs that this one makes with the equal ones before it
  }
  return pairs;
}

/** The place of each point in the stable order of y, points taken in `order`: a permutation of 0 … n − 1. */
function orderOfY(order: Uint32Array, rankY: Uint32Array): Uint32Array {
  const n = order.length;
  const next = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) next[rankY[i] + 1]++;
  for (let r = 0; r < n; r++) next[r + 1] += next[r];
  const places = new Uint32Array(n);
  for (let k = 0; k < n; k++) places[k] = next[rankY[order[k]]]++;
  return places;
}

/**
 * The number of pairs i < j with p_i > p_j in a permutation of 0 … n − 1 (which is sorted on the way). From the
 * highest binary digit down: in each block of values with equal higher digits, every 1 before a 0 is an inversion,
 * and a stable partition makes the two blocks of the next digit. The values being a permutation, the block of a
 * prefix starts at its smallest value.
 */
function countInversions(permutation: Uint32Array): number {
  const n = permutation.length;
  let from = permutation;
  let to: Uint32Array = new Uint32Array(n);
  let inversions = 0;
  for (let digit = 31 - Math.clz32(n - 1); digit >= 0; digit--) {
    const half = 1 << digit;
    for (let start = 0; start < n; start += 2 * half)
      inversions += partition(from, to, start, Math.min(start + 2 * half, n), digit);
    [from, to] = [to, from];
  }
  return inversions;
}

function partition(from: Uint32Array, to: Uint32Array, start: number, end: number, digit: number): number {
  let inversions = 0;
  let zero = start;
  let ones = 0;
  const one = start + (1 << digit);
  for (let i = start; i < end; i++) {
    const value = from[i];
    const bit = (value >>> digit) & 1;
    inversions += ones & (bit - 1); // a 0 adds the 1s before it
    to[zero + ((one + ones - zero) & -bit)] = value;
    ones += bit;
    zero += 1 - bit;
  }
  return inversions;
}
