import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { dot } from '../../src/lib/linalg';
import { type DType, Matrix } from '../../src/lib/linalg/matrix';
import { meanSquaredError } from '../../src/lib/nets/losses';
import { weightedSquaredError, weightedTargets } from '../../src/lib/nets/weighted-loss';
import { random } from '../../src/lib/random';

const normal = (name: string, rows: number, cols: number, dtype: DType) => {
  const M = Matrix.zeros(rows, cols, dtype);
  random(name).fill(M.data, 'normal', 0, 1);
  return M;
};
const like = (M: Matrix) => Matrix.zeros(M.rows, M.cols, M.dtype);

describe.each<DType>(['float32', 'float64'])('the weighted squared error in %s', (dtype) => {
  const rtol = dtype === 'float32' ? 1e-5 : 1e-13;

  it.each([1, 3])(
    'with weights of 1 is the mean squared error, its gradient and Hessian too (%i outputs)',
    (d) => {
      const [f, y, v] = ['f', 'y', 'v'].map((name) => normal(name, 9, d, dtype));
      const targets = weightedTargets(y, new Float64Array(9).fill(1));
      const gradients = [like(f), like(f)];
      const value = meanSquaredError.gradient(f, y, gradients[0]);
      expect(weightedSquaredError.gradient(f, targets, gradients[1])).toBeAllclose(value, { rtol });
      expect(weightedSquaredError.value(f, targets)).toBeAllclose(value, { rtol });
      expect(gradients[1]).toBeAllclose(gradients[0], { rtol });
      const products = [like(f), like(f)];
      meanSquaredError.hessianVector(f, y, v, products[0]);
      weightedSquaredError.hessianVector(f, targets, v, products[1]);
      expect(products[1]).toBeAllclose(products[0], { rtol });
    },
  );

  it('counts an example of weight 3 as three examples, and one of weight 0 not at all', () => {
    const [f, y] = ['f', 'y'].map((name) => normal(name, 4, 2, dtype));
    const weighted = weightedSquaredError.value(f, weightedTargets(y, [1, 3, 0, 2]));
    const rows = [0, 1, 1, 1, 3, 3];
    // Both are means over their own number of examples: 4 and 6.
    const repeated = meanSquaredError.value(f.take(rows), y.take(rows));
    expect(weighted * 4).toBeAllclose(repeated * 6, { rtol });
  });

  it('has the derivatives of its value', () => {
    const [f, y, v] = ['f', 'y', 'v'].map((name) => normal(name, 5, 2, 'float64'));
    const targets = weightedTargets(y, [0.5, 2, 0, 1, 7]);
    const at = (t: number) => {
      const moved = f.copy();
      for (let k = 0; k < moved.data.length; k++) moved.data[k] += t * v.data[k];
      return weightedSquaredError.value(moved, targets);
    };
    const gradient = like(f);
    weightedSquaredError.gradient(f, targets, gradient);
    const slope = dot(gradient.data, v.data);
    const product = like(f);
    weightedSquaredError.hessianVector(f, targets, v, product);
    const curvature = dot(product.data, v.data);
    // A quadratic function: central differences are exact but for rounding.
    expect((at(1) - at(-1)) / 2).toBeAllclose(slope, { rtol: 1e-12 });
    expect(at(1) - 2 * at(0) + at(-1)).toBeAllclose(curvature, { rtol: 1e-10 });
  });

  it('gives back targets that have its form, for a list of targets as for a matrix', () => {
    const list = weightedSquaredError.targets(weightedTargets([1, 2], [3, 4]), 1, dtype);
    expect(list).toEqual(
      Matrix.from(
        [
          [1, 3],
          [2, 4],
        ],
        dtype,
      ),
    );
    expect(weightedSquaredError.targets(list, 1, dtype)).toBe(list);
  });
});

describe('bad input of the weighted squared error', () => {
  const f = Matrix.zeros(2, 1, 'float64');

  it('is an error that says what the columns are', () => {
    expect(() => weightedTargets([1, 2, 3], [1, 1])).toThrow(ShapeError);
    expect(() => weightedSquaredError.value(f, [1, 2])).toThrow(/2 columns.*weightedTargets/s);
    expect(() => weightedSquaredError.value(f, weightedTargets([1, 2, 3], [1, 1, 1]))).toThrow(/2 examples/);
    expect(() => weightedSquaredError.value(f, Matrix.zeros(2, 3, 'float64'))).toThrow(/2 columns/);
  });

  it('names the example whose weight or target cannot be', () => {
    const value = (y: number[], w: number[]) => () => weightedSquaredError.value(f, weightedTargets(y, w));
    expect(value([1, 2], [1, -1])).toThrow(ValueError);
    expect(value([1, 2], [1, -1])).toThrow(/-1 in example 1/);
    expect(value([1, Number.NaN], [1, 1])).toThrow(/NaN in example 1/);
    expect(value([1, 2], [Number.POSITIVE_INFINITY, 1])).toThrow(/Infinity in example 0/);
  });

  it('is an error for a matrix of another shape to write to', () => {
    const targets = weightedTargets([1, 2], [1, 1]);
    expect(() => weightedSquaredError.gradient(f, targets, Matrix.zeros(1, 2, 'float64'))).toThrow(
      ShapeError,
    );
    expect(() => weightedSquaredError.hessianVector(f, targets, f, Matrix.zeros(2, 1, 'float32'))).toThrow(
      ShapeError,
    );
  });
});
