/** Naming the entry of a kernel matrix that is not finite by its row and column: a row is an example. */

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
