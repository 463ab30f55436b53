/**
 * Moves across the diagonal of a square row-major array, in blocks that stay in cache: what is needed between a
 * library that fills one triangle, or that counts in columns, and a row-major full matrix.
 */

import type { Vector } from './matrix';

const BLOCK = 32;

/** Copies the lower triangle of C (n × n) to the upper. */
export function mirrorLower(n: number, C: Vector, ldc: number): void {
  for (let i0 = 0; i0 < n; i0 += BLOCK) {
    const i1 = Math.min(i0 + BLOCK, n);
    for (let j0 = 0; j0 <= i0; j0 += BLOCK) {
      const j1 = Math.min(j0 + BLOCK, n);
      // Writes run along rows of the upper triangle: strided reads cost less than strided writes.
      for (let j = j0; j < j1; j++)
        for (let i = Math.max(i0, j + 1); i < i1; i++) C[j * ldc + i] = C[i * ldc + j];
    }
  }
}

/** Transposes A (n × n) in place. */
export function transposeSquare(n: number, A: Vector): void {
  for (let i0 = 0; i0 < n; i0 += BLOCK) {
    const i1 = Math.min(i0 + BLOCK, n);
    for (let j0 = 0; j0 <= i0; j0 += BLOCK) {
      const j1 = Math.min(j0 + BLOCK, n);
      for (let j = j0; j < j1; j++)
        for (let i = Math.max(i0, j + 1); i < i1; i++) {
          const upper = A[j * n + i];
          A[j * n + i] = A[i * n + j];
          A[i * n + j] = upper;
        }
    }
  }
}

/** Sets everything above the diagonal of A (n × n) to zero. */
export function clearUpper(n: number, A: Vector): void {
  for (let i = 0; i < n; i++) A.fill(0, i * n + i + 1, (i + 1) * n);
}

/** The transpose of A (rows × cols) into `out` (cols rows of length `ld` ≥ rows). */
export function transposeInto(rows: number, cols: number, A: Vector, out: Vector, ld = rows): void {
  for (let i0 = 0; i0 < rows; i0 += BLOCK) {
    const i1 = Math.min(i0 + BLOCK, rows);
    for (let j0 = 0; j0 < cols; j0 += BLOCK) {
      const j1 = Math.min(j0 + BLOCK, cols);
      for (let j = j0; j < j1; j++) for (let i = i0; i < i1; i++) out[j * ld + i] = A[i * cols + j];
    }
  }
}
