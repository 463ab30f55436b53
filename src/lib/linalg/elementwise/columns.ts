/**
 * What a normalisation does with the columns of a matrix (a column is a channel, a row one position of one example):
 * reductions down the columns, accumulated in float64, and combinations with one coefficient a column. The matrix is
 * read once by each.
 */

import type { Vector } from '../matrix';
import { checkLength, checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

/**
 * The mean of each column and its mean square about that mean (the biased variance), in two passes:
 * mean_j = 1/n Σ_i A_ij, variance_j = 1/n Σ_i (A_ij − mean_j)². `rows` is 1 or more.
 */
export function columnMoments(A: Vector, rows: number, cols: number, mean: Vector, variance: Vector): void {
  checkLength('columnMoments, A', A, rows * cols);
  checkSame('columnMoments, mean', mean, cols, A);
  checkSame('columnMoments, variance', variance, cols, A);
  const loops = shared(A, mean, variance);
  if (loops) {
    loops.columnTotals(at(A), rows, cols, at(mean), 1 / rows, 0);
    loops.columnSquares(at(A), at(mean), rows, cols, at(variance), 1 / rows, 0);
    return;
  }
  const means = totals(rows, cols, mean, (start, end) => {
    const operands: Operand[] = [
      { vector: A.subarray(start * cols, end * cols), use: 'in' },
      { vector: mean, use: 'both', per: 'columns' },
    ];
    stage(end - start, cols, operands, false, ({ loops, addresses: [a, out], rows, cols }) =>
      loops.columnTotals(a, rows, cols, out, 1, 1),
    );
  });
  for (let j = 0; j < cols; j++) mean[j] = means[j] / rows;
  const squares = totals(rows, cols, variance, (start, end) => {
    const operands: Operand[] = [
      { vector: A.subarray(start * cols, end * cols), use: 'in' },
      { vector: mean, use: 'in', per: 'columns' },
      { vector: variance, use: 'both', per: 'columns' },
    ];
    stage(end - start, cols, operands, false, ({ loops, addresses: [a, m, out], rows, cols }) =>
      loops.columnSquares(a, m, rows, cols, out, 1, 1),
    );
  });
  for (let j = 0; j < cols; j++) variance[j] = squares[j] / rows;
}

/** Entries of a block of rows that is staged by itself. */
const BLOCK = 4096;

/** The sum, in float64, of what `reduce` adds to `part` for one block of rows after the other. */
function totals(
  rows: number,
  cols: number,
  part: Vector,
  reduce: (start: number, end: number) => void,
): Float64Array {
  const sums = new Float64Array(cols);
  const step = Math.max(1, Math.floor(BLOCK / cols));
  for (let start = 0; start < rows; start += step) {
    part.fill(0);
    reduce(start, Math.min(start + step, rows));
    for (let j = 0; j < cols; j++) sums[j] += part[j];
  }
  return sums;
}

/** out_j = beta · out_j + alpha Σ_i A_ij B_ij. `out` is not read when beta is 0. */
export function columnDots(
  A: Vector,
  B: Vector,
  rows: number,
  cols: number,
  out: Vector,
  alpha = 1,
  beta = 0,
): void {
  checkLength('columnDots, A', A, rows * cols);
  checkSame('columnDots, B', B, rows * cols, A);
  checkSame('columnDots, out', out, cols, A);
  const loops = shared(A, B, out);
  if (loops) {
    loops.columnDots(at(A), at(B), rows, cols, at(out), alpha, beta);
    return;
  }
  const part = out.slice() as Vector;
  const dots = totals(rows, cols, part, (start, end) => {
    const operands: Operand[] = [
      { vector: A.subarray(start * cols, end * cols), use: 'in' },
      { vector: B.subarray(start * cols, end * cols), use: 'in' },
      { vector: part, use: 'both', per: 'columns' },
    ];
    stage(end - start, cols, operands, false, ({ loops, addresses: [a, b, o], rows, cols }) =>
      loops.columnDots(a, b, rows, cols, o, 1, 1),
    );
  });
  for (let j = 0; j < cols; j++) out[j] = alpha * dots[j] + (beta === 0 ? 0 : beta * out[j]);
}

export interface ColumnNormalisation {
  rows: number;
  cols: number;
  /** X, rows × cols. */
  input: Vector;
  /** m, r, g and b: one value a column. */
  mean: Vector;
  factor: Vector;
  scale: Vector;
  shift: Vector;
  /** Receives N = (X − m) r. One of the two may be left out; either may be `input` itself. */
  normal?: Vector | null;
  /** Receives g N + b. */
  output?: Vector | null;
}

/** N_ij = (X_ij − m_j) r_j and Y_ij = g_j N_ij + b_j, in one pass. */
export function normaliseColumns(task: ColumnNormalisation): void {
  const { rows, cols, input, mean, factor, scale, shift, normal, output } = task;
  checkLength('normaliseColumns, input', input, rows * cols);
  checkSame('normaliseColumns, mean', mean, cols, input);
  checkSame('normaliseColumns, factor', factor, cols, input);
  checkSame('normaliseColumns, scale', scale, cols, input);
  checkSame('normaliseColumns, shift', shift, cols, input);
  if (normal) checkSame('normaliseColumns, normal', normal, rows * cols, input);
  if (output) checkSame('normaliseColumns, output', output, rows * cols, input);
  const loops = shared(input, mean, factor, scale, shift, normal ?? output);
  if (loops && (!normal || !output || normal.buffer === output.buffer)) {
    loops.normaliseColumns(
      at(input),
      at(mean),
      at(factor),
      at(scale),
      at(shift),
      rows,
      cols,
      at(normal),
      at(output),
    );
    return;
  }
  const operands: Operand[] = [
    { vector: input, use: 'in' },
    { vector: mean, use: 'in', per: 'columns' },
    { vector: factor, use: 'in', per: 'columns' },
    { vector: scale, use: 'in', per: 'columns' },
    { vector: shift, use: 'in', per: 'columns' },
    { vector: normal, use: 'out' },
    { vector: output, use: 'out' },
  ];
  stage(rows, cols, operands, false, ({ loops, addresses: [x, m, r, g, b, n, y], rows, cols }) =>
    loops.normaliseColumns(x, m, r, g, b, rows, cols, n, y),
  );
}

export interface ColumnCombination {
  rows: number;
  cols: number;
  /** A and a: rows × cols, and one value a column. */
  first: Vector;
  firstFactor: Vector;
  /** B and b, or neither. */
  second?: Vector | null;
  secondFactor?: Vector | null;
  /** c: one value a column. */
  shift: Vector;
  /** May be A or B. */
  output: Vector;
  /** Add to `output` instead of overwriting it (default false). */
  accumulate?: boolean;
}

/** out_ij (+)= a_j A_ij + b_j B_ij + c_j, in one pass. */
export function combineColumns(task: ColumnCombination): void {
  const { rows, cols, first, firstFactor, second, secondFactor, shift, output, accumulate = false } = task;
  checkLength('combineColumns, first', first, rows * cols);
  checkSame('combineColumns, firstFactor', firstFactor, cols, first);
  if (second) {
    checkSame('combineColumns, second', second, rows * cols, first);
    checkSame('combineColumns, secondFactor', secondFactor as Vector, cols, first);
  }
  checkSame('combineColumns, shift', shift, cols, first);
  checkSame('combineColumns, output', output, rows * cols, first);
  const more = accumulate ? 1 : 0;
  const loops = shared(first, firstFactor, second, secondFactor, shift, output);
  if (loops) {
    loops.combineColumns(
      at(first),
      at(firstFactor),
      at(second),
      at(secondFactor),
      at(shift),
      rows,
      cols,
      at(output),
      more,
    );
    return;
  }
  const operands: Operand[] = [
    { vector: first, use: 'in' },
    { vector: firstFactor, use: 'in', per: 'columns' },
    { vector: second, use: 'in' },
    { vector: secondFactor, use: 'in', per: 'columns' },
    { vector: shift, use: 'in', per: 'columns' },
    { vector: output, use: accumulate ? 'both' : 'out' },
  ];
  stage(rows, cols, operands, false, ({ loops, addresses: [A, a, B, b, c, out], rows, cols }) =>
    loops.combineColumns(A, a, B, b, c, rows, cols, out, more),
  );
}
