/** The same functions as plain loops: what the SIMD module is held against. */

import type { Activation } from '../../src/lib/linalg/elementwise';
import type { Matrix, Vector } from '../../src/lib/linalg/matrix';

export const sigma = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));

/** [σ, σ′, σ″] at x. */
export function jet(kind: Activation['kind'], x: number, alpha: number): [number, number, number] {
  switch (kind) {
    case 'identity':
      return [x, 1, 0];
    case 'relu':
      return [x <= 0 ? 0 : x, x > 0 ? 1 : Number.isNaN(x) ? x : 0, 0];
    case 'tanh': {
      const a = Math.tanh(x);
      const q = 2 / (1 + Math.exp(2 * Math.abs(x)));
      const d = q * (1 + Math.abs(a));
      return [a, d, -2 * a * d];
    }
    case 'sigmoid': {
      const d = sigma(x) * sigma(-x);
      return [sigma(x), d, d * -Math.tanh(x / 2)];
    }
    case 'softplus': {
      const s = sigma(x);
      return [Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), s, s * sigma(-x)];
    }
    case 'elu':
      return x > 0 ? [x, 1, 0] : [alpha * Math.expm1(x), alpha * Math.exp(x), alpha * Math.exp(x)];
  }
}

export function activate(task: Activation): void {
  const { kind, rows, cols, input, bias, biasScale = 1, scale: s = 1, alpha = 1 } = task;
  const { preactivation, output, derivative, second } = task;
  for (let i = 0, k = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, k++) {
      const z = input[k] + (bias ? biasScale * bias[j] : 0);
      const [a, d, e] = jet(kind, s * z, alpha);
      if (preactivation) preactivation[k] = z;
      if (output) output[k] = a;
      if (derivative) derivative[k] = s * d;
      if (second) second[k] = s * s * e;
    }
}

export function applyDerivative(
  upstream: Vector,
  derivative: Vector,
  rows: number,
  cols: number,
  cotangents: number,
  out: Vector,
): void {
  for (let i = 0, k = 0; i < rows; i++)
    for (let c = 0; c < cotangents; c++)
      for (let j = 0; j < cols; j++, k++) out[k] = upstream[k] * derivative[i * cols + j];
}

export function columnSums(
  A: Vector,
  rows: number,
  cols: number,
  out: Vector,
  alpha: number,
  beta: number,
): void {
  const sums = new Float64Array(cols);
  for (let i = 0, k = 0; i < rows; i++) for (let j = 0; j < cols; j++, k++) sums[j] += A[k];
  for (let j = 0; j < cols; j++) out[j] = alpha * sums[j] + (beta === 0 ? 0 : beta * out[j]);
}

export function map(f: (v: number) => number, x: Vector, out: Vector): void {
  for (let i = 0; i < x.length; i++) out[i] = f(x[i]);
}
export function add(x: Vector, y: Vector, out: Vector): void {
  for (let i = 0; i < x.length; i++) out[i] = x[i] + y[i];
}
export function sub(x: Vector, y: Vector, out: Vector): void {
  for (let i = 0; i < x.length; i++) out[i] = x[i] - y[i];
}
export function mul(x: Vector, y: Vector, out: Vector): void {
  for (let i = 0; i < x.length; i++) out[i] = x[i] * y[i];
}
export function scale(alpha: number, x: Vector, out: Vector, shift: number): void {
  for (let i = 0; i < x.length; i++) out[i] = alpha * x[i] + shift;
}
export function axpy(alpha: number, x: Vector, y: Vector): void {
  for (let i = 0; i < x.length; i++) y[i] += alpha * x[i];
}
export function multiplyAdd(x: Vector, y: Vector, z: Vector, out: Vector): void {
  for (let i = 0; i < x.length; i++) out[i] = x[i] * y[i] + z[i];
}
export function dot(x: Vector, y: Vector): number {
  let s = 0;
  for (let i = 0; i < x.length; i++) s += x[i] * y[i];
  return s;
}
export function sum(x: Vector): number {
  let s = 0;
  for (let i = 0; i < x.length; i++) s += x[i];
  return s;
}
export function max(x: Vector): number {
  let m = -Infinity;
  for (let i = 0; i < x.length; i++) m = Math.max(m, x[i]);
  return m;
}

export function hadamard(
  A: Vector,
  B: Vector,
  out: Vector,
  alpha: number,
  shiftA: number,
  shiftB: number,
  accumulate: boolean,
): void {
  for (let i = 0; i < A.length; i++)
    out[i] = (accumulate ? out[i] : 0) + alpha * (A[i] + shiftA) * (B[i] + shiftB);
}

