/** The exports of the module: every loop in both precisions. The interface `Loops` in ../module.ts mirrors this list. */

import * as activation from './activation';
import * as arithmetic from './arithmetic';
import * as columns from './columns';
import * as dropout from './dropout';
import * as functions from './functions';
import * as likelihood from './likelihood';
import * as monomials from './monomials';
import * as pairs from './pairs';
import * as thresholded from './thresholded';
import * as updates from './updates';
import * as windows from './windows';

export function activate_identity_f32(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f32, activation.Identity>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_identity_f64(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f64, activation.Identity>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_relu_f32(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f32, activation.Relu>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_relu_f64(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f64, activation.Relu>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_tanh_f32(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f32, activation.Tanh>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_tanh_f64(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f64, activation.Tanh>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_sigmoid_f32(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f32, activation.Sigmoid>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_sigmoid_f64(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f64, activation.Sigmoid>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_softplus_f32(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f32, activation.Softplus>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_softplus_f64(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f64, activation.Softplus>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_elu_f32(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f32, activation.Elu>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function activate_elu_f64(
  z: usize,
  bias: usize,
  biasScale: f64,
  scale: f64,
  alpha: f64,
  rows: i32,
  cols: i32,
  pre: usize,
  out: usize,
  first: usize,
  second: usize,
): void {
  activation.activate<f64, activation.Elu>(
    z, bias, biasScale, scale, alpha, rows, cols, pre, out, first, second,
  );
}

export function exp_f32(x: usize, out: usize, n: i32): void {
  functions.map<f32, functions.Exp>(x, out, n);
}

export function exp_f64(x: usize, out: usize, n: i32): void {
  functions.map<f64, functions.Exp>(x, out, n);
}

export function expm1_f32(x: usize, out: usize, n: i32): void {
  functions.map<f32, functions.Expm1>(x, out, n);
}

export function expm1_f64(x: usize, out: usize, n: i32): void {
  functions.map<f64, functions.Expm1>(x, out, n);
}

export function log_f32(x: usize, out: usize, n: i32): void {
  functions.map<f32, functions.Log>(x, out, n);
}

export function log_f64(x: usize, out: usize, n: i32): void {
  functions.map<f64, functions.Log>(x, out, n);
}

export function log1p_f32(x: usize, out: usize, n: i32): void {
  functions.map<f32, functions.Log1p>(x, out, n);
}

export function log1p_f64(x: usize, out: usize, n: i32): void {
  functions.map<f64, functions.Log1p>(x, out, n);
}

export function tanh_f32(x: usize, out: usize, n: i32): void {
  functions.map<f32, functions.Tanh>(x, out, n);
}

export function tanh_f64(x: usize, out: usize, n: i32): void {
  functions.map<f64, functions.Tanh>(x, out, n);
}

export function sigmoid_f32(x: usize, out: usize, n: i32): void {
  functions.map<f32, functions.Sigmoid>(x, out, n);
}

export function sigmoid_f64(x: usize, out: usize, n: i32): void {
  functions.map<f64, functions.Sigmoid>(x, out, n);
}

export function softplus_f32(x: usize, out: usize, n: i32): void {
  functions.map<f32, functions.Softplus>(x, out, n);
}

export function softplus_f64(x: usize, out: usize, n: i32): void {
  functions.map<f64, functions.Softplus>(x, out, n);
}

export function squaredError_f32(f: usize, y: usize, gradient: usize, scale: f64, n: i32): f64 {
  return likelihood.error<f32, likelihood.Squared>(f, y, gradient, scale, n);
}

export function squaredError_f64(f: usize, y: usize, gradient: usize, scale: f64, n: i32): f64 {
  return likelihood.error<f64, likelihood.Squared>(f, y, gradient, scale, n);
}

export function logisticError_f32(f: usize, y: usize, gradient: usize, scale: f64, n: i32): f64 {
  return likelihood.error<f32, likelihood.Logistic>(f, y, gradient, scale, n);
}

export function logisticError_f64(f: usize, y: usize, gradient: usize, scale: f64, n: i32): f64 {
  return likelihood.error<f64, likelihood.Logistic>(f, y, gradient, scale, n);
}

export function sigmoidSquaredError_f32(f: usize, y: usize, gradient: usize, scale: f64, n: i32): f64 {
  return likelihood.error<f32, likelihood.SigmoidSquared>(f, y, gradient, scale, n);
}

export function sigmoidSquaredError_f64(f: usize, y: usize, gradient: usize, scale: f64, n: i32): f64 {
  return likelihood.error<f64, likelihood.SigmoidSquared>(f, y, gradient, scale, n);
}

export function applyDerivative_f32(
  upstream: usize,
  derivative: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  out: usize,
): void {
  activation.applyDerivative<f32>(upstream, derivative, rows, cols, cotangents, out);
}

export function applyDerivative_f64(
  upstream: usize,
  derivative: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  out: usize,
): void {
  activation.applyDerivative<f64>(upstream, derivative, rows, cols, cotangents, out);
}

export function applyGate_f32(
  upstream: usize,
  gate: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  scale: f64,
  out: usize,
): void {
  activation.applyGate<f32>(upstream, gate, rows, cols, cotangents, scale, out);
}

export function applyGate_f64(
  upstream: usize,
  gate: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  scale: f64,
  out: usize,
): void {
  activation.applyGate<f64>(upstream, gate, rows, cols, cotangents, scale, out);
}

export function applyTanhSlope_f32(
  upstream: usize,
  output: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  scale: f64,
  out: usize,
): void {
  activation.applyTanhSlope<f32>(upstream, output, rows, cols, cotangents, scale, out);
}

export function applyTanhSlope_f64(
  upstream: usize,
  output: usize,
  rows: i32,
  cols: i32,
  cotangents: i32,
  scale: f64,
  out: usize,
): void {
  activation.applyTanhSlope<f64>(upstream, output, rows, cols, cotangents, scale, out);
}

export function columnSums_f32(A: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64): void {
  activation.columnSums<f32>(A, rows, cols, out, alpha, beta);
}

export function columnSums_f64(A: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64): void {
  activation.columnSums<f64>(A, rows, cols, out, alpha, beta);
}

export function columnTotals_f32(A: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64): void {
  columns.columnTotals<f32>(A, rows, cols, out, alpha, beta);
}

export function columnTotals_f64(A: usize, rows: i32, cols: i32, out: usize, alpha: f64, beta: f64): void {
  columns.columnTotals<f64>(A, rows, cols, out, alpha, beta);
}

export function columnSquares_f32(
  A: usize,
  m: usize,
  rows: i32,
  cols: i32,
  out: usize,
  alpha: f64,
  beta: f64,
): void {
  columns.columnSquares<f32>(A, m, rows, cols, out, alpha, beta);
}

export function columnSquares_f64(
  A: usize,
  m: usize,
  rows: i32,
  cols: i32,
  out: usize,
  alpha: f64,
  beta: f64,
): void {
  columns.columnSquares<f64>(A, m, rows, cols, out, alpha, beta);
}

export function columnDots_f32(
  A: usize,
  B: usize,
  rows: i32,
  cols: i32,
  out: usize,
  alpha: f64,
  beta: f64,
): void {
  columns.columnDots<f32>(A, B, rows, cols, out, alpha, beta);
}

export function columnDots_f64(
  A: usize,
  B: usize,
  rows: i32,
  cols: i32,
  out: usize,
  alpha: f64,
  beta: f64,
): void {
  columns.columnDots<f64>(A, B, rows, cols, out, alpha, beta);
}

export function normaliseColumns_f32(
  x: usize,
  m: usize,
  r: usize,
  g: usize,
  b: usize,
  rows: i32,
  cols: i32,
  n: usize,
  y: usize,
): void {
  columns.normaliseColumns<f32>(x, m, r, g, b, rows, cols, n, y);
}

export function normaliseColumns_f64(
  x: usize,
  m: usize,
  r: usize,
  g: usize,
  b: usize,
  rows: i32,
  cols: i32,
  n: usize,
  y: usize,
): void {
  columns.normaliseColumns<f64>(x, m, r, g, b, rows, cols, n, y);
}

export function combineColumns_f32(
  A: usize,
  a: usize,
  B: usize,
  b: usize,
  c: usize,
  rows: i32,
  cols: i32,
  out: usize,
  more: i32,
): void {
  columns.combineColumns<f32>(A, a, B, b, c, rows, cols, out, more);
}

export function combineColumns_f64(
  A: usize,
  a: usize,
  B: usize,
  b: usize,
  c: usize,
  rows: i32,
  cols: i32,
  out: usize,
  more: i32,
): void {
  columns.combineColumns<f64>(A, a, B, b, c, rows, cols, out, more);
}

export function dropoutMask_f32(
  out: usize,
  kept: f64,
  limit: i32,
  k0: i32,
  k1: i32,
  c2: i32,
  c3: i32,
  first: i32,
  n: i32,
): void {
  dropout.mask<f32>(out, kept, limit, k0, k1, c2, c3, first, n);
}

export function dropoutMask_f64(
  out: usize,
  kept: f64,
  limit: i32,
  k0: i32,
  k1: i32,
  c2: i32,
  c3: i32,
  first: i32,
  n: i32,
): void {
  dropout.mask<f64>(out, kept, limit, k0, k1, c2, c3, first, n);
}

export function add_f32(x: usize, y: usize, out: usize, n: i32): void {
  arithmetic.binary<f32>(arithmetic.ADD, x, y, out, n);
}

export function add_f64(x: usize, y: usize, out: usize, n: i32): void {
  arithmetic.binary<f64>(arithmetic.ADD, x, y, out, n);
}

export function sub_f32(x: usize, y: usize, out: usize, n: i32): void {
  arithmetic.binary<f32>(arithmetic.SUB, x, y, out, n);
}

export function sub_f64(x: usize, y: usize, out: usize, n: i32): void {
  arithmetic.binary<f64>(arithmetic.SUB, x, y, out, n);
}

export function mul_f32(x: usize, y: usize, out: usize, n: i32): void {
  arithmetic.binary<f32>(arithmetic.MUL, x, y, out, n);
}

export function mul_f64(x: usize, y: usize, out: usize, n: i32): void {
  arithmetic.binary<f64>(arithmetic.MUL, x, y, out, n);
}

export function scale_f32(alpha: f64, x: usize, out: usize, offset: f64, n: i32): void {
  arithmetic.scale<f32>(alpha, x, out, offset, n);
}

export function scale_f64(alpha: f64, x: usize, out: usize, offset: f64, n: i32): void {
  arithmetic.scale<f64>(alpha, x, out, offset, n);
}

export function multiplyAdd_f32(x: usize, y: usize, z: usize, out: usize, n: i32): void {
  arithmetic.multiplyAdd<f32>(x, y, z, out, n);
}

export function multiplyAdd_f64(x: usize, y: usize, z: usize, out: usize, n: i32): void {
  arithmetic.multiplyAdd<f64>(x, y, z, out, n);
}

export function axpy_f32(alpha: f64, x: usize, y: usize, n: i32): void {
  arithmetic.axpy<f32>(alpha, x, y, n);
}

export function axpy_f64(alpha: f64, x: usize, y: usize, n: i32): void {
  arithmetic.axpy<f64>(alpha, x, y, n);
}

export function dot_f32(x: usize, y: usize, n: i32): f64 {
  return arithmetic.dot<f32>(x, y, n);
}

export function dot_f64(x: usize, y: usize, n: i32): f64 {
  return arithmetic.dot<f64>(x, y, n);
}

export function sum_f32(x: usize, n: i32): f64 {
  return arithmetic.sum<f32>(x, n);
}

export function sum_f64(x: usize, n: i32): f64 {
  return arithmetic.sum<f64>(x, n);
}

export function max_f32(x: usize, n: i32): f64 {
  return arithmetic.max<f32>(x, n);
}

export function max_f64(x: usize, n: i32): f64 {
  return arithmetic.max<f64>(x, n);
}

export function hadamard_f32(
  A: usize,
  B: usize,
  out: usize,
  alpha: f64,
  c1: f64,
  c2: f64,
  more: i32,
  n: i32,
): void {
  arithmetic.hadamard<f32>(A, B, out, alpha, c1, c2, more, n);
}

export function hadamard_f64(
  A: usize,
  B: usize,
  out: usize,
  alpha: f64,
  c1: f64,
  c2: f64,
  more: i32,
  n: i32,
): void {
  arithmetic.hadamard<f64>(A, B, out, alpha, c1, c2, more, n);
}

export function cosineRow_f32(row: usize, b: usize, a: f64, factor: f64, n: i32): void {
  arithmetic.cosineRow<f32>(row, b, a, factor, n);
}

export function cosineRow_f64(row: usize, b: usize, a: f64, factor: f64, n: i32): void {
  arithmetic.cosineRow<f64>(row, b, a, factor, n);
}

export function rowDots_f32(
  A: usize,
  B: usize,
  rows: i32,
  cols: i32,
  out: usize,
  alpha: f64,
  beta: f64,
): void {
  arithmetic.rowDots<f32>(A, B, rows, cols, out, alpha, beta);
}

export function rowDots_f64(
  A: usize,
  B: usize,
  rows: i32,
  cols: i32,
  out: usize,
  alpha: f64,
  beta: f64,
): void {
  arithmetic.rowDots<f64>(A, B, rows, cols, out, alpha, beta);
}

export function descent_f32(p: usize, g: usize, rate: f64, decay: f64, n: i32): void {
  updates.descent<f32>(p, g, rate, decay, n);
}

export function descent_f64(p: usize, g: usize, rate: f64, decay: f64, n: i32): void {
  updates.descent<f64>(p, g, rate, decay, n);
}

export function momentum_f32(
  p: usize,
  g: usize,
  v: usize,
  rate: f64,
  mu: f64,
  nesterov: i32,
  decay: f64,
  n: i32,
): void {
  updates.momentum<f32>(p, g, v, rate, mu, nesterov, decay, n);
}

export function momentum_f64(
  p: usize,
  g: usize,
  v: usize,
  rate: f64,
  mu: f64,
  nesterov: i32,
  decay: f64,
  n: i32,
): void {
  updates.momentum<f64>(p, g, v, rate, mu, nesterov, decay, n);
}

export function adam_f32(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  size: f64,
  root: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  n: i32,
): void {
  updates.adam<f32>(p, g, m, v, size, root, beta1, beta2, epsilon, n);
}

export function adam_f64(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  size: f64,
  root: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  n: i32,
): void {
  updates.adam<f64>(p, g, m, v, size, root, beta1, beta2, epsilon, n);
}

export function adagrad_f32(p: usize, g: usize, G: usize, rate: f64, epsilon: f64, n: i32): void {
  updates.adagrad<f32>(p, g, G, rate, epsilon, n);
}

export function adagrad_f64(p: usize, g: usize, G: usize, rate: f64, epsilon: f64, n: i32): void {
  updates.adagrad<f64>(p, g, G, rate, epsilon, n);
}

export function softmax_f32(f: usize, rows: i32, cols: i32, out: usize, L: usize, scale: f64): void {
  likelihood.softmax<f32>(f, rows, cols, out, L, scale);
}

export function softmax_f64(f: usize, rows: i32, cols: i32, out: usize, L: usize, scale: f64): void {
  likelihood.softmax<f64>(f, rows, cols, out, L, scale);
}

export function softmaxError_f32(
  f: usize,
  y: usize,
  labels: i32,
  rows: i32,
  cols: i32,
  gradient: usize,
  scale: f64,
): f64 {
  return likelihood.softmaxError<f32>(f, y, labels, rows, cols, gradient, scale);
}

export function softmaxError_f64(
  f: usize,
  y: usize,
  labels: i32,
  rows: i32,
  cols: i32,
  gradient: usize,
  scale: f64,
): f64 {
  return likelihood.softmaxError<f64>(f, y, labels, rows, cols, gradient, scale);
}

export function pairStep_f32(
  r: usize,
  up: usize,
  low: usize,
  x: usize,
  y: usize,
  t: f64,
  n: i32,
): i32 {
  return pairs.pairStep<f32>(r, up, low, x, y, t, n);
}

export function pairPartner_f32(
  r: usize,
  low: usize,
  x: usize,
  d: usize,
  top: f64,
  own: f64,
  curvature: f64,
  n: i32,
): i32 {
  return pairs.pairPartner<f32>(r, low, x, d, top, own, curvature, n);
}

export function pairExtreme_f32(which: i32): f64 {
  return pairs.pairExtreme(which);
}

export function thresholdedStep_f32(
  v: usize,
  w: usize,
  x: usize,
  next: usize,
  c: f64,
  factor: f64,
  threshold: f64,
  n: i32,
): f64 {
  return thresholded.thresholdedStep<f32>(v, w, x, next, c, factor, threshold, n);
}

export function stepSum_f32(which: i32): f64 {
  return thresholded.stepSum(which);
}

export function monomials_f32(
  X: usize,
  rows: i32,
  features: i32,
  plan: usize,
  segments: i32,
  constant: i32,
  terms: i32,
  out: usize,
): void {
  monomials.monomials<f32>(X, rows, features, plan, segments, constant, terms, out);
}

export function pairStep_f64(
  r: usize,
  up: usize,
  low: usize,
  x: usize,
  y: usize,
  t: f64,
  n: i32,
): i32 {
  return pairs.pairStep<f64>(r, up, low, x, y, t, n);
}

export function pairPartner_f64(
  r: usize,
  low: usize,
  x: usize,
  d: usize,
  top: f64,
  own: f64,
  curvature: f64,
  n: i32,
): i32 {
  return pairs.pairPartner<f64>(r, low, x, d, top, own, curvature, n);
}

export function pairExtreme_f64(which: i32): f64 {
  return pairs.pairExtreme(which);
}

export function thresholdedStep_f64(
  v: usize,
  w: usize,
  x: usize,
  next: usize,
  c: f64,
  factor: f64,
  threshold: f64,
  n: i32,
): f64 {
  return thresholded.thresholdedStep<f64>(v, w, x, next, c, factor, threshold, n);
}

export function stepSum_f64(which: i32): f64 {
  return thresholded.stepSum(which);
}

export function monomials_f64(
  X: usize,
  rows: i32,
  features: i32,
  plan: usize,
  segments: i32,
  constant: i32,
  terms: i32,
  out: usize,
): void {
  monomials.monomials<f64>(X, rows, features, plan, segments, constant, terms, out);
}

export function unfold_f32(
  images: usize,
  patches: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.unfold<f32>(
    images, patches, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function unfold_f64(
  images: usize,
  patches: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.unfold<f64>(
    images, patches, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function fold_f32(
  patches: usize,
  images: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.fold<f32>(
    patches, images, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function fold_f64(
  patches: usize,
  images: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.fold<f64>(
    patches, images, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function averagePool_f32(
  images: usize,
  out: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.averagePool<f32>(
    images, out, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function averagePool_f64(
  images: usize,
  out: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.averagePool<f64>(
    images, out, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function averagePoolAdjoint_f32(
  cotangents: usize,
  out: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.averagePoolAdjoint<f32>(
    cotangents, out, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function averagePoolAdjoint_f64(
  cotangents: usize,
  out: usize,
  none: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.averagePoolAdjoint<f64>(
    cotangents, out, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function maxPool_f32(
  images: usize,
  out: usize,
  winners: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.maxPool<f32>(
    images, out, winners, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function maxPool_f64(
  images: usize,
  out: usize,
  winners: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.maxPool<f64>(
    images, out, winners, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function pick_f32(
  images: usize,
  winners: usize,
  out: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.pick<f32>(
    images, winners, out, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function pick_f64(
  images: usize,
  winners: usize,
  out: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.pick<f64>(
    images, winners, out, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function pickAdjoint_f32(
  cotangents: usize,
  winners: usize,
  out: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.pickAdjoint<f32>(
    cotangents, winners, out, each, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}

export function pickAdjoint_f64(
  cotangents: usize,
  winners: usize,
  out: usize,
  each: i32,
  n: i32,
  height: i32,
  width: i32,
  channels: i32,
  kernelY: i32,
  kernelX: i32,
  strideY: i32,
  strideX: i32,
  top: i32,
  left: i32,
  rows: i32,
  cols: i32,
): void {
  windows.pickAdjoint<f64>(
    cotangents, winners, out, each, n,
    height, width, channels, kernelY, kernelX, strideY, strideX, top, left, rows, cols,
  );
}
