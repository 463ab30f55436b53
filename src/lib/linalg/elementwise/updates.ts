/**
 * One step of an optimiser, in one pass over parameters, gradient and moments: the formulas of torch.optim. In
 * descent and momentum g is the gradient plus weightDecay · θ. All arrays have one length and one precision; θ and the moments are
 * overwritten.
 */

import type { Vector } from '../matrix';
import { checkSame } from './operands';
import { at, type Operand, shared, stage } from './stage';

/** θ ← θ − rate · g. */
export function descentStep(params: Vector, gradient: Vector, rate: number, weightDecay = 0): void {
  checkSame('descentStep, gradient', gradient, params.length, params);
  const loops = shared(params, gradient);
  if (loops) {
    loops.descent(at(params), at(gradient), rate, weightDecay, params.length);
    return;
  }
  const operands: Operand[] = [
    { vector: params, use: 'both' },
    { vector: gradient, use: 'in' },
  ];
  stage(1, params.length, operands, false, ({ loops, addresses: [p, g], cols }) =>
    loops.descent(p, g, rate, weightDecay, cols),
  );
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
  const ahead = nesterov ? 1 : 0;
  const n = params.length;
  const loops = shared(params, gradient, velocity);
  if (loops) {
    loops.momentum(at(params), at(gradient), at(velocity), rate, momentum, ahead, weightDecay, n);
    return;
  }
  const operands: Operand[] = [
    { vector: params, use: 'both' },
    { vector: gradient, use: 'in' },
    { vector: velocity, use: 'both' },
  ];
  stage(1, n, operands, false, ({ loops, addresses: [p, g, v], cols }) =>
    loops.momentum(p, g, v, rate, momentum, ahead, weightDecay, cols),
  );
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
  const n = params.length;
  const loops = shared(params, gradient, first, second);
  if (loops) {
    loops.adam(at(params), at(gradient), at(first), at(second), size, root, beta1, beta2, epsilon, n);
    return;
  }
  const operands: Operand[] = [
    { vector: params, use: 'both' },
    { vector: gradient, use: 'in' },
    { vector: first, use: 'both' },
    { vector: second, use: 'both' },
  ];
  stage(1, n, operands, false, ({ loops, addresses: [p, g, m, v], cols }) =>
    loops.adam(p, g, m, v, size, root, beta1, beta2, epsilon, cols),
  );
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
  const loops = shared(params, gradient, accumulator);
  if (loops) {
    loops.adagrad(at(params), at(gradient), at(accumulator), rate, epsilon, params.length);
    return;
  }
  const operands: Operand[] = [
    { vector: params, use: 'both' },
    { vector: gradient, use: 'in' },
    { vector: accumulator, use: 'both' },
  ];
  stage(1, params.length, operands, false, ({ loops, addresses: [p, g, G], cols }) =>
    loops.adagrad(p, g, G, rate, epsilon, cols),
  );
}