export function cosineNormalise(K: Matrix, a: Vector, b: Vector): void {
  for (let i = 0, k = 0; i < K.rows; i++)
    for (let j = 0; j < K.cols; j++, k++)
      K.data[k] = a[i] === 0 || b[j] === 0 ? 0 : K.data[k] / Math.sqrt(a[i]) / Math.sqrt(b[j]);
}

export function rowDots(A: Matrix, B: Matrix, out: Vector, alpha: number, beta: number): void {
  for (let i = 0; i < A.rows; i++)
    out[i] = alpha * dot(A.row(i), B.row(i)) + (beta === 0 ? 0 : beta * out[i]);
}

export function descentStep(params: Vector, gradient: Vector, rate: number, weightDecay: number): void {
  for (let i = 0; i < params.length; i++) params[i] -= rate * (gradient[i] + weightDecay * params[i]);
}

export function momentumStep(
  params: Vector,
  gradient: Vector,
  velocity: Vector,
  rate: number,
  momentum: number,
  nesterov: boolean,
  weightDecay: number,
): void {
  for (let i = 0; i < params.length; i++) {
    const g = gradient[i] + weightDecay * params[i];
    const v = momentum * velocity[i] + g;
    velocity[i] = v;
    params[i] -= rate * (nesterov ? g + momentum * v : v);
  }
}

export function adamStep(
  params: Vector,
  gradient: Vector,
  first: Vector,
  second: Vector,
  size: number,
  inverseRoot: number,
  beta1: number,
  beta2: number,
  epsilon: number,
): void {
  for (let i = 0; i < params.length; i++) {
    const g = gradient[i];
    const m = beta1 * first[i] + (1 - beta1) * g;
    const v = beta2 * second[i] + (1 - beta2) * g * g;
    first[i] = m;
    second[i] = v;
    params[i] -= (size * m) / (Math.sqrt(v) * inverseRoot + epsilon);
  }
}

export function adagradStep(
  params: Vector,
  gradient: Vector,
  accumulator: Vector,
  rate: number,
  epsilon: number,
): void {
  for (let i = 0; i < params.length; i++) {
    const g = gradient[i];
    const G = accumulator[i] + g * g;
    accumulator[i] = G;
    params[i] -= (rate * g) / (Math.sqrt(G) + epsilon);
  }
}

export function squaredError(f: Vector, y: Vector, gradient: Vector | null, scale: number): number {
  let total = 0;
  for (let i = 0; i < f.length; i++) {
    const r = f[i] - y[i];
    total += r * r;
    if (gradient) gradient[i] = scale * 2 * r;
  }
  return total;
}

export function logisticError(f: Vector, y: Vector, gradient: Vector | null, scale: number): number {
  let total = 0;
  for (let i = 0; i < f.length; i++) {
    total += Math.max(f[i], 0) - y[i] * f[i] + Math.log1p(Math.exp(-Math.abs(f[i])));
    if (gradient) gradient[i] = scale * (sigma(f[i]) - y[i]);
  }
  return total;
}

export function sigmoidSquaredError(f: Vector, y: Vector, gradient: Vector | null, scale: number): number {
  let total = 0;
  for (let i = 0; i < f.length; i++) {
    const r = sigma(f[i]) - y[i];
    total += r * r;
    if (gradient) gradient[i] = scale * 2 * r * sigma(f[i]) * sigma(-f[i]);
  }
  return total;
}

export function softmaxRows(
  F: Vector,
  rows: number,
  cols: number,
  out: Vector | null,
  logSumExp: Vector,
  scale: number,
): void {
  for (let i = 0; i < rows; i++) {
    const row = F.subarray(i * cols, (i + 1) * cols);
    const m = max(row);
    let s = 0;
    for (let j = 0; j < cols; j++) s += Math.exp(row[j] - m);
    const L = (logSumExp[i] = m + Math.log(s));
    if (out) for (let j = 0; j < cols; j++) out[i * cols + j] = scale * Math.exp(row[j] - L);
  }
}

export function softmaxError(
  F: Vector,
  y: Vector,
  rows: number,
  cols: number,
  gradient: Vector | null,
  scale: number,
): number {
  const L = new Float64Array(rows);
  const dense = y.length !== rows;
  let total = 0;
  softmaxRows(F, rows, cols, null, L, 1);
  for (let i = 0, k = 0; i < rows; i++)
    for (let j = 0; j < cols; j++, k++) {
      const target = dense ? y[k] : y[i] === j ? 1 : 0;
      total += target * (L[i] - F[k]);
      if (gradient) gradient[k] = scale * (Math.exp(F[k] - L[i]) - target);
    }
  return total;
}
