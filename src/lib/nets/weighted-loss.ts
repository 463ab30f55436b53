/**
 * The squared error in which examples have weights, as quadrature has them: with equispaced nodes x_i and trapezoidal
 * weights, Σ_i w_i (y_i − f(x_i))² is ∫ (y − f)² to second order (arXiv 2310.18612, eqs. 8 and 31). The weights travel
 * with the targets, as one more column, so that batches and orders need not know of them.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import { type DType, Matrix } from '../linalg/matrix';
import type { Loss, Targets } from './losses';

/**
 * 1/(n · d_out) Σ_i w_i Σ_j (f_ij − y_ij)²: the mean that `meanSquaredError` is, with weights (Keras' `sample_weight`).
 * For a sum Σ_i w_i (…)² of one output, as a quadrature is, give n · w_i.
 *
 * Targets: a Matrix n × (d_out + 1), the weights w_i ≥ 0 in its last column (`weightedTargets`). Throws a ShapeError
 * for other columns, a ValueError for weights or targets that are not finite, or weights below 0.
 */
export const weightedSquaredError: Loss = {
  name: 'weightedSquaredError',
  targets: prepared,
  value: (outputs, targets) => squares(outputs, fitting(outputs, targets)),
  gradient(outputs, targets, out) {
    const its = fitting(outputs, targets);
    checkLike('out', outputs, out);
    return squares(outputs, its, out);
  },
  hessianVector(outputs, targets, vector, out) {
    const { data, cols } = fitting(outputs, targets);
    checkLike('vector', outputs, vector);
    checkLike('out', outputs, out);
    const d = outputs.cols;
    const scale = 2 / outputs.data.length;
    for (let k = 0; k < out.data.length; k++)
      out.data[k] = scale * data[Math.floor(k / d) * cols + d] * vector.data[k];
  },
};

/**
 * Targets and weights as `weightedSquaredError` takes them: y (n numbers, or n × d_out) and then one column of w (n
 * numbers). Throws a ShapeError when their lengths differ.
 */
export function weightedTargets(y: Targets, weights: ArrayLike<number>): Matrix {
  const rows = y instanceof Matrix ? y.rows : y.length;
  if (weights.length !== rows)
    throw new ShapeError({
      what: 'weightedTargets, weights',
      expected: `${rows}, one for each example`,
      got: `${weights.length}`,
      todo: 'Targets and weights must be of the same examples, in the same order.',
    });
  const [cols, values] = y instanceof Matrix ? [y.cols, y.data] : [1, y];
  const both = Matrix.zeros(rows, cols + 1, 'float64');
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) both.data[i * (cols + 1) + j] = values[i * cols + j];
    both.data[i * (cols + 1) + cols] = weights[i];
  }
  return both;
}

function prepared(targets: Targets, outputs: number, dtype: DType): Matrix {
  if (!(targets instanceof Matrix) || targets.cols !== outputs + 1)
    throw new ShapeError({
      what: 'weightedSquaredError targets',
      expected: `a Matrix of ${outputs + 1} columns: one for each output, and the weights`,
      got: targets instanceof Matrix ? shapeText(targets.shape) : `a list of ${targets.length} numbers`,
      todo: 'Make it with weightedTargets(y, weights).',
    });
  const { data, cols } = targets;
  for (let k = 0; k < data.length; k++)
    if (!Number.isFinite(data[k]) || (k % cols === outputs && data[k] < 0))
      throw new ValueError({
        what: 'weightedSquaredError targets',
        expected: k % cols === outputs ? 'finite weights, 0 or more' : 'finite numbers',
        got: `${data[k]} in example ${Math.floor(k / cols)}`,
        todo: 'An example that is not to count has weight 0.',
      });
  return targets.as(dtype);
}

function fitting(outputs: Matrix, targets: Targets): Matrix {
  const its = prepared(targets, outputs.cols, outputs.dtype);
  if (its.rows === outputs.rows && its.rows > 0) return its;
  throw new ShapeError({
    what: 'weightedSquaredError targets',
    expected: outputs.rows === 0 ? 'at least one example' : `${outputs.rows} examples, as the outputs have`,
    got: `${its.rows}`,
    todo: 'Give one row of targets for each row of the outputs.',
  });
}

function checkLike(name: string, outputs: Matrix, matrix: Matrix): void {
  if (matrix.rows === outputs.rows && matrix.cols === outputs.cols && matrix.dtype === outputs.dtype) return;
  throw new ShapeError({
    what: `weightedSquaredError, ${name}`,
    expected: `${shapeText(outputs.shape)} ${outputs.dtype}, as the outputs`,
    got: `${shapeText(matrix.shape)} ${matrix.dtype}`,
    todo: 'Give a matrix of the shape and precision of the outputs.',
  });
}

/** The value; with `out`, its gradient in the outputs too. */
function squares(outputs: Matrix, { data: its, cols }: Matrix, out?: Matrix): number {
  const { data: f, cols: d } = outputs;
  const scale = 1 / f.length;
  let sum = 0;
  for (let i = 0, k = 0; i < outputs.rows; i++) {
    const weight = its[i * cols + d];
    for (let j = 0; j < d; j++, k++) {
      const error = f[k] - its[i * cols + j];
      sum += weight * error * error;
      if (out) out.data[k] = 2 * scale * weight * error;
    }
  }
  return sum * scale;
}
