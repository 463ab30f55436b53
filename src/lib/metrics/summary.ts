/**
 * Summaries of a few numbers (over seeds, over draws): mean, spread, quantiles. Two passes, so that a large mean does
 * not eat a small spread.
 */

import { NumericalError, ValueError } from '../errors';
import { checkFinite } from './checks';

/** Σ x_i / n. Throws a ShapeError when there is none, a ValueError for NaN or infinity (as all functions here). */
export function mean(values: ArrayLike<number>): number {
  checkFinite('mean(values)', values, 1);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const first = sum / values.length;
  // What the first sum lost to rounding.
  let rest = 0;
  for (let i = 0; i < values.length; i++) rest += values[i] - first;
  return first + rest / values.length;
}

/**
 * (Π x_i)^{1/n}, as exp of the mean logarithm: the mean of what spreads over orders of magnitude, such as errors over
 * seeds. Throws a ValueError for values that are not positive.
 */
export function geometricMean(values: ArrayLike<number>): number {
  checkFinite('geometricMean(values)', values, 1);
  for (let i = 0; i < values.length; i++)
    if (!(values[i] > 0))
      throw new ValueError({
        what: `geometricMean(values), value ${i}`,
        expected: 'a positive number',
        got: String(values[i]),
        todo: 'An error of 0 has no logarithm: take the mean or the median.',
      });
  return Math.exp(mean(Float64Array.from(values, Math.log)));
}

/** Σ (x_i − mean)² / (n − 1): the unbiased variance. Needs at least two values. */
export function variance(values: ArrayLike<number>): number {
  checkFinite('variance(values)', values, 2);
  const centre = mean(values);
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - centre) ** 2;
  return sum / (values.length - 1);
}

/** The root of the unbiased `variance`. */
export function standardDeviation(values: ArrayLike<number>): number {
  return Math.sqrt(variance(values));
}

/**
 * The kurtosis m₄/m₂² of the values, with m_k = 1/n Σ (x_i − mean)^k: 3 for a normal law, 9/5 for a uniform, 6 for a
 * Laplace; neither shift nor scale changes it. As scipy.stats.kurtosis(fisher=False, bias=True). Needs two values that
 * differ; throws a NumericalError where all are equal.
 */
export function kurtosis(values: ArrayLike<number>): number {
  checkFinite('kurtosis(values)', values, 2);
  const centre = mean(values);
  let squares = 0;
  let fourths = 0;
  for (let i = 0; i < values.length; i++) {
    const square = (values[i] - centre) ** 2;
    squares += square;
    fourths += square * square;
  }
  if (squares === 0)
    throw new NumericalError({
      what: 'kurtosis(values)',
      expected: 'values that differ',
      got: `${values.length} times ${values[0]}`,
      todo: 'A constant has no shape.',
    });
  return (values.length * fourths) / squares ** 2;
}

/** The standard error of the mean: standardDeviation / √n. Needs at least two values. */
export function standardError(values: ArrayLike<number>): number {
  return Math.sqrt(variance(values) / values.length);
}

/**
 * The value below which the share p of the values lies, between neighbours by linear interpolation (numpy's and R's
 * default, type 7): the value of rank p·(n − 1) counted from 0. Several p at once give several quantiles.
 */
export function quantile(values: ArrayLike<number>, p: number): number;
export function quantile(values: ArrayLike<number>, p: readonly number[]): number[];
export function quantile(values: ArrayLike<number>, p: number | readonly number[]): number | number[] {
  checkFinite('quantile(values, p)', values, 1);
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => {
    if (!(share >= 0 && share <= 1))
      throw new ValueError({
        what: 'quantile(values, p), p',
        expected: 'a share from 0 to 1',
        got: String(share),
        todo: 'The median is p = 0.5.',
      });
    const rank = share * (sorted.length - 1);
    const below = sorted[Math.floor(rank)];
    return below + (rank % 1) * (sorted[Math.ceil(rank)] - below);
  };
  return typeof p === 'number' ? at(p) : p.map(at);
}

/** The median: `quantile(values, 0.5)`. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
