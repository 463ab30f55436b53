/**
 * One step of an optimiser, in one pass over parameters, gradient and moments: the formulas of torch.optim, with g
 * the gradient plus weightDecay · θ. All arrays have one length and one precision; θ and the moments are
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

export interface MomentumStep {
  params: Vector;
  gradient: Vector;
  /** v; zeros before the first step. */
  velocity: Vector;
  rate: number;
  momentum: number;
  nesterov?: boolean;
  weightDecay?: number;
}

/** v ← momentum · v + g; θ ← θ − rate · v, or with Nesterov θ ← θ − rate · (g + momentum · v). */
export function momentumStep(task: MomentumStep): void {
  const { params, gradient, velocity } = task;
  checkSame('momentumStep, gradient', gradient, params.length, params);
  checkSame('momentumStep, velocity', velocity, params.length, params);
  plain.momentumStep(task);
}

export interface AdamStep {
  params: Vector;
  gradient: Vector;
  /** m; zeros before the first step. */
  first: Vector;
  /** v; zeros before the first step. */
  second: Vector;
  /** t, counted from 1: this step's number. */
  step: number;
  rate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay?: number;
}

/**
 * m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²;
 * θ ← θ − rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
 */
export function adamStep(task: AdamStep): void {
  const { params, gradient, first, second } = task;
  checkSame('adamStep, gradient', gradient, params.length, params);
  checkSame('adamStep, first', first, params.length, params);
  checkSame('adamStep, second', second, params.length, params);
  plain.adamStep(task);
}

export interface AdagradStep {
  params: Vector;
  gradient: Vector;
  /** G, the sum of squared gradients. */
  accumulator: Vector;
  rate: number;
  epsilon: number;
  weightDecay?: number;
}

/** G ← G + g²; θ ← θ − rate · g / (√G + ε). */
export function adagradStep(task: AdagradStep): void {
  const { params, gradient, accumulator } = task;
  checkSame('adagradStep, gradient', gradient, params.length, params);
  checkSame('adagradStep, accumulator', accumulator, params.length, params);
  plain.adagradStep(task);
}
