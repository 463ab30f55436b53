/**
 * The nearest neighbours in a kernel: for each point the examples most similar to it. A neighbour is judged by the
 * kernel's value, the larger the nearer; in a cosine kernel that is the order of distances too. The k largest of n are
 * kept in a heap while n is passed over once (Knuth, The Art of Computer Programming 3, section 5.2.3), O(n + m log k)
 * where m values enter the heap.
 */

import { ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import type { Matrix } from '../linalg/matrix';
import { checkFinite } from './checks';

/**
 * For each row of K (m × n: points by examples, as kernel.cross gives it) the columns of its k largest values, the
 * largest first; equal values in the order of their columns. Of a Gram, each point is its own nearest, where no other
 * is as near. Throws a ValueError for a k that is no whole number of 1 … n and for values that are not finite.
 */
export function nearestNeighbours(K: Matrix, k: number): Uint32Array[] {
  checkCount('nearestNeighbours(K, k), k', k, K.cols);
  const at = firstNotFinite(K.data);
  if (at >= 0)
    throw new ValueError({
      what: `nearestNeighbours(K, k), row ${Math.floor(at / K.cols)}, column ${at % K.cols}`,
      expected: 'a finite number',
      got: String(K.data[at]),
      todo: 'Look for the example of that row or column: an image with a missing value, or a network that diverged.',
    });
  return Array.from({ length: K.rows }, (_, i) => select(K.row(i), k));
}

/**
 * The places of the k largest of n values, the largest first; equal values in the order of their places. Throws a
 * ValueError for a k that is no whole number of 1 … n and for values that are not finite, a ShapeError when there are
 * none.
 */
export function largest(values: ArrayLike<number>, k: number): Uint32Array {
  checkFinite('largest(values, k), values', values, 1);
  checkCount('largest(values, k), k', k, values.length);
  return select(values, k);
}

/** The same without checks. The heap holds places; at its top is the one to go next: the least, of equals the last. */
function select(values: ArrayLike<number>, k: number): Uint32Array {
  const heap = Uint32Array.from({ length: k }, (_, i) => i);
  for (let at = (k >> 1) - 1; at >= 0; at--) sink(heap, at, values);
  let least = values[heap[0]];
  for (let i = k; i < values.length; i++)
    if (values[i] > least) {
      heap[0] = i;
      sink(heap, 0, values);
      least = values[heap[0]];
    }
  return heap.sort((a, b) => values[b] - values[a] || a - b);
}

/** Lets the place at `at` sink until it goes before neither of the two below it. */
function sink(heap: Uint32Array, at: number, values: ArrayLike<number>): void {
  const place = heap[at];
  for (let below = 2 * at + 1; below < heap.length; below = 2 * at + 1) {
    const right = below + 1;
    if (right < heap.length && goesBefore(heap[right], heap[below], values)) below = right;
    if (!goesBefore(heap[below], place, values)) break;
    heap[at] = heap[below];
    at = below;
  }
  heap[at] = place;
}

function goesBefore(a: number, b: number, values: ArrayLike<number>): boolean {
  return values[a] < values[b] || (values[a] === values[b] && a > b);
}

function checkCount(what: string, k: number, n: number): void {
  if (Number.isInteger(k) && k >= 1 && k <= n) return;
  throw new ValueError({
    what,
    expected: `a whole number of 1 … ${n}`,
    got: String(k),
    todo: 'It counts the values that are wanted, of those there are.',
  });
}
