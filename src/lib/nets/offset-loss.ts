/**
 * A loss of f + o, with an offset o that is known for each example beforehand, as generalised linear models have it.
 * With o = −f₀(x), what the network put out before training, training fits the change f − f₀: that begins at zero
 * whatever the start (the CNN for CIFAR-10 of arXiv 2305.14585; on what it does, Chizat, Oyallon and Bach,
 * arXiv 1812.07956). The offsets travel with the targets, as more columns, so that batches and orders need not know of
 * them.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import { type DType, Matrix } from '../linalg/matrix';
import type { Loss, Targets } from './losses';

/**
 * `loss` of outputs + offsets, its gradient and Hessian too.
 *
 * Targets: a Matrix, first the columns that `loss` takes (n × d_out, or one of labels), then d_out of offsets
 * (`offsetTargets`). Throws as `loss` does, a ShapeError without the columns, and a ValueError for an offset that is not
 * finite.
 */
export function withOffsets(loss: Loss): Loss {
  const name = `${loss.name} with offsets`;
  const prepared = (targets: Targets, outputs: number, dtype: DType): Matrix => {
    const { own, offsets } = parted(name, targets, outputs);
    return joined(loss.targets(own, outputs, dtype), offsets, dtype);
  };
  /** What the inner loss is asked with. */
  const inner = (outputs: Matrix, targets: Targets): [Matrix, Matrix] => {
    const { own, offsets } = parted(name, targets, outputs.cols);
    return [sum(name, outputs, offsets), own];
  };
  return {
    name,
    targets: prepared,
    value: (outputs, targets) => loss.value(...inner(outputs, targets)),
    gradient: (outputs, targets, out) => loss.gradient(...inner(outputs, targets), out),
    hessianVector: (outputs, targets, vector, out) =>
      loss.hessianVector(...inner(outputs, targets), vector, out),
  };
}

/**
 * Targets and offsets as `withOffsets` takes them: y (n numbers, or a Matrix of n rows) and then the columns of the
 * offsets (n × d_out). Throws a ShapeError when they are not of as many examples.
 */
export function offsetTargets(y: Targets, offsets: Matrix): Matrix {
  const own = y instanceof Matrix ? y : new Matrix(y.length, 1, Float64Array.from(y));
  if (own.rows !== offsets.rows)
    throw new ShapeError({
      what: 'offsetTargets, offsets',
      expected: `${own.rows} rows, one for each example`,
      got: shapeText(offsets.shape),
      todo: 'Targets and offsets must be of the same examples, in the same order.',
    });
  return joined(own, offsets, 'float64');
}

/** The columns of both, side by side. */
function joined(own: Matrix, offsets: Matrix, dtype: DType): Matrix {
  const both = Matrix.zeros(own.rows, own.cols + offsets.cols, dtype);
  for (let i = 0; i < both.rows; i++) {
    both.row(i).set(own.row(i));
    both.row(i).set(offsets.row(i), own.cols);
  }
  return both;
}

/** The columns of the inner loss, and those of the offsets. */
function parted(name: string, targets: Targets, outputs: number): { own: Matrix; offsets: Matrix } {
  if (!(targets instanceof Matrix) || targets.cols <= outputs)
    throw new ShapeError({
      what: `${name}, targets`,
      expected: `a Matrix with the columns of the targets, and then ${outputs} of offsets`,
      got: targets instanceof Matrix ? shapeText(targets.shape) : `a list of ${targets.length} numbers`,
      todo: 'Make it with offsetTargets(y, offsets).',
    });
  const { rows, cols, dtype } = targets;
  const [own, offsets] = [cols - outputs, outputs].map((width) => Matrix.zeros(rows, width, dtype));
  for (let i = 0; i < rows; i++) {
    own.row(i).set(targets.row(i).subarray(0, own.cols));
    offsets.row(i).set(targets.row(i).subarray(own.cols));
  }
  checkFiniteOffsets(name, offsets);
  return { own, offsets };
}

function sum(name: string, outputs: Matrix, offsets: Matrix): Matrix {
  if (outputs.rows !== offsets.rows)
    throw new ShapeError({
      what: `${name}, targets`,
      expected: `${outputs.rows} examples, as the outputs have`,
      got: `${offsets.rows}`,
      todo: 'Give one row of targets for each row of the outputs.',
    });
  const moved = outputs.copy();
  for (let k = 0; k < moved.data.length; k++) moved.data[k] += offsets.data[k];
  return moved;
}

function checkFiniteOffsets(name: string, { data, cols }: Matrix): void {
  for (let k = 0; k < data.length; k++)
    if (!Number.isFinite(data[k]))
      throw new ValueError({
        what: `${name}, offsets`,
        expected: 'finite numbers',
        got: `${data[k]} in example ${Math.floor(k / cols)}`,
        todo: 'Look at what they were made from: −f₀ is the negative of net.predict(start, inputs).',
      });
}
