/**
 * Several seeds in words: the cell of a table in which they are one number. The mean ± its standard error, or for what
 * spreads over orders of magnitude, such as errors near rounding, the geometric mean and the range.
 */

import { geometricMean, mean, standardError } from '../metrics';

export interface OverSeedsOptions {
  /** Digits after the point (default 3); of a geometric mean the significant ones (default 2). */
  digits?: number;
  /** The geometric mean with the least and the most, instead of the mean and its error. */
  geometric?: boolean;
}

/**
 * `0.960 ± 0.002`: the mean of what `read` takes from each result, and the standard error of that mean where there are
 * two results or more; or `4.7e-7 (1.2e-7 … 9.0e-7)` if `geometric`. A number for options is that of the digits. `–`
 * for no results. Throws a ValueError for NaN or infinity, and for a geometric mean of what is not positive.
 */
export function overSeeds<R>(
  results: readonly R[],
  read: (result: R) => number,
  options: number | OverSeedsOptions = {},
): string {
  const { digits, geometric = false } = typeof options === 'number' ? { digits: options } : options;
  const values = results.map(read);
  if (values.length === 0) return '–';
  return geometric ? withRange(values, digits ?? 2) : withError(values, digits ?? 3);
}

function withError(values: readonly number[], digits: number): string {
  const error = values.length > 1 ? ` ± ${standardError(values).toFixed(digits)}` : '';
  return `${mean(values).toFixed(digits)}${error}`;
}

function withRange(values: readonly number[], digits: number): string {
  const centre = geometricMean(values);
  const ends = [Math.min(...values), Math.max(...values)];
  // All three in one form, so that they can be compared at sight.
  const far = ends[0] < 1e-3 || ends[1] >= 1e6;
  const words = (v: number) => (far ? v.toExponential(digits - 1) : significant(v, digits));
  return values.length > 1 ? `${words(centre)} (${ends.map(words).join(' … ')})` : words(centre);
}

/** `toPrecision` without its exponent: 1234.5 is 1235, and not 1.2e+3. */
function significant(v: number, digits: number): string {
  const text = v.toPrecision(digits);
  return text.includes('e') ? v.toFixed(0) : text;
}
