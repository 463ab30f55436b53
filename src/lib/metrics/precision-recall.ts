/**
 * How well a yes-or-no detector finds what it is to find: of what it flags, how much is right (precision), and of what
 * there is, how much it flags (recall). In the trNTK study a test image is flagged as poisoned by its nearest training
 * images (arXiv 2305.14585, table 3).
 */

import { ShapeError, ValueError } from '../errors';
import { checkSameLength } from './checks';

/** The three scores are in [0, 1]; the counts are what they are made of. */
export interface PrecisionRecall {
  /** hits / flagged. */
  precision: number;
  /** hits / actual. */
  recall: number;
  /** Their harmonic mean, 2 hits / (flagged + actual). */
  f1: number;
  /** Examples that are flagged and true. */
  hits: number;
  /** Examples that are flagged. */
  flagged: number;
  /** Examples that are true. */
  actual: number;
}

/**
 * Precision, recall and F1 of `flags` against `truth`, each true or false (or 1 or 0) for every example. Where nothing
 * is flagged, precision is 0/0, and where nothing is true, recall is: both count as 0, and so does F1 without a hit, as
 * scikit-learn has it. Throws a ShapeError for unequal lengths or none, a ValueError for anything but 0 and 1.
 */
export function precisionRecall(
  flags: ArrayLike<number | boolean>,
  truth: ArrayLike<number | boolean>,
): PrecisionRecall {
  checkSameLength('precisionRecall(flags, truth)', flags, truth);
  checkFlags('precisionRecall, flags', flags);
  checkFlags('precisionRecall, truth', truth);
  let hits = 0;
  let flagged = 0;
  let actual = 0;
  for (let i = 0; i < flags.length; i++) {
    if (flags[i]) flagged++;
    if (truth[i]) actual++;
    if (flags[i] && truth[i]) hits++;
  }
  const share = (part: number, of: number) => (of === 0 ? 0 : part / of);
  return {
    precision: share(hits, flagged),
    recall: share(hits, actual),
    f1: share(2 * hits, flagged + actual),
    hits,
    flagged,
    actual,
  };
}

function checkFlags(what: string, flags: ArrayLike<number | boolean>): void {
  if (flags.length === 0)
    throw new ShapeError({ what, expected: 'at least 1 value', got: '0', todo: 'Give more data.' });
  for (let i = 0; i < flags.length; i++)
    if (flags[i] !== true && flags[i] !== false && flags[i] !== 0 && flags[i] !== 1)
      throw new ValueError({
        what: `${what}, value ${i}`,
        expected: 'true or false, 1 or 0',
        got: String(flags[i]),
        todo: 'Say of each example whether it is one: compare a score with its threshold first.',
      });
}
