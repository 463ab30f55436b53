/**
 * Optimisers with the formulas of torch.optim (PyTorch 2), so that a training run can be held against PyTorch step
 * by step. An optimiser is a description; `start` gives it the memory for one parameter vector, and `step` updates
 * parameters in place in one pass, without an allocation when parameters, gradient and state lie in one Arena.
 *
 * Where others differ: Keras' Adam is θ −= rate √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε), so its ε (1e-7) is not
 * corrected for bias: it counts 1/√(1 − β₂ᵗ) times as much in the first steps. tfjs has PyTorch's Adam with
 * ε = 1e-7; its AdaGrad is g / √(G + ε) with ε = 1e-7 and starts from G = 0.1, Keras' from 0.1 too, PyTorch's from
 * 0 with ε = 1e-10 outside of the root. Keras' SGD keeps the velocity with its rate, v ← momentum v − rate g, which is
 * the same as long as the rate does not change.
 */

import { ShapeError, ValueError } from '../errors';
import * as elementwise from '../linalg/elementwise';
import { type DType, Matrix, type Vector, zeros } from '../linalg/matrix';

export interface Optimizer {
  readonly name: string;
  /** Every option with its value, for cache keys and reports (JSON). */
  readonly options: Readonly<Record<string, number | boolean>>;
  /** Fresh state for `length` parameters; its vectors are cut from `arena` if given. */
  start(length: number, dtype: DType, arena?: elementwise.Arena): OptimizerState;
}

export interface OptimizerState {
  readonly optimizer: Optimizer;
  /** The learning rate of the next step: a schedule may write to it. */
  rate: number;
  /** Steps taken. */
  readonly steps: number;
  /** Updates `params` in place. Throws a ShapeError or ValueError when lengths or precisions differ. */
  step(params: Vector, gradient: Vector): void;
  /** A copy of the state from which `restore` goes on to the same digits. */
  save(): SavedOptimizer;
  /** Takes up a saved state. Throws a ValueError when it is of another optimiser or length. */
  restore(saved: SavedOptimizer): void;
}

/** What `cached` can store: JSON and matrices. */
export interface SavedOptimizer {
  optimizer: string;
  steps: number;
  rate: number;
  /** The moments by name, 1 × length each. */
  moments: Record<string, Matrix>;
}

type Moments<Name extends string> = Record<Name, Vector>;
interface StepTask<Name extends string> {
  params: Vector;
  gradient: Vector;
  moments: Moments<Name>;
  rate: number;
  /** Counted from 1. */
  step: number;
}

/** Wraps an update and its moments (with their first values) as an Optimizer. */
function optimizer<Name extends string>(
  name: string,
  options: Record<string, number | boolean> & { rate: number },
  initial: Record<Name, number>,
  update: (task: StepTask<Name>) => void,
): Optimizer {
  const names = Object.keys(initial) as Name[];
  const description: Optimizer = {
    name,
    options: Object.freeze({ ...options }),
    start(length, dtype, arena) {
      const moments = {} as Moments<Name>;
      for (const key of names) {
        moments[key] = arena ? arena.vector(length, dtype) : zeros(length, dtype);
        if (initial[key] !== 0) moments[key].fill(initial[key]);
      }
      return new State(description, length, moments, update);
    },
  };
  return Object.freeze(description);
}

class State<Name extends string> implements OptimizerState {
  readonly optimizer: Optimizer;
  private readonly length: number;
  private readonly moments: Moments<Name>;
  private readonly update: (task: StepTask<Name>) => void;
  /** One object for all steps: a step allocates nothing. */
  private readonly task: StepTask<Name>;
  private count = 0;
  rate: number;

  constructor(
    description: Optimizer,
    length: number,
    moments: Moments<Name>,
    update: (task: StepTask<Name>) => void,
  ) {
    this.optimizer = description;
    this.length = length;
    this.moments = moments;
    this.update = update;
    this.rate = description.options.rate as number;
    const empty = new Float32Array(0);
    this.task = { params: empty, gradient: empty, moments, rate: this.rate, step: 0 };
  }

  get steps(): number {
    return this.count;
  }

  step(params: Vector, gradient: Vector): void {
    if (params.length !== this.length || gradient.length !== this.length)
      throw new ShapeError({
        what: `${this.optimizer.name} step`,
        expected: `${this.length} parameters and as many gradient entries`,
        got: `${params.length} and ${gradient.length}`,
        todo: 'Start the optimiser with the length of the parameter vector.',
      });
    const task = this.task;
    task.params = params;
    task.gradient = gradient;
    task.rate = this.rate;
    task.step = this.count + 1;
    this.update(task);
    this.count++;
  }

  save(): SavedOptimizer {
    const moments: Record<string, Matrix> = {};
    for (const key of Object.keys(this.moments) as Name[])
      moments[key] = new Matrix(1, this.length, this.moments[key].slice());
    return { optimizer: this.optimizer.name, steps: this.count, rate: this.rate, moments };
  }

