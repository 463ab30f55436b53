/** Mean ± standard error over seeds, in words: the cell of a table in which several seeds are one number. */

import { mean, standardError } from '../metrics';

/**
 * `0.960 ± 0.002`: the mean of what `read` takes from each result, with `digits` (default 3) after the point, and the
 * standard error of that mean where there are two results or more; `–` for none. Throws a ValueError for NaN or infinity.
 */
export function overSeeds<R>(results: readonly R[], read: (result: R) => number, digits = 3): string {
  const values = results.map(read);
  if (values.length === 0) return '–';
  const error = values.length > 1 ? ` ± ${standardError(values).toFixed(digits)}` : '';
  return `${mean(values).toFixed(digits)}${error}`;
}
