import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { type DType, Matrix, zeros } from '../../src/lib/linalg';

describe.each(['float32', 'float64'] as const)('a %s matrix', (dtype) => {
  const A = new Matrix(
    3,
    70,
    zeros(210, dtype).map((_, k) => k + 0.5),
  );

  it('is its own double transpose, and the transpose swaps indices', () => {
    const T = A.transpose();
    expect([T.shape, T.dtype]).toEqual([[70, 3], dtype]);
    for (let i = 0; i < 3; i++) for (let j = 0; j < 70; j++) expect(T.get(j, i)).toBe(A.get(i, j));
    expect(T.transpose().data).toEqual(A.data);
  });

  it('slices and rows are views, columns and taken rows are copies', () => {
    const B = A.copy();
    B.slice(1, 3).data[0] = -1;
    B.row(2)[0] = -2;
    expect([B.get(1, 0), B.get(2, 0)]).toEqual([-1, -2]);
    B.column(0)[0] = 9;
    B.take([0]).data[0] = 9;
    expect(B.get(0, 0)).toBe(0.5);
    expect(B.take([2, 0, 2]).column(1)).toEqual(zeros(3, dtype).map((_, k) => [141.5, 1.5, 141.5][k]));
  });

  it('changes precision by a copy, keeps it without one', () => {
    const other: DType = dtype === 'float32' ? 'float64' : 'float32';
    expect(A.as(dtype)).toBe(A);
    expect(A.as(other).dtype).toBe(other);
    expect(Array.from(A.as(other).data)).toEqual(Array.from(A.data));
  });
});

describe('a matrix refuses', () => {
  const A = Matrix.zeros(4, 2);

  it.each([
    [-1, 3],
    [-1, -3],
    [2.5, 2],
    [Number.NaN, 2],
  ])('the shape %s × %s', (rows, cols) => {
    expect(() => Matrix.zeros(rows, cols)).toThrow(ShapeError);
    expect(() => new Matrix(rows, cols, new Float64Array(3))).toThrow(ShapeError);
  });

  it.each([
    ['Uint8Array', new Uint8Array(4)],
    ['Array', [1, 2, 3, 4]],
    ['undefined', undefined],
  ])('data of the kind %s, which a library would read as floats', (name, data) => {
    expect(() => new Matrix(2, 2, data as never)).toThrow(ValueError);
    expect(() => new Matrix(2, 2, data as never)).toThrow(`got ${name}`);
  });

  it('a precision that there is not', () => {
    expect(() => Matrix.zeros(2, 2, 'float16' as never)).toThrow(/'float32' or 'float64', got 'float16'/);
    expect(() => A.as('float16' as never)).toThrow(ValueError);
  });

  it('more than memory holds, and says how much it is', () => {
    expect(() => Matrix.zeros(1e7, 1e7)).toThrow(/fit into memory, got 7\.45e\+5 GiB/);
  });

  it('ranges and indices that are not its own', () => {
    for (const [start, end] of [
      [0.5, 1.5],
      [2, 1],
      [0, 5],
      [-1, 2],
    ])
      expect(() => A.slice(start, end)).toThrow(/0 ≤ start ≤ end ≤ 4/);
    expect(() => A.row(4)).toThrow(/row of 0 … 3, got 4/);
    expect(() => A.column(2)).toThrow(/column of 0 … 1/);
    expect(() => A.take([0, 7])).toThrow(/got 7/);
    expect(() => Matrix.from([[1, 2], [3]])).toThrow(/row 1.*2 values.*got 1/);
  });
});
