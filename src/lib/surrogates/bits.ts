/** What learners of parities are given: bits, packed or still to be read off a matrix, and labels that are bits. */

import { ShapeError, shapeText, ValueError } from '../errors';
import { BitMatrix, type Matrix } from '../linalg';

/** X itself when it is packed, else the bits X_ij > ½. Throws a ValueError on NaN, a ShapeError without columns. */
export function asBits(X: BitMatrix | Matrix, what: string): BitMatrix {
  if (X.cols === 0)
    throw new ShapeError({
      what: `${what}, X`,
      expected: 'at least one column',
      got: shapeText(X.shape),
      todo: 'A parity is of columns.',
    });
  return X instanceof BitMatrix ? X : BitMatrix.threshold(X);
}

/** Throws unless y is a 0 or a 1 for each of `rows` rows, and there is a row. */
export function checkBits(y: ArrayLike<number>, rows: number, what: string): void {
  if (y.length !== rows || rows === 0)
    throw new ShapeError({
      what: `${what}, y`,
      expected: rows === 0 ? 'at least one row' : `${rows} labels, one for each row of X`,
      got: rows === 0 ? 'none' : `${y.length}`,
      todo: 'Rows of X and labels must be of the same examples, in the same order.',
    });
  for (let i = 0; i < rows; i++)
    if (y[i] !== 0 && y[i] !== 1)
      throw new ValueError({
        what: `${what}, y`,
        expected: 'labels 0 and 1',
        got: `${y[i]} at position ${i}`,
        todo: 'A parity has two values: name the classes 0 and 1.',
      });
}
