/**
 * Columns brought to mean 0 and standard deviation 1: learnt from the training part, applied to every part, so that
 * nothing of the test data leaks.
 */

import { ShapeError, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import { Matrix } from '../linalg/matrix';

/** The scaling of columns that `standardise` learnt. */
export class Standardisation {
  /** The mean of each column of the training part. */
  readonly mean: Float64Array;
  /** What each column is divided by: its standard deviation (over n), or 1 for a constant column. */
  readonly deviation: Float64Array;

  constructor(mean: Float64Array, deviation: Float64Array) {
    this.mean = mean;
    this.deviation = deviation;
  }

  /**
   * (X − mean) / deviation, a new matrix of X's precision. Throws a ShapeError for another number of columns, a
   * ValueError for NaN or infinity.
   */
  apply(X: Matrix): Matrix {
    if (X.cols !== this.mean.length)
      throw new ShapeError({
        what: 'Standardisation.apply(X)',
        expected: `${this.mean.length} columns, as in the training part`,
        got: String(X.cols),
        todo: 'Apply it to data of the same features.',
      });
    checkEntries('Standardisation.apply(X)', X);
    const out = Matrix.zeros(X.rows, X.cols, X.dtype);
    for (let i = 0, k = 0; i < X.rows; i++)
      for (let j = 0; j < X.cols; j++, k++) out.data[k] = (X.data[k] - this.mean[j]) / this.deviation[j];
    return out;
  }
}

/**
 * Learns mean and standard deviation (divided by n, as scikit-learn's StandardScaler) of each column of `train`:
 * `const scale = standardise(train); scale.apply(train); scale.apply(test)`. Sums are in float64. A column that is
 * constant up to rounding is only centred. Throws a ShapeError without rows, a ValueError for NaN or infinity.
 */
export function standardise(train: Matrix): Standardisation {
  const { rows: n, cols: d, data } = train;
  if (n === 0)
    throw new ShapeError({
      what: 'standardise(train)',
      expected: 'at least one row',
      got: '0 rows',
      todo: 'Give the training part.',
    });
  checkEntries('standardise(train)', train);
  const mean = new Float64Array(d);
  const variance = new Float64Array(d);
  for (let i = 0, k = 0; i < n; i++) for (let j = 0; j < d; j++, k++) mean[j] += data[k];
  for (let j = 0; j < d; j++) mean[j] /= n;
  for (let i = 0, k = 0; i < n; i++) for (let j = 0; j < d; j++, k++) variance[j] += (data[k] - mean[j]) ** 2;
  for (let j = 0; j < d; j++) variance[j] /= n;
  const deviation = variance.map((v, j) => {
    // A bound on what rounding the mean alone can make of a constant column.
    const rounding = n * Number.EPSILON * v + (n * Number.EPSILON * mean[j]) ** 2;
    return v <= rounding ? 1 : Math.sqrt(v);
  });
  return new Standardisation(mean, deviation);
}

function checkEntries(what: string, X: Matrix): void {
  const at = firstNotFinite(X.data);
  if (at < 0) return;
  throw new ValueError({
    what: `${what}, row ${Math.floor(at / X.cols)}, column ${at % X.cols}`,
    expected: 'a finite number',
    got: String(X.data[at]),
    todo: 'Take such rows out, or fill them in.',
  });
}