  restore(saved: SavedOptimizer): void {
    const keys = Object.keys(this.moments) as Name[];
    const fits =
      saved.optimizer === this.optimizer.name &&
      Number.isInteger(saved.steps) &&
      saved.steps >= 0 &&
      keys.every((key) => saved.moments[key]?.data.length === this.length);
    if (!fits)
      throw new ValueError({
        what: `${this.optimizer.name} restore`,
        expected: `a state of ${this.optimizer.name} for ${this.length} parameters`,
        got: `one of ${saved.optimizer} after ${saved.steps} steps, with ${
          Object.entries(saved.moments)
            .map(([key, moment]) => `${key} of ${moment.data.length}`)
            .join(', ') || 'no moments'
        }`,
        todo: 'Restore into a state started by the same optimiser for the same network.',
      });
    for (const key of keys) this.moments[key].set(saved.moments[key].data);
    this.count = saved.steps;
    this.rate = saved.rate;
  }
}

function checkOption(what: string, value: number, low: number, high: number): void {
  // A NaN fails both comparisons.
  if (!(value >= low && value < high))
    throw new ValueError({
      what,
      expected: high === Infinity ? `a finite number, ${low} or more` : `${low} ≤ value < ${high}`,
      got: `${value}`,
      todo: 'See the formula in the documentation of the optimiser.',
    });
}

/** θ ← θ − rate · g: full-batch gradient descent (or SGD without momentum). */
export function gradientDescent({ rate }: { rate: number }): Optimizer {
  checkOption('gradientDescent rate', rate, 0, Infinity);
  return optimizer('gradientDescent', { rate }, {}, ({ params, gradient, rate }) =>
    elementwise.descentStep(params, gradient, rate),
  );
}

export interface SgdOptions {
  rate: number;
  /** Default 0. */
  momentum?: number;
  /** Default false. */
  nesterov?: boolean;
  /** λ, adds λ θ to the gradient (default 0). */
  weightDecay?: number;
}

/**
 * g ← gradient + λ θ; v ← momentum · v + g; θ ← θ − rate · v, or with Nesterov θ ← θ − rate · (g + momentum · v).
 * Sutskever et al. 2013 in PyTorch's form (no dampening).
 */
export function sgd({ rate, momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions): Optimizer {
  checkOption('sgd rate', rate, 0, Infinity);
  checkOption('sgd momentum', momentum, 0, 1);
  checkOption('sgd weightDecay', weightDecay, 0, Infinity);
  if (nesterov && momentum === 0)
    throw new ValueError({
      what: 'sgd nesterov',
      expected: 'a momentum above 0',
      got: '0',
      todo: 'Give a momentum (0.9 is usual) or leave out nesterov.',
    });
  const options = { rate, momentum, nesterov, weightDecay };
  if (momentum === 0)
    return optimizer('sgd', options, {}, ({ params, gradient, rate }) =>
      elementwise.descentStep(params, gradient, rate, weightDecay),
    );
  return optimizer('sgd', options, { velocity: 0 }, ({ params, gradient, rate, moments }) =>
    elementwise.momentumStep(params, gradient, moments.velocity, { rate, momentum, nesterov, weightDecay }),
  );
}

export interface AdamOptions {
  /** Default 0.001. */
  rate?: number;
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
}

/**
 * m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; θ ← θ − rate · m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
 * Kingma & Ba 2015, algorithm 1.
 */
export function adam({
  rate = 1e-3,
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8,
}: AdamOptions = {}): Optimizer {
  checkOption('adam rate', rate, 0, Infinity);
  checkOption('adam beta1', beta1, 0, 1);
  checkOption('adam beta2', beta2, 0, 1);
  checkOption('adam epsilon', epsilon, 0, Infinity);
  const options = { rate, beta1, beta2, epsilon };
  return optimizer('adam', options, { first: 0, second: 0 }, ({ params, gradient, moments, rate, step }) =>
    elementwise.adamStep(params, gradient, moments.first, moments.second, {
      step,
      rate,
      beta1,
      beta2,
      epsilon,
    }),
  );
}

export interface AdagradOptions {
  /** Default 0.01. */
  rate?: number;
  /** Default 1e-10. */
  epsilon?: number;
  /** G before the first step (default 0). */
  initialAccumulator?: number;
}

/** G ← G + g²; θ ← θ − rate · g / (√G + ε). Duchi, Hazan & Singer 2011. */
export function adagrad({
  rate = 1e-2,
  epsilon = 1e-10,
  initialAccumulator = 0,
}: AdagradOptions = {}): Optimizer {
  checkOption('adagrad rate', rate, 0, Infinity);
  checkOption('adagrad epsilon', epsilon, 0, Infinity);
  checkOption('adagrad initialAccumulator', initialAccumulator, 0, Infinity);
  return optimizer(
    'adagrad',
    { rate, epsilon, initialAccumulator },
    { accumulator: initialAccumulator },
    ({ params, gradient, moments, rate }) =>
      elementwise.adagradStep(params, gradient, moments.accumulator, rate, epsilon),
  );
}
