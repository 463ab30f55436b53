/** The checks at the entry of a training: of its examples, those of its validation, and options that count. */

import { ShapeError, shapeText, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import { type DType, Matrix } from '../linalg/matrix';
import type { TrainingData } from './losses';

/**
 * The inputs in the precision `dtype`. Throws a ShapeError or ValueError for none, other columns than the network has
 * inputs, entries that are not finite, and another number of targets. `use`: 'training', 'validation'.
 */
export function checkedInputs(
  use: string,
  { inputs, targets }: TrainingData,
  cols: number,
  dtype: DType,
): Matrix {
  const what = `Inputs of the ${use}`;
  if (inputs.cols !== cols)
    throw new ShapeError({
      what,
      expected: `n × ${cols}, an example a row`,
      got: shapeText(inputs.shape),
      todo: 'Give examples as rows, or make the network for inputs of this shape.',
    });
  if (inputs.rows === 0)
    throw new ShapeError({
      what,
      expected: 'at least one example',
      got: 'none',
      todo: 'Give one example a row.',
    });
  const at = firstNotFinite(inputs.data);
  if (at >= 0)
    throw new ValueError({
      what,
      expected: 'finite numbers',
      got: `${inputs.data[at]} in example ${Math.floor(at / cols)}, column ${at % cols}`,
      todo: 'Remove or repair this example.',
    });
  const rows = targets instanceof Matrix ? targets.rows : targets.length;
  if (rows !== inputs.rows)
    throw new ShapeError({
      what: `Targets of the ${use}`,
      expected: `${inputs.rows}, one for each row of the inputs`,
      got: `${rows}`,
      todo: 'Give inputs and targets of the same examples.',
    });
  return inputs.as(dtype);
}

/** Throws a ValueError unless an option of `train` is a whole number, `least` or more. */
export function checkWhole(option: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new ValueError({
    what: `train({ ${option} })`,
    expected: `a whole number, ${least} or more`,
    got: `${value}`,
    todo: 'Count in whole epochs, steps and examples.',
  });
}
