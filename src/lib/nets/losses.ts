/**
 * What training minimises: the mean of a loss over the batch, its gradient in the network's outputs, and the action
 * of its Hessian in the outputs (for Gauss–Newton and Hessian-vector products). All act on logits f, never on
 * probabilities, so that no logarithm of a rounded 0 is ever taken: ln(1 + eᶠ) = max(f, 0) + ln(1 + e^{−|f|}).
 * Losses that are sums over entries are divided by all n · d_out entries, as in PyTorch and Keras; the softmax
 * cross-entropy, a loss of a whole row, by n.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import * as elementwise from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';

/** A matrix (one row an example), or for one output (or for class labels) one number an example. */
export type Targets = Matrix | ArrayLike<number>;

/** TrainingData to train on, or to validate with. */
export interface TrainingData {
  /** n × d_in. */
  readonly inputs: Matrix;
  /** What the loss takes: n × d_out, or n labels. */
  readonly targets: Targets;
}

export interface Loss {
  readonly name: string;
  /**
   * The targets in the form in which the loss works fastest: checked, a Matrix of `dtype` with one row an example.
   * A trainer calls it once and hands rows of the result to `value` and `gradient`. `outputs` is the number of
   * outputs of the network. Throws a ShapeError, or a ValueError that names the first wrong entry.
   */
  targets(targets: Targets, outputs: number, dtype: DType): Matrix;
  /** The mean loss. Throws as `targets` does, and a ShapeError when targets and outputs do not fit. */
  value(outputs: Matrix, targets: Targets): number;
  /** Overwrites `out` (of the shape of `outputs`) with ∂value/∂outputs, and returns the value. */
  gradient(outputs: Matrix, targets: Targets, out: Matrix): number;
  /** Overwrites `out` with (∂²value/∂outputs²) · vector, all of the shape of `outputs`. `out` may be `vector`. */
  hessianVector(outputs: Matrix, targets: Targets, vector: Matrix, out: Matrix): void;
}

interface Range {
  low: number;
  high: number;
  expected: string;
  todo: string;
}

/** The targets as a matrix of `cols` columns in `dtype`: itself when it is one, else a copy. */
function asMatrix(what: string, targets: Targets, cols: number, dtype: DType): Matrix {
  if (targets instanceof Matrix) {
    if (targets.cols !== cols)
      throw new ShapeError({
        what: `${what} targets`,
        expected: `${cols} columns, one for each output`,
        got: shapeText(targets.shape),
        todo: 'Give one row an example and one column an output.',
      });
    return targets.as(dtype);
  }
  if (cols !== 1)
    throw new ShapeError({
      what: `${what} targets`,
      expected: `a Matrix of ${cols} columns, one for each output`,
      got: `a list of ${targets.length} numbers`,
      todo: 'A list is for networks of one output; give a Matrix with one row an example.',
    });
  return column(targets, dtype);
}

function column(values: ArrayLike<number>, dtype: DType): Matrix {
  const data = zeros(values.length, dtype);
  data.set(values);
  return new Matrix(values.length, 1, data);
}

function checkRange(what: string, targets: Matrix, { low, high, expected, todo }: Range): Matrix {
  const { data, cols } = targets;
  for (let k = 0; k < data.length; k++)
    // The negation also catches NaN.
    if (!(data[k] >= low && data[k] <= high)) {
      const where = `${data[k]} in example ${Math.floor(k / cols)}${cols > 1 ? `, column ${k % cols}` : ''}`;
      throw new ValueError({ what: `${what} targets`, expected, got: where, todo });
    }
  return targets;
}

function checkRows(what: string, outputs: Matrix, targets: Matrix): void {
  if (outputs.rows !== targets.rows || outputs.rows === 0)
    throw new ShapeError({
      what: `${what} targets`,
      expected: outputs.rows === 0 ? 'at least one example' : `${outputs.rows} examples, as the outputs have`,
      got: `${targets.rows}`,
      todo: 'Give one target for each row of the outputs.',
    });
}

function checkOut(what: string, outputs: Matrix, out: Matrix): void {
  if (out.rows !== outputs.rows || out.cols !== outputs.cols || out.dtype !== outputs.dtype)
    throw new ShapeError({
      what,
      expected: `${shapeText(outputs.shape)} ${outputs.dtype}, as the outputs`,
      got: `${shapeText(out.shape)} ${out.dtype}`,
      todo: 'Give a matrix of the shape and precision of the outputs.',
    });
}

type ErrorLoop = (f: Vector, y: Vector, gradient: Vector | null, scale: number) => number;

/** A loss that is a sum of ℓ(f, y) over entries; `curvature` is ∂²ℓ/∂f². */
function entrywise(
  name: string,
  loop: ErrorLoop,
  curvature: (f: number, y: number) => number,
  range: Range,
): Loss {
  const prepare = (targets: Targets, cols: number, dtype: DType) =>
    checkRange(name, asMatrix(name, targets, cols, dtype), range);
  const fitting = (outputs: Matrix, targets: Targets) => {
    const y = prepare(targets, outputs.cols, outputs.dtype);
    checkRows(name, outputs, y);
    return y.data;
  };
  return {
    name,
    targets: prepare,
    value(outputs, targets) {
      return loop(outputs.data, fitting(outputs, targets), null, 1) / outputs.data.length;
    },
    gradient(outputs, targets, out) {
      const y = fitting(outputs, targets);
      checkOut(`${name} gradient, out`, outputs, out);
      const mean = 1 / outputs.data.length;
      return loop(outputs.data, y, out.data, mean) * mean;
    },
    hessianVector(outputs, targets, vector, out) {
      const y = fitting(outputs, targets);
      checkOut(`${name} hessianVector, vector`, outputs, vector);
      checkOut(`${name} hessianVector, out`, outputs, out);
      const f = outputs.data;
      for (let k = 0; k < f.length; k++) out.data[k] = (curvature(f[k], y[k]) * vector.data[k]) / f.length;
    },
  };
}

