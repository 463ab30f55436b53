import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { type DType, Matrix } from '../../src/lib/linalg';
import { largest, nearestNeighbours } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-flags.json';

const dtypes: DType[] = ['float32', 'float64'];

describe('nearest neighbours', () => {
  test.each(dtypes)('are those of a whole sort, largest first, ties by column (%s)', (dtype) => {
    const K = Matrix.from(fixture.K, dtype);
    for (let k = 1; k <= K.cols; k++)
      expect(nearestNeighbours(K, k).map((row) => Array.from(row))).toEqual(
        fixture.neighbours.map((row) => row.slice(0, k)),
      );
  });

  test('are those of a whole sort also of many values, rising, falling and in random order', () => {
    const n = 2000;
    const values = random('neighbours').fill(new Float64Array(3 * n), 'normal');
    values.subarray(0, n).sort();
    values
      .subarray(n, 2 * n)
      .sort()
      .reverse();
    const K = new Matrix(3, n, values);
    for (const k of [1, 5, 333, n])
      nearestNeighbours(K, k).forEach((found, i) => {
        const order = Array.from({ length: n }, (_, j) => j).sort((a, b) => K.get(i, b) - K.get(i, a));
        expect(Array.from(found)).toEqual(order.slice(0, k));
      });
  });

  test('of a Gram of unit vectors begin with the point itself', () => {
    const angles = [0, 0.1, 1, 1.2, 3];
    const gram = Matrix.from(angles.map((a) => angles.map((b) => Math.cos(a - b))));
    expect(nearestNeighbours(gram, 2).map((row) => Array.from(row))).toEqual([
      [0, 1],
      [1, 0],
      [2, 3],
      [3, 2],
      [4, 3],
    ]);
  });

  test('refuse a k that there is not, and name a value that is not finite', () => {
    const K = Matrix.from(fixture.K);
    for (const k of [0, 24, 1.5, Number.NaN])
      expect(() => nearestNeighbours(K, k)).toThrow(`expected a whole number of 1 … 23, got ${k}`);
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const torn = K.copy();
      torn.set(4, 17, bad);
      expect(() => nearestNeighbours(torn, 3)).toThrow(ValueError);
      expect(() => nearestNeighbours(torn, 3)).toThrow(/row 4, column 17/);
    }
  });
});

describe('the largest values', () => {
  test('come with their places, whatever the array', () => {
    expect(Array.from(largest([3, -1, 7, 7, 0], 3))).toEqual([2, 3, 0]);
    expect(Array.from(largest(Float32Array.of(3, -1, 7, 7, 0), 1))).toEqual([2]);
    expect(Array.from(largest([5], 1))).toEqual([0]);
  });

  test('refuse none, NaN, and more than there are', () => {
    expect(() => largest([], 1)).toThrow(ShapeError);
    expect(() => largest([1, Number.NaN], 1)).toThrow(/value 1/);
    expect(() => largest([1, 2], 3)).toThrow(ValueError);
  });
});
