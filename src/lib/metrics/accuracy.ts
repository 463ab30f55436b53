/**
 * How often a classifier is right, and by how much two classifiers differ in that (TAD of "Faithful and Efficient
 * Explanations for Neural Networks via Neural Tangent Kernel Surrogate Models", arXiv 2305.14585).
 */

import { ShapeError, ValueError } from '../errors';
import { Matrix } from '../linalg/matrix';
import { checkNumbers, checkSameLength } from './checks';

/** Logits (n × 1: the class is 1 where the logit is positive; n × C: the class of the largest), or class labels. */
export type Predictions = Matrix | ArrayLike<number>;

/**
 * The class that logits choose: of one column, 1 where it is above 0 and else 0; of several, the first of the
 * largest. A vector of logits counts as one column.
 */
export function predictedLabels(logits: Predictions): Uint8Array | Uint32Array {
  const { rows, cols, data } =
    logits instanceof Matrix ? logits : { rows: logits.length, cols: 1, data: logits };
  checkNumbers('predictedLabels(logits)', data, 1);
  const labels = cols <= 256 ? new Uint8Array(rows) : new Uint32Array(rows);
  for (let i = 0; i < rows; i++) labels[i] = cols === 1 ? Number(data[i] > 0) : argmax(data, i * cols, cols);
  return labels;
}

function argmax(values: ArrayLike<number>, start: number, count: number): number {
  let best = 0;
  for (let j = 1; j < count; j++) if (values[start + j] > values[start + best]) best = j;
  return best;
}

/**
 * The share of examples whose predicted class is the actual one, in [0, 1]. `predicted` is a Matrix of logits (see
 * `predictedLabels`) or a vector of labels; `actual` holds whole-number labels. Throws a ShapeError for unequal
 * lengths or none, a ValueError for NaN, for labels that are not whole and not negative, and for labels that the
 * logits have no column for.
 */
export function accuracy(predicted: Predictions, actual: ArrayLike<number>): number {
  checkLabels(
    'accuracy, actual',
    actual,
    predicted instanceof Matrix ? Math.max(2, predicted.cols) : Infinity,
  );
  const labels = predicted instanceof Matrix ? predictedLabels(predicted) : predicted;
  if (!(predicted instanceof Matrix)) checkLabels('accuracy, predicted', labels, Infinity);
  checkSameLength('accuracy(predicted, actual)', labels, actual);
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === actual[i]) right++;
  return right / labels.length;
}

/**
 * Test accuracy difference: accuracy(network) − accuracy(surrogate) on the same examples, a fraction (times 100:
 * the paper's percentage points). Arguments as in `accuracy`.
 */
export function testAccuracyDifference(
  network: Predictions,
  surrogate: Predictions,
  actual: ArrayLike<number>,
): number {
  return accuracy(network, actual) - accuracy(surrogate, actual);
}

function checkLabels(what: string, labels: ArrayLike<number>, classes: number): void {
  if (labels.length === 0)
    throw new ShapeError({ what, expected: 'at least 1 label', got: '0', todo: 'Give more data.' });
  for (let i = 0; i < labels.length; i++)
    if (!(Number.isInteger(labels[i]) && labels[i] >= 0 && labels[i] < classes))
      throw new ValueError({
        what: `${what}, value ${i}`,
        expected: classes === Infinity ? 'a class label: 0, 1, 2, …' : `a class label of 0 … ${classes - 1}`,
        got: String(labels[i]),
        todo: 'Give labels as whole numbers from 0; give logits as a Matrix (n × 1 for two classes), or take predictedLabels(logits).',
      });
}
