import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import {
  axpy,
  cholesky,
  choleskySolve,
  dot,
  eigh,
  eighAsync,
  eigvalsh,
  gemm,
  gemmAsync,
  gemv,
  lstsq,
  Matrix,
  pinv,
  singularValues,
  solve,
  svd,
  syrk,
  zeros,
} from '../../src/lib/linalg';
import { normal, onEachBackend } from './backends';

onEachBackend((dtype) => {
  const other = dtype === 'float32' ? 'float64' : 'float32';
  const M = (rows: number, cols: number) => Matrix.zeros(rows, cols, dtype);

  test('shapes that do not fit are refused, and both are named', () => {
    expect(() => gemm(M(2, 3), M(4, 5))).toThrow(ShapeError);
    expect(() => gemm(M(2, 3), M(4, 5))).toThrow(/A 2 × 3 and B 4 × 5/);
    expect(() => gemm(M(2, 3), M(2, 3), { transposeA: true, transposeB: true })).toThrow(
      /A 2 × 3 transposed and B 2 × 3 transposed/,
    );
    expect(() => gemm(M(2, 3), M(3, 4), { out: M(4, 2) })).toThrow(
      /2 × 4 for A 2 × 3 and B 3 × 4, got 4 × 2/,
    );
    expect(() => syrk(M(2, 3), { out: M(3, 3) })).toThrow(/2 × 2 for A 2 × 3, got 3 × 3/);
    expect(() => gemv(M(2, 3), zeros(2, dtype))).toThrow(/3 values in x for A 2 × 3, got 2/);
    expect(() => gemv(M(2, 3), zeros(3, dtype), { out: zeros(3, dtype) })).toThrow(ShapeError);
    expect(() => dot(zeros(2, dtype), zeros(3, dtype))).toThrow(/2 and 3 values/);
    expect(() => axpy(1, zeros(2, dtype), zeros(3, dtype))).toThrow(ShapeError);
    expect(() => choleskySolve(M(2, 2), M(3, 1))).toThrow(/L 2 × 2 and B 3 × 1/);
    expect(() => solve(M(2, 2), M(3, 1))).toThrow(/A 2 × 2 and B 3 × 1/);
    expect(() => lstsq(M(2, 5), M(3, 1))).toThrow(/A 2 × 5 and B 3 × 1/);
    for (const square of [eigh, eigvalsh, cholesky])
      expect(() => square(M(2, 3))).toThrow(/a square matrix, got 2 × 3/);
    expect(() => solve(M(2, 3), M(2, 1))).toThrow(ShapeError);
    expect(() => pinv(M(2, 3), { hermitian: true })).toThrow(ShapeError);
  });

  test('mixed precisions are refused by name', () => {
    const foreign = Matrix.zeros(2, 2, other);
    expect(() => gemm(M(2, 2), foreign)).toThrow(ValueError);
    expect(() => gemm(M(2, 2), foreign)).toThrow(`A ${dtype}, B ${other}`);
    expect(() => gemm(M(2, 2), M(2, 2), { out: foreign })).toThrow(`out ${other}`);
    expect(() => syrk(M(2, 2), { out: foreign })).toThrow(ValueError);
    expect(() => gemv(M(2, 2), zeros(2, other))).toThrow(ValueError);
    expect(() => dot(zeros(2, dtype), zeros(2, other))).toThrow(ValueError);
    expect(() => axpy(1, zeros(2, dtype), zeros(2, other))).toThrow(ValueError);
    for (const system of [solve, lstsq, choleskySolve])
      expect(() => system(Matrix.identity(2, dtype), foreign)).toThrow(ValueError);
  });

  test('an out that overlaps an input is refused, one beside it in the same buffer is not', () => {
    const buffer = zeros(24, dtype);
    const A = new Matrix(2, 4, buffer.subarray(0, 8));
    const B = new Matrix(4, 2, buffer.subarray(8, 16));
    expect(() => gemm(A, B, { out: new Matrix(2, 2, buffer.subarray(4, 8)) })).toThrow(
      /shares no memory with A/,
    );
    expect(() => gemm(A, B, { out: new Matrix(2, 2, buffer.subarray(15, 19)) })).toThrow(
      /shares no memory with B/,
    );
    expect(() => gemm(A, B, { out: new Matrix(2, 2, buffer.subarray(16, 20)) })).not.toThrow();
    expect(() => syrk(A, { out: A.slice(0, 1).reshape(2, 2) })).toThrow(ValueError);
    expect(() => gemv(A, zeros(4, dtype), { out: buffer.subarray(2, 4) })).toThrow(ValueError);
    expect(() => axpy(1, buffer.subarray(0, 3), buffer.subarray(2, 5))).toThrow(ValueError);
  });

  test('beta without out is refused', () => {
    expect(() => gemm(M(2, 2), M(2, 2), { beta: 1 })).toThrow(ValueError);
    expect(() => syrk(M(2, 2), { beta: 1 })).toThrow(ValueError);
    expect(() => gemv(M(2, 2), zeros(2, dtype), { beta: 1 })).toThrow(ValueError);
  });

  describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%d', (bad) => {
    test('is refused by every factorisation, with its position', () => {
      const A = Matrix.identity(4, dtype);
      A.data[6] = bad;
      for (const f of [eigh, eigvalsh, svd, singularValues, cholesky, pinv]) {
        expect(() => f(A)).toThrow(ValueError);
        expect(() => f(A)).toThrow(`${bad} at position 6`);
      }
      const I = Matrix.identity(4, dtype);
      for (const system of [solve, lstsq, choleskySolve]) {
        expect(() => system(A, I)).toThrow(ValueError);
        expect(() => system(I, A)).toThrow(/finite values in B/);
      }
    });
  });

  test('a matrix that is not symmetric is refused with the pair that differs; rounding is not', () => {
    const A = syrk(normal(40, 40, dtype));
    const nearly = A.copy();
    nearly.data[37] *= 1 + (dtype === 'float32' ? 1e-6 : 1e-9);
    expect(() => eigh(nearly)).not.toThrow();
    A.set(35, 2, A.get(2, 35) + 5);
    for (const f of [eigh, eigvalsh, cholesky]) {
      expect(() => f(A)).toThrow(ValueError);
      expect(() => f(A)).toThrow(/A\[35, 2\] = .* but A\[2, 35\] = /);
    }
  });

  test('an rcond outside [0, 1) is refused', () => {
    for (const rcond of [-1, 1, Number.NaN]) {
      expect(() => lstsq(M(2, 2), M(2, 1), { rcond })).toThrow(ValueError);
      expect(() => pinv(M(2, 2), { rcond })).toThrow(ValueError);
    }
  });

  test('the asynchronous forms reject with the same errors', async () => {
    await expect(gemmAsync(M(2, 3), M(2, 3))).rejects.toThrow(ShapeError);
    await expect(eighAsync(M(2, 3))).rejects.toThrow(ShapeError);
  });
});
