/**
 * Naming the entry that is not a number. The solvers do not look at every entry of a large matrix before they start;
 * a NaN or an infinity shows in the first product, and only then is it looked for.
 */

import { ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import type { Matrix } from '../linalg/matrix';

/** The error that names the first entry of X that is not finite; undefined when all are. */
export function locateNonFinite(X: Matrix, what = 'Kernel matrix'): ValueError | undefined {
  const k = firstNotFinite(X.data);
  if (k < 0) return undefined;
  return new ValueError({
    what,
    expected: 'finite numbers',
    got: `${X.data[k]} in row ${Math.floor(k / X.cols)}, column ${k % X.cols}`,
    todo: 'Look for the example of that row: an image with a missing value, or a network that diverged.',
  });
}
