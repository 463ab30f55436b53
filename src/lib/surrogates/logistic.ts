/**
 * The kernel generalised linear model (kGLM) of the trNTK study: logistic regression on the columns of the train Gram
 * as features (arXiv 2305.14585, section 2, eq. 1). The penalty is on ‖w‖², as in the authors' program, not on wᵀKw
 * (a norm of functions): a kGLM is a linear model of kernel values, not a kernel machine in an RKHS.
 *
 *     minimise  1/n Σ_i s_i ℓ(y_i, Σ_j w_j K_ij + b) + α/2 ‖w‖²
 *
 * More than two classes are set apart one against the rest. Two solvers: 'sgd' by scikit-learn's rules (what the paper
 * ran: at α = 1e-4 it stops well before the optimum, and depends on the order of the examples), and 'newton', the exact
 * optimum of the same objective, which is what scikit-learn's LogisticRegression(C = 1/(nα)) finds. Kernel logistic
 * regression without a penalty is kernelLogisticNewton.
 */

import { ValueError } from '../errors';
import type { Matrix } from '../linalg/matrix';
import type { Random } from '../random';
import { logisticNewton } from './newton';
import { type BinarySolver, FittedExpansion, oneAgainstRest } from './one-against-rest';
import { checkSgdOptions, logisticSgd, type Penalty } from './sgd';
import { finish, finishAsync, type Surrogate, type SurrogateProgress } from './surrogate';

export interface KernelLogisticOptions {
  /** α > 0: the penalty's weight beside the mean loss (the paper: 1e-4 for small models, 1e-2 for BERT). */
  alpha: number;
  /** 'newton' (default): the exact optimum. 'sgd': scikit-learn's SGDClassifier. */
  solver?: 'newton' | 'sgd';
  /**
   * 'balanced' weighs class c by n / (C n_c). As in SGDClassifier, one against the rest weighs the one class so and the
   * rest by 1.
   */
  classWeight?: 'balanced';
  /** Newton: of the gradient's norm, relative to max(1, its norm at zero) (default 1e-10). SGD: of the objective (1e-3). */
  tolerance?: number;
  /** The most epochs of SGD (default 1000) or Newton steps (100). */
  maxIterations?: number;
  /** SGD: epochs without progress before it stops (default 5). */
  patience?: number;
  /** SGD: 'l2' (default), 'l1' or 'elasticnet'. Newton knows 'l2' only. */
  penalty?: Penalty;
  /** SGD with 'elasticnet': the share of l1 (default 0.15). */
  l1Ratio?: number;
  /**
   * SGD: a new random order in each epoch (default: whether `rng` is given). Without it, examples sorted by class give
   * a poor fit. The order is ours: results equal scikit-learn's in distribution, not in digits.
   */
  shuffle?: boolean;
  rng?: Random;
}

/** A fitted kGLM. Its iterations are epochs (SGD) or steps (Newton). */
export class FittedLogistic extends FittedExpansion {}

/** The kGLM with those options; see the file's head for what it minimises. Throws a ValueError on options that do not fit. */
export function kernelLogistic(options: KernelLogisticOptions): Surrogate<FittedLogistic> {
  checkOptions(options);
  return {
    fit: (K, y) => finish(fitClasses(K, y, options)),
    fitAsync: (K, y, running) =>
      finishAsync('kernelLogistic.fitAsync', running, () => fitClasses(K, y, options)),
  };
}

function* fitClasses(
  K: Matrix,
  y: ArrayLike<number>,
  options: KernelLogisticOptions,
): Generator<SurrogateProgress | undefined, FittedLogistic, void> {
  const { classWeight } = options;
  const { classes, fits } = yield* oneAgainstRest(
    'kernelLogistic',
    { rows: K.rows, y, classWeight },
    options.solver === 'sgd' ? sgdSolver(K, options) : newtonSolver(K, options),
  );
  return new FittedLogistic(classes, fits);
}

function sgdSolver(K: Matrix, options: KernelLogisticOptions): BinarySolver {
  const { rng, shuffle = rng !== undefined, solver: _, classWeight: __, ...rules } = options;
  const solve = logisticSgd(K);
  return (y, weights, index) =>
    solve(y, { ...rules, ...weights, rng: shuffle ? rng?.stream(`class ${index}`) : undefined });
}

function newtonSolver(K: Matrix, options: KernelLogisticOptions): BinarySolver {
  const { alpha, tolerance, maxIterations } = options;
  const solve = logisticNewton(K, { alpha, tolerance, maxIterations });
  return (y, { positiveWeight, negativeWeight }) =>
    solve(
      y,
      y.map((is) => (is ? positiveWeight : negativeWeight)),
    );
}

function checkOptions(options: KernelLogisticOptions): void {
  const { solver = 'newton', penalty = 'l2', shuffle, rng } = options;
  const bad = (what: string, expected: string, got: unknown, todo: string): never => {
    throw new ValueError({ what: `kernelLogistic, ${what}`, expected, got: String(got), todo });
  };
  checkSgdOptions('kernelLogistic', options);
  if (solver !== 'newton' && solver !== 'sgd')
    bad(
      'solver',
      "'newton' or 'sgd'",
      solver,
      "'newton' is the exact optimum, 'sgd' scikit-learn's program.",
    );
  if (solver === 'newton' && penalty !== 'l2')
    bad(
      'penalty',
      "'l2' for the solver 'newton'",
      penalty,
      "Take solver: 'sgd' for a penalty that is not smooth.",
    );
  if (shuffle && !rng) bad('rng', 'a generator, since shuffle is on', rng, 'Pass rng: random(seed).');
  if (options.classWeight !== undefined && options.classWeight !== 'balanced')
    bad('classWeight', "'balanced' or nothing", options.classWeight, 'Nothing weighs all examples alike.');
}
