/**
 * The fitted form that linear surrogates share: an expansion over the training examples,
 * f_c(x) = Σ_i w_ci κ(x, x_i) + b_c (arXiv 2305.14585, eq. 1), however its coefficients were found. Because it is a
 * sum over examples, a logit divides into what each example contributes (eq. 3): the attribution.
 */

import { ShapeError } from '../errors';
import { gemm } from '../linalg';
import { Matrix, type Vector } from '../linalg/matrix';
import { checkMade } from './finite';
import { checkColumns, type Fitted, labelsOf, scoreOf } from './surrogate';

/** Rows widened to float64 at a time when the kernel is float32. */
const BLOCK = 512;

export class KernelExpansion implements Fitted {
  readonly classes: readonly number[];
  /** w: C × n (one row a class), or 1 × n for two classes, float64. */
  readonly coefficients: Matrix;
  /** b: C numbers, or one. */
  readonly intercept: Float64Array;

  constructor(classes: readonly number[], coefficients: Matrix, intercept: Float64Array) {
    this.classes = classes;
    this.coefficients = coefficients;
    this.intercept = intercept;
  }

  decision(Kx: Matrix): Matrix {
    const { coefficients: W, intercept: b } = this;
    checkColumns(Kx, W.cols, 'decision, Kx');
    const out = Matrix.zeros(Kx.rows, W.rows, 'float64');
    for (let i = 0; i < out.data.length; i++) out.data[i] = b[i % W.rows];
    const step = Kx.dtype === 'float64' ? Math.max(1, Kx.rows) : BLOCK;
    for (let start = 0; start < Kx.rows; start += step) {
      const end = Math.min(start + step, Kx.rows);
      gemm(Kx.slice(start, end).as('float64'), W, { transposeB: true, beta: 1, out: out.slice(start, end) });
    }
    // No label may come of a NaN, which compares as the smaller of anything.
    checkMade(out, Kx, 'decision, Kx');
    return out;
  }

  predict(Kx: Matrix): Float64Array {
    return labelsOf(this.decision(Kx), this.classes);
  }

  score(Kx: Matrix, y: ArrayLike<number>): number {
    return scoreOf(this, Kx, y);
  }

  /**
   * What each training example contributes to the logits of one point (arXiv 2305.14585, eq. 3):
   * A_ci = w_ci κ(x, x_i) + b_c / n, from the point's kernel with the training set, κ(x, ·) (n numbers). C × n, or
   * 1 × n for two classes; each row sums to the logit of its class.
   */
  attribution(kernelRow: Vector): Matrix {
    const { coefficients: W, intercept: b } = this;
    if (kernelRow.length !== W.cols)
      throw new ShapeError({
        what: 'attribution, kernelRow',
        expected: `${W.cols} values, one for each training example`,
        got: `${kernelRow.length}`,
        todo: 'Give one row of kernel.cross(points, training).',
      });
    const out = Matrix.zeros(W.rows, W.cols, 'float64');
    for (let c = 0; c < W.rows; c++) {
      const share = b[c] / W.cols;
      const weights = W.row(c);
      const row = out.row(c);
      for (let i = 0; i < row.length; i++) row[i] = weights[i] * kernelRow[i] + share;
    }
    checkMade(out, new Matrix(1, W.cols, kernelRow), 'attribution, kernelRow');
    return out;
  }
}
