/**
 * The long part of polynomial logistic regression, apart from what is checked before it and made of it afterwards: data
 * that can be sent to a thread (run/threads), and a function that can be called there.
 */

import { Matrix, type Vector } from '../linalg/matrix';
import { Random, type RandomState } from '../random';
import { type PolynomialOptions, PolynomialRows } from './polynomial';
import { type DescentProgress, descend, type LinearFit, type LogisticSgdOptions } from './sgd';

/** A path of fits to the same rows. */
export interface PathProblem {
  /** Whose work it is, for errors. */
  readonly what: string;
  readonly rows: number;
  readonly features: number;
  /** The variables, rows × features. */
  readonly data: Vector;
  /** Zeros and ones. */
  readonly labels: Float64Array;
  readonly terms: PolynomialOptions;
  /** A fit for each. */
  readonly fits: readonly Omit<LogisticSgdOptions, 'rng'>[];
  /** The generator of the order of the rows; null takes them as they lie. */
  readonly order: RandomState | null;
}

/** The fits, one row at a time for all of them. */
export function descendPath({
  what,
  rows,
  features,
  data,
  labels,
  terms,
  fits,
  order,
}: PathProblem): Generator<DescentProgress | undefined, LinearFit[], void> {
  const source = new PolynomialRows(what, new Matrix(rows, features, data), terms, fits.length);
  return descend(source, labels, fits, order ? Random.fromState(order) : undefined);
}
