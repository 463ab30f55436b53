/**
 * One step of an optimiser, in one pass over parameters, gradient and moments: the formulas of torch.optim. In
 * descent and momentum g is the gradient plus weightDecay · θ. All arrays have one length and one precision; θ and the moments are
 * overwritten.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import * as plain from './plain';

/** θ ← θ − rate · g. */
export function descentStep(params: Vector, gradient: Vector, rate: number, weightDecay = 0): void {
  checkSame('descentStep, gradient', gradient, params.length, params);
  plain.descentStep(params, gradient, rate, weightDecay);
}

export interface MomentumOptions {
  rate: number;
  momentum: number;
  nesterov?: boolean;
  weightDecay?: number;
}

/**
 * v ← momentum · v + g; θ ← θ − rate · v, or with Nesterov θ ← θ − rate · (g + momentum · v). The velocity v is
 * zeros before the first step.
 */
export function momentumStep(
  params: Vector,
  gradient: Vector,
  velocity: Vector,
  { rate, momentum, nesterov = false, weightDecay = 0 }: MomentumOptions,
): void {
  checkSame('momentumStep, gradient', gradient, params.length, params);
  checkSame('momentumStep, velocity', velocity, params.length, params);
  plain.momentumStep(params, gradient, velocity, rate, momentum, nesterov, weightDecay);
}

export interface AdamOptions {
  /** t, counted from 1: this step's number. */
  step: number;
  rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
}

/**
 * m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * θ ← θ − rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε). The moments m, v are zeros before the first step.
 */
export function adamStep(
  params: Vector,
  gradient: Vector,
  first: Vector,
  second: Vector,
  { step, rate, beta1, beta2, epsilon }: AdamOptions,
): void {
  checkSame('adamStep, gradient', gradient, params.length, params);
  checkSame('adamStep, first', first, params.length, params);
  checkSame('adamStep, second', second, params.length, params);
  const size = rate / (1 - beta1 ** step);
  const root = Math.sqrt(1 - beta2 ** step);
  plain.adamStep(params, gradient, first, second, size, 1 / root, beta1, beta2, epsilon);
}

/** G ← G + g²; θ ← θ − rate · g / (√G + ε). */
export function adagradStep(
  params: Vector,
  gradient: Vector,
  accumulator: Vector,
  rate: number,
  epsilon: number,
): void {
  checkSame('adagradStep, gradient', gradient, params.length, params);
  checkSame('adagradStep, accumulator', accumulator, params.length, params);
  plain.adagradStep(params, gradient, accumulator, rate, epsilon);
}
