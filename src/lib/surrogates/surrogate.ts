/**
 * What every surrogate has in common. A surrogate is a simple model on top of a kernel that is to follow a network:
 * it is fitted to the train Gram (rows: examples; columns: the kernel with each training example) and asked with the
 * kernel of test points against training points. The verbs are scikit-learn's: fit, decision, predict, score.
 * These models are of classes; one of values has neither labels nor logits: see Regressor in regression.ts.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import type { Matrix, Vector } from '../linalg/matrix';
import { heedInterruption } from '../run';

export interface Surrogate<F extends Fitted> {
  /**
   * Fits the model to K (n × p: the train Gram, n × n, or any features) and the class labels y (n numbers). Throws a
   * ShapeError when their sizes differ, a ValueError when y holds fewer than two classes or K is not finite.
   */
  fit(K: Matrix, y: ArrayLike<number>): F;
  /** The same, giving way to the event loop between iterations. */
  fitAsync(K: Matrix, y: ArrayLike<number>, options?: FitAsyncOptions): Promise<F>;
}

export interface FitAsyncOptions {
  /** Ends the fit with an InterruptedError when it is aborted. Default: the stop button of the notebook. */
  signal?: AbortSignal;
  onProgress?: (progress: SurrogateProgress) => void;
}

export interface SurrogateProgress {
  /** The class that is being set apart from the rest. */
  label: number;
  /** Epochs or steps so far, for that class. */
  iteration: number;
  /** The objective that is being made small. */
  objective: number;
}

export interface Fitted {
  /** The labels, ascending. */
  readonly classes: readonly number[];
  /**
   * The model's logits for m points, from their kernel with the n training points, Kx (m × n): m × C float64, or
   * m × 1 for two classes (positive: the larger label), so that `decision(Kx).data` is the vector of logits.
   * Throws a ShapeError unless Kx has n columns, a ValueError when it is not finite, a NumericalError on overflow.
   */
  decision(Kx: Matrix): Matrix;
  /** The label of the largest logit (of two classes: of its sign) for each row of Kx. */
  predict(Kx: Matrix): Float64Array;
  /** The share of rows of Kx whose prediction is the label in y. Throws a ShapeError for other lengths or none. */
  score(Kx: Matrix, y: ArrayLike<number>): number;
}

/** Runs a fit, written as a generator that yields where it may be interrupted, to its end. */
export function finish<F>(fitting: Generator<unknown, F, void>): F {
  for (;;) {
    const next = fitting.next();
    if (next.done) return next.value;
  }
}

/**
 * The same, giving way to the event loop at every yield and reporting what is yielded and not undefined. Rejects with an
 * InterruptedError that names `what` once the signal is aborted.
 */
export async function finishAsync<P, F>(
  what: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (progress: P) => void } = {},
  begin: () => Generator<P | undefined, F, void>,
): Promise<F> {
  const heed = heedInterruption(what, signal);
  const fitting = begin();
  for (;;) {
    heed();
    const next = fitting.next();
    if (next.done) return next.value;
    if (next.value !== undefined) onProgress?.(next.value);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The label of the largest logit, or of two classes of the sign, for each row of logits (m × C or m × 1). */
export function labelsOf(logits: Matrix, classes: readonly number[]): Float64Array {
  const labels = new Float64Array(logits.rows);
  for (let i = 0; i < labels.length; i++) {
    const row = logits.row(i);
    labels[i] = classes[row.length === 1 ? (row[0] > 0 ? 1 : 0) : indexOfLargest(row)];
  }
  return labels;
}

/** The share of rows of X whose prediction is the label in y. Throws a ShapeError for other lengths or none. */
export function scoreOf(fitted: Pick<Fitted, 'predict'>, X: Matrix, y: ArrayLike<number>): number {
  checkLabels(y, X.rows, 'score');
  if (X.rows === 0)
    throw new ShapeError({
      what: 'score',
      expected: 'at least one point',
      got: 'none',
      todo: 'The share of right predictions among none is not a number.',
    });
  const labels = fitted.predict(X);
  let right = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === y[i]) right++;
  return right / labels.length;
}

function indexOfLargest(row: Vector): number {
  let best = 0;
  for (let c = 1; c < row.length; c++) if (row[c] > row[best]) best = c;
  return best;
}

/** The labels of y in ascending order. Throws when y does not have `rows` finite labels of at least two classes. */
export function classesOf(y: ArrayLike<number>, rows: number, what: string): number[] {
  checkLabels(y, rows, what);
  const classes = [...new Set(Array.from(y))].sort((a, b) => a - b);
  if (classes.length >= 2) return classes;
  throw new ValueError({
    what: `${what}, y`,
    expected: 'labels of two classes or more',
    got: classes.length === 1 ? `${rows} times the label ${classes[0]}` : 'no labels',
    todo: 'A classifier needs examples of each class: check the split, and that the labels belong to these rows.',
  });
}

/** The two labels of y in ascending order. Throws as `classesOf`, and a ValueError for more than two. */
export function twoClassesOf(y: ArrayLike<number>, rows: number, what: string): [number, number] {
  const classes = classesOf(y, rows, what);
  if (classes.length === 2) return [classes[0], classes[1]];
  throw new ValueError({
    what: `${what}, y`,
    expected: 'labels of two classes',
    got: `${classes.length} classes: ${classes.slice(0, 5).join(', ')}${classes.length > 5 ? ' …' : ''}`,
    todo: 'Fit one class against the rest: Float64Array.from(y, (label) => (label === c ? 1 : 0)).',
  });
}

/** Throws unless y is one finite label for each of `rows` rows. */
export function checkLabels(y: ArrayLike<number>, rows: number, what: string): void {
  if (y.length !== rows)
    throw new ShapeError({
      what: `${what}, y`,
      expected: `${rows} labels, one for each row`,
      got: `${y.length}`,
      todo: 'Rows and labels must be of the same examples, in the same order.',
    });
  for (let i = 0; i < y.length; i++)
    if (!Number.isFinite(y[i]))
      throw new ValueError({
        what: `${what}, y`,
        expected: 'finite labels',
        got: `${y[i]} at position ${i}`,
        todo: 'Give each example the number of its class.',
      });
}

/** Throws unless Kx has one column for each of the n training examples. */
export function checkColumns(Kx: Matrix, n: number, what: string): void {
  if (Kx.cols !== n)
    throw new ShapeError({
      what,
      expected: `a matrix of ${n} columns, one for each training example`,
      got: shapeText(Kx.shape),
      todo: 'Give the kernel of the points (rows) against the training set: kernel.cross(points, training).',
    });
}
