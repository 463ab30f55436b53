/** Naming what is not finite: the entry of a kernel matrix by its row and column (a row is an example), or an overflow. */

import { NumericalError, ValueError } from '../errors';
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

/** Throws where what was made of X is not finite: a ValueError where X is not, else a NumericalError: it overflowed. */
export function checkMade(made: Matrix, X: Matrix, what: string): void {
  const at = firstNotFinite(made.data);
  if (at < 0) return;
  throw (
    locateNonFinite(X, what) ??
    new NumericalError({
      what,
      expected: 'finite predictions',
      got: `${made.data[at]}`,
      todo: 'Coefficients times kernel values overflow: divide the kernel by a scale (cosine or scaled).',
    })
  );
}
