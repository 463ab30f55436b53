import { describe, expect, test } from 'vitest';
import {
  axpy,
  backend,
  type DType,
  dot,
  gemm,
  gemmAsync,
  gemv,
  Matrix,
  norm,
  syrk,
  syrkAsync,
  zeros,
} from '../../src/lib/linalg';
import { normal, onEachBackend, productByDefinition, rounding } from './backends';

const sizes = [
  [0, 0, 0],
  [0, 2, 3],
  [2, 0, 3],
  [2, 3, 0],
  [1, 1, 1],
  [1, 5, 3],
  [5, 1, 3],
  [4, 4, 4],
  [3, 7, 5],
  [67, 259, 301],
  [130, 66, 17],
];

onEachBackend((dtype: DType) => {
  describe('gemm', () => {
    test.each(sizes)(
      'of sizes %i × %i × %i is the sum over the inner index, for every transposition',
      (m, n, k) => {
        const A = normal(m, k, dtype, 'A');
        const B = normal(k, n, dtype, 'B');
        const expected = productByDefinition(A, B);
        for (const transposeA of [false, true])
          for (const transposeB of [false, true]) {
            const C = gemm(transposeA ? A.transpose() : A, transposeB ? B.transpose() : B, {
              transposeA,
              transposeB,
            });
            expect(C.shape).toEqual([m, n]);
            expect(C.dtype).toBe(dtype);
            expect(C).toBeAllclose(expected, rounding(dtype));
          }
      },
    );

    test('adds alpha times the product to beta times out, and touches nothing beside out', () => {
      const A = normal(5, 4, dtype, 'A');
      const B = normal(4, 3, dtype, 'B');
      const buffer = zeros(15 + 4, dtype).fill(7);
      const out = new Matrix(5, 3, buffer.subarray(2, 17));
      const expected = productByDefinition(A, B).data.map((p) => 2 * p - 0.5 * 7);
      expect(gemm(A, B, { alpha: 2, beta: -0.5, out })).toBe(out);
      expect(out).toBeAllclose(expected, rounding(dtype));
      expect(Array.from(buffer.subarray(0, 2)).concat(Array.from(buffer.subarray(17)))).toEqual([7, 7, 7, 7]);
    });

    test('does not read out when beta is zero', () => {
      const out = new Matrix(6, 6, zeros(36, dtype).fill(Number.NaN));
      const A = normal(6, 6, dtype);
      expect(gemm(A, A, { out })).toBeAllclose(productByDefinition(A, A), rounding(dtype));
    });

    test('over an empty inner dimension is beta times out', () => {
      const out = new Matrix(2, 2, zeros(4, dtype).fill(3));
      gemm(Matrix.zeros(2, 0, dtype), Matrix.zeros(0, 2, dtype), { beta: 2, out });
      expect(out).toBeAllclose([6, 6, 6, 6]);
      expect(gemm(Matrix.zeros(2, 0, dtype), Matrix.zeros(0, 2, dtype), { out })).toBeAllclose([0, 0, 0, 0]);
    });

    test('gives the same digits asynchronously', async () => {
      const A = normal(70, 300, dtype, 'A');
      const B = normal(300, 40, dtype, 'B');
      const expected = gemm(A, B);
      const both = await Promise.all([gemmAsync(A, B), gemmAsync(A, B)]);
      for (const C of both) expect(Array.from(C.data)).toEqual(Array.from(expected.data));
    });

    test('of the raw backend takes leading dimensions: a block of a larger matrix', () => {
      const big = normal(6, 8, dtype, 'big');
      const C = Matrix.zeros(4, 5, dtype);
      // Rows 1…3, columns 2…4 of `big` times rows 0…2, columns 5…7, into the middle of C.
      const A = Matrix.from([1, 2, 3].map((i) => big.row(i).subarray(2, 5)));
      const B = Matrix.from([0, 1, 2].map((i) => big.row(i).subarray(5, 8)));
      backend().gemm(
        false,
        false,
        3,
        3,
        3,
        1,
        big.data.subarray(10),
        8,
        big.data.subarray(5),
        8,
        0,
        C.data.subarray(6),
        5,
      );
      const P = productByDefinition(A, B);
      const expected = Matrix.zeros(4, 5);
      for (let i = 0; i < 3; i++) expected.data.set(P.row(i), (i + 1) * 5 + 1);
      expect(C).toBeAllclose(expected, rounding(dtype));
    });
  });

  describe('syrk', () => {
    test.each([
      [0, 3],
      [3, 0],
      [1, 1],
      [5, 2],
      [33, 70],
      [301, 12],
    ])('of %i × %i is A Aᵀ and AᵀA, exactly symmetric', (rows, cols) => {
      const A = normal(rows, cols, dtype);
      for (const transpose of [false, true]) {
        const K = syrk(A, { transpose });
        const expected = transpose
          ? productByDefinition(A.transpose(), A)
          : productByDefinition(A, A.transpose());
        expect(K.shape).toEqual(expected.shape);
        expect(K).toBeAllclose(expected, rounding(dtype));
        expect(Array.from(K.transpose().data)).toEqual(Array.from(K.data));
      }
    });

    test('accumulates into a symmetric out', () => {
      const A = normal(9, 4, dtype, 'A');
      const B = normal(9, 6, dtype, 'B');
      const out = syrk(A);
      expect(syrk(B, { alpha: 3, beta: 0.5, out })).toBe(out);
      const AA = productByDefinition(A, A.transpose());
      const BB = productByDefinition(B, B.transpose());
      expect(out).toBeAllclose(
        AA.data.map((v, i) => 0.5 * v + 3 * BB.data[i]),
        rounding(dtype),
      );
    });

    test('gives the same digits asynchronously', async () => {
      const A = normal(65, 30, dtype);
      expect(Array.from((await syrkAsync(A)).data)).toEqual(Array.from(syrk(A).data));
    });
  });

  describe('vectors', () => {
    test.each([
      [0, 0],
      [0, 4],
      [4, 0],
      [1, 1],
      [5, 3],
      [40, 70],
    ])('gemv of %i × %i is the product with a column, for A and for Aᵀ', (rows, cols) => {
      const A = normal(rows, cols, dtype, 'A');
      for (const transpose of [false, true]) {
        const x = normal(transpose ? rows : cols, 1, dtype, 'x');
        const expected = productByDefinition(transpose ? A.transpose() : A, x);
        expect(gemv(A, x.data, { transpose })).toBeAllclose(expected, rounding(dtype));
        const out = zeros(expected.rows, dtype).fill(2);
        gemv(A, x.data, { transpose, alpha: -1, beta: 3, out });
        expect(out).toBeAllclose(
          expected.data.map((v) => 6 - v),
          rounding(dtype),
        );
      }
    });

    test('dot, axpy and norm keep their definitions', () => {
      const x = normal(1000, 1, dtype, 'x').data;
      const y = normal(1000, 1, dtype, 'y').data;
      let sum = 0;
      for (let i = 0; i < 1000; i++) sum += x[i] * y[i];
      expect(dot(x, y)).toBeAllclose(sum, { rtol: dtype === 'float32' ? 1e-4 : 1e-12 });
      expect(norm(x) ** 2).toBeAllclose(dot(x, x), { rtol: dtype === 'float32' ? 1e-5 : 1e-13 });
      const expected = Float64Array.from(y, (v, i) => v - 2 * x[i]);
      expect(axpy(-2, x, y)).toBe(y);
      expect(y).toBeAllclose(expected, rounding(dtype));
      expect(dot(zeros(0, dtype), zeros(0, dtype))).toBe(0);
    });

    test('the norm of a matrix is its Frobenius norm, and large entries do not overflow', () => {
      expect(
        norm(
          Matrix.from(
            [
              [3, 0],
              [0, 4],
            ],
            dtype,
          ),
        ),
      ).toBeCloseTo(5, 5);
      const large = dtype === 'float32' ? 1e30 : 1e300;
      expect(norm(zeros(4, dtype).fill(large))).toBeAllclose(2 * large, { rtol: 1e-6 });
      expect(norm(zeros(0, dtype))).toBe(0);
    });
  });
});
