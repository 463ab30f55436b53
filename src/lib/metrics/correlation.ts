/**
 * Straight-line agreement of two rows of numbers: Pearson's correlation, Spearman's (of the ranks), and R², the share
 * of the variance that predictions explain.
 */

import { ValueError } from '../errors';
import { checkFinite, checkNumbers, checkSameLength } from './checks';
import { argsort } from './kendall';
import { mean } from './summary';

/**
 * Pearson's r = Σ (x−x̄)(y−ȳ) / √(Σ (x−x̄)² Σ (y−ȳ)²), in [−1, 1]. Throws a ShapeError unless both have one length of
 * at least 2, a ValueError for NaN or infinity and where one side is constant (r is then 0/0).
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkSameLength('pearson(x, y)', x, y);
  checkFinite('pearson, x', x, 2);
  checkFinite('pearson, y', y, 2);
  return correlation('pearson', x, y);
}

/** Spearman's ρ: Pearson's correlation of the ranks, tied values sharing their mean rank. Errors as in `pearson`. */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): number {
  checkSameLength('spearman(x, y)', x, y);
  checkNumbers('spearman, x', x, 2);
  checkNumbers('spearman, y', y, 2);
  return correlation('spearman', midRanks(x), midRanks(y));
}

/** Ranks from 1; equal values get the mean of the ranks they take up. */
export function midRanks(values: ArrayLike<number>): Float64Array {
  checkNumbers('midRanks(values)', values, 0);
  const order = argsort(values);
  const ranks = new Float64Array(order.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) ranks[order[k]] = (start + end + 1) / 2;
    start = end;
  }
  return ranks;
}

/**
 * The coefficient of determination 1 − Σ (y − f)² / Σ (y − ȳ)²: 1 for perfect predictions, 0 for those as good as the
 * mean, negative for worse ones. Throws a ShapeError unless both have one length of at least 2, a ValueError for NaN
 * or infinity and where all actual values are equal (nothing to explain).
 */
export function rSquared(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  checkSameLength('rSquared(predicted, actual)', predicted, actual);
  checkFinite('rSquared, predicted', predicted, 2);
  checkFinite('rSquared, actual', actual, 2);
  const centre = mean(actual);
  let residual = 0;
  let total = 0;
  for (let i = 0; i < actual.length; i++) {
    residual += (actual[i] - predicted[i]) ** 2;
    total += (actual[i] - centre) ** 2;
  }
  if (allEqual(actual)) throw constant('rSquared, actual', actual.length);
  return 1 - residual / total;
}

function correlation(what: string, x: ArrayLike<number>, y: ArrayLike<number>): number {
  for (const [side, values] of [
    ['x', x],
    ['y', y],
  ] as const)
    if (allEqual(values)) throw constant(`${what}, ${side}`, values.length);
  const dx = deviations(x);
  const dy = deviations(y);
  let xy = 0;
  let xx = 0;
  let yy = 0;
  for (let i = 0; i < dx.length; i++) {
    xy += dx[i] * dy[i];
    xx += dx[i] * dx[i];
    yy += dy[i] * dy[i];
  }
  return Math.min(1, Math.max(-1, xy / Math.sqrt(xx) / Math.sqrt(yy)));
}

/** x − x̄, divided by its largest entry so that the squares neither overflow nor vanish. */
function deviations(values: ArrayLike<number>): Float64Array {
  const centre = mean(values);
  const d = Float64Array.from(values, (v) => v - centre);
  const largest = d.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  return d.map((v) => v / largest);
}

function allEqual(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

function constant(what: string, n: number): ValueError {
  return new ValueError({
    what,
    expected: 'at least two different values',
    got: `${n} equal ones`,
    todo: 'The variance is zero, and the measure divides by it.',
  });
}