const finite: Range = {
  low: -Number.MAX_VALUE,
  high: Number.MAX_VALUE,
  expected: 'finite numbers',
  todo: 'Remove or repair the examples that are NaN or infinite before training.',
};
const probability: Range = {
  low: 0,
  high: 1,
  expected: 'labels 0 or 1 (or probabilities between)',
  todo: 'Map the two classes to 0 and 1.',
};

/** σ(x) from the side that does not overflow. */
function sigmoid(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/** Mean of (f − y)². Targets: finite numbers, n × d_out (or a list of n for one output). */
export const meanSquaredError: Loss = entrywise(
  'meanSquaredError',
  elementwise.squaredError,
  () => 2,
  finite,
);

/**
 * Binary cross-entropy on logits: mean of ln(1 + eᶠ) − y f. Targets: 0 or 1 (or a probability), n × d_out (or a
 * list of n for one output).
 */
export const logisticLoss: Loss = entrywise(
  'logisticLoss',
  elementwise.logisticError,
  (f) => sigmoid(f) * sigmoid(-f),
  probability,
);

/** Mean of (σ(f) − y)². Targets as for `logisticLoss`. */
export const sigmoidMeanSquaredError: Loss = entrywise(
  'sigmoidMeanSquaredError',
  elementwise.sigmoidSquaredError,
  (f, y) => {
    const s = sigmoid(f);
    const first = s * sigmoid(-f);
    return 2 * first * (first + (s - y) * -Math.tanh(f / 2));
  },
  probability,
);

function classTargets(targets: Targets, classes: number, dtype: DType): Matrix {
  const name = 'softmaxCrossEntropy';
  if (classes < 2)
    throw new ShapeError({
      what: `${name} outputs`,
      expected: 'two outputs or more, one for each class',
      got: `${classes}`,
      todo: 'For one logit use logisticLoss.',
    });
  const labels = !(targets instanceof Matrix) || targets.cols === 1;
  if (!labels) {
    const y = checkRange(name, asMatrix(name, targets, classes, dtype), probability);
    for (let i = 0; i < y.rows; i++) {
      let sum = 0;
      for (let j = 0; j < classes; j++) sum += y.data[i * classes + j];
      if (!(Math.abs(sum - 1) < 1e-5))
        throw new ValueError({
          what: `${name} targets`,
          expected: 'rows that sum to 1 (one-hot, or probabilities)',
          got: `${sum} in example ${i}`,
          todo: 'Give one-hot rows, or one whole-number label an example.',
        });
    }
    return y;
  }
  const y = targets instanceof Matrix ? targets.as(dtype) : column(targets, dtype);
  for (let i = 0; i < y.rows; i++) {
    const label = y.data[i];
    if (!(Number.isInteger(label) && label >= 0 && label < classes))
      throw new ValueError({
        what: `${name} targets`,
        expected: `whole-number labels 0 … ${classes - 1}, for ${classes} outputs`,
        got: `${label} in example ${i}`,
        todo: 'Number the classes from 0, and give the network one output for each.',
      });
  }
  return y;
}

function fittingClasses(outputs: Matrix, targets: Targets): Vector {
  const y = classTargets(targets, outputs.cols, outputs.dtype);
  checkRows('softmaxCrossEntropy', outputs, y);
  return y.data;
}

/**
 * Mean over the examples of L_i − Σ_j y_ij f_ij, L_i = ln Σ_j e^{f_ij}. Targets: n labels 0 … d_out − 1 (a list or a
 * Matrix of one column), or n × d_out one-hot rows or probabilities.
 */
export const softmaxCrossEntropy: Loss = {
  name: 'softmaxCrossEntropy',
  targets: classTargets,
  value(outputs, targets) {
    const { rows, cols, data } = outputs;
    return elementwise.softmaxError(data, fittingClasses(outputs, targets), rows, cols) / rows;
  },
  gradient(outputs, targets, out) {
    const { rows, cols, data } = outputs;
    const y = fittingClasses(outputs, targets);
    checkOut('softmaxCrossEntropy gradient, out', outputs, out);
    return elementwise.softmaxError(data, y, rows, cols, out.data, 1 / rows) / rows;
  },
  /** Row by row (diag(p) − p pᵀ) v / n. */
  hessianVector(outputs, targets, vector, out) {
    const { rows, cols, data } = outputs;
    fittingClasses(outputs, targets);
    checkOut('softmaxCrossEntropy hessianVector, vector', outputs, vector);
    checkOut('softmaxCrossEntropy hessianVector, out', outputs, out);
    const p = zeros(data.length, outputs.dtype);
    elementwise.softmaxRows(data, rows, cols, p);
    for (let i = 0; i < rows; i++) {
      const start = i * cols;
      let mean = 0;
      for (let j = 0; j < cols; j++) mean += p[start + j] * vector.data[start + j];
      for (let j = 0; j < cols; j++)
        out.data[start + j] = (p[start + j] * (vector.data[start + j] - mean)) / rows;
    }
  },
};
