/**
 * A classifier of C classes from a solver of two: one against the rest, so that each class has a logit of its own, as
 * the network that is followed has, and each logit divides among the examples. Two classes are one problem, the larger
 * label against the smaller. The way of scikit-learn's linear classifiers, class weights included.
 */

import { Matrix } from '../linalg/matrix';
import { KernelExpansion } from './expansion';
import type { FitProgress, LinearFit } from './sgd';
import { classesOf, type SurrogateProgress } from './surrogate';

/** A kernel expansion whose coefficients an iteration found, one fit for each class (or one for two classes). */
export class FittedExpansion extends KernelExpansion {
  /** The most iterations that a class took. */
  readonly iterations: number;
  /** Whether every class met its stopping rule. */
  readonly converged: boolean;

  constructor(classes: readonly number[], fits: readonly LinearFit[]) {
    const n = fits[0].weights.length;
    const coefficients = Matrix.zeros(fits.length, n, 'float64');
    fits.forEach(({ weights }, c) => {
      coefficients.row(c).set(weights);
    });
    super(
      classes,
      coefficients,
      Float64Array.from(fits, (fit) => fit.intercept),
    );
    this.iterations = Math.max(...fits.map((fit) => fit.iterations));
    this.converged = fits.every((fit) => fit.converged);
  }
}

/** Fits one class (`is`: 1) against the rest (0). `index` counts the problems from 0. */
export type BinarySolver = (
  is: Float64Array,
  weights: ClassWeights,
  index: number,
) => Generator<FitProgress | undefined, LinearFit, void>;

/**
 * Solves each of the problems and yields as the solver does, with the label. Throws as `classesOf` when y does not fit
 * the rows or holds fewer than two classes.
 */
export function* oneAgainstRest(
  what: string,
  { rows, y, classWeight }: { rows: number; y: ArrayLike<number>; classWeight?: 'balanced' },
  solve: BinarySolver,
): Generator<SurrogateProgress | undefined, { classes: number[]; fits: LinearFit[] }, void> {
  const classes = classesOf(y, rows, what);
  const targets = classes.length === 2 ? [classes[1]] : classes;
  const fits: LinearFit[] = [];
  for (const label of targets) {
    const is = Float64Array.from(y, (value) => (value === label ? 1 : 0));
    const one = solve(is, classWeights(is, classes.length, classWeight), fits.length);
    for (;;) {
      const next = one.next();
      if (next.done) {
        fits.push(next.value);
        break;
      }
      yield next.value && { label, ...next.value };
    }
  }
  return { classes, fits };
}

export interface ClassWeights {
  positiveWeight: number;
  negativeWeight: number;
}

/**
 * Weights of the examples that are of a class (`is`: 1) and of the rest, for so many classes in all: n / (C n_c) for
 * the one class by the rule 'balanced', and for the rest 1, or by the same rule where it is the other of two.
 */
export function classWeights(is: Float64Array, classes: number, rule: 'balanced' | undefined): ClassWeights {
  if (!rule) return { positiveWeight: 1, negativeWeight: 1 };
  const n = is.length;
  const ones = is.reduce((sum, v) => sum + v, 0);
  return {
    positiveWeight: n / (classes * ones),
    negativeWeight: classes === 2 ? n / (classes * (n - ones)) : 1,
  };
}
