import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { type DType, Matrix } from '../../src/lib/linalg/matrix';
import { gradientDescent } from '../../src/lib/nets';
import { dense } from '../../src/lib/nets/layers/dense';
import { type Loss, logisticLoss, meanSquaredError, softmaxCrossEntropy } from '../../src/lib/nets/losses';
import { network } from '../../src/lib/nets/network';
import { offsetTargets, withOffsets } from '../../src/lib/nets/offset-loss';
import { train } from '../../src/lib/nets/train';
import { random } from '../../src/lib/random';

const normal = (name: string, rows: number, cols: number, dtype: DType) => {
  const M = Matrix.zeros(rows, cols, dtype);
  random(name).fill(M.data, 'normal', 0, 1);
  return M;
};
const like = (M: Matrix) => Matrix.zeros(M.rows, M.cols, M.dtype);
const plus = (A: Matrix, B: Matrix) => {
  const out = A.copy();
  for (let k = 0; k < out.data.length; k++) out.data[k] += B.data[k];
  return out;
};

/** Losses of each kind of targets: numbers for each output, labels as a list, one-hot rows. */
const kinds: [string, Loss, number, (dtype: DType) => Matrix | number[]][] = [
  ['the squared error of three outputs', meanSquaredError, 3, (dtype) => normal('y', 6, 3, dtype)],
  ['the logistic loss of labels', logisticLoss, 1, () => [0, 1, 1, 0, 1, 0]],
  ['the softmax of labels', softmaxCrossEntropy, 3, () => [0, 2, 1, 1, 0, 2]],
  [
    'the softmax of one-hot rows',
    softmaxCrossEntropy,
    2,
    (dtype) =>
      Matrix.from(
        [0, 1, 1, 0, 1, 0].map((y) => [1 - y, y]),
        dtype,
      ),
  ],
];

describe.each<DType>(['float32', 'float64'])('a loss with offsets in %s', (dtype) => {
  it.each(kinds)(
    'is the loss of outputs that are moved by them, its derivatives too: %s',
    (_, loss, d, of) => {
      const [f, o, v] = ['f', 'o', 'v'].map((name) => normal(name, 6, d, dtype));
      const y = of(dtype);
      const moved = plus(f, o);
      const its = withOffsets(loss);
      const targets = its.targets(offsetTargets(y, o), d, dtype);
      expect(its.value(f, targets)).toBe(loss.value(moved, y));
      const [gradient, expected] = [like(f), like(f)];
      expect(its.gradient(f, targets, gradient)).toBe(loss.gradient(moved, y, expected));
      expect(gradient).toEqual(expected);
      its.hessianVector(f, targets, v, gradient);
      loss.hessianVector(moved, y, v, expected);
      expect(gradient).toEqual(expected);
    },
  );

  it('takes its targets as they were given and as it has prepared them', () => {
    const its = withOffsets(logisticLoss);
    const given = offsetTargets([1, 0], Matrix.from([[0.5], [-2]], dtype));
    const prepared = its.targets(given, 1, dtype);
    expect(prepared).toEqual(
      Matrix.from(
        [
          [1, 0.5],
          [0, -2],
        ],
        dtype,
      ),
    );
    const f = normal('f', 2, 1, dtype);
    expect(its.value(f, given)).toBe(its.value(f, prepared));
  });

  it('leaves outputs and targets as they were', () => {
    const [f, o] = ['f', 'o'].map((name) => normal(name, 4, 1, dtype));
    const targets = offsetTargets([1, 0, 0, 1], o);
    const before = [f.copy(), targets.copy()];
    withOffsets(logisticLoss).gradient(f, targets, like(f));
    expect([f, targets]).toEqual(before);
  });

  it('trains what a bias that is larger by a common offset trains', async () => {
    const rtol = dtype === 'float32' ? 1e-4 : 1e-11;
    const net = network(3, [dense(1)]);
    const X = normal('x', 40, 3, dtype);
    const y = Array.from({ length: 40 }, (_, i) => Number(X.get(i, 0) > 0));
    const start = net.init(random('start'), { initializer: 'standardNormal', dtype });
    const shifted = net.init(random('start'), { initializer: 'standardNormal', dtype });
    shifted.params.get('dense1/bias').data[0] += 0.75;
    const options = { optimizer: gradientDescent({ rate: 0.3 }), epochs: 5, batchSize: 7 };
    const offsets = Matrix.zeros(40, 1, dtype);
    offsets.data.fill(0.75);
    const trained = async (from: typeof start, targets: Matrix | number[], loss: Loss) => {
      const { snapshot } = await train(
        net,
        from,
        { inputs: X, targets },
        { ...options, loss, rng: random('order') },
      );
      return net.predict(snapshot, X);
    };
    const one = await trained(start, offsetTargets(y, offsets), withOffsets(logisticLoss));
    const other = await trained(shifted, y, logisticLoss);
    expect(plus(one, offsets).data).toBeAllclose(other.data, { rtol, atol: rtol });
    expect(one.data).not.toBeAllclose(net.predict(start, X).data, { rtol: 0.1 });
  });
});

describe('bad input of a loss with offsets', () => {
  const its = withOffsets(logisticLoss);
  const f = Matrix.zeros(2, 1);

  it('is an error that says what the columns are', () => {
    expect(() => its.value(f, [0, 1])).toThrow(/1 of offsets, got a list of 2 numbers.*offsetTargets/s);
    expect(() => its.targets(Matrix.zeros(2, 1), 1, 'float64')).toThrow(ShapeError);
    expect(() => its.targets(Matrix.zeros(2, 3), 1, 'float64')).toThrow(/logisticLoss targets/);
  });

  it('is an error for other numbers of examples', () => {
    expect(() => offsetTargets([0, 1, 1], Matrix.zeros(2, 1))).toThrow(
      /3 rows, one for each example, got 2 × 1/,
    );
    expect(() => its.value(f, offsetTargets([0, 1, 1], Matrix.zeros(3, 1)))).toThrow(/2 examples/);
  });

  it('names the example whose offset or target cannot be', () => {
    const value = (y: number[], o: number[]) => () =>
      its.value(f, offsetTargets(y, Matrix.from(o.map((x) => [x]))));
    expect(value([0, 1], [0, Number.NaN])).toThrow(ValueError);
    expect(value([0, 1], [0, Number.NaN])).toThrow(/NaN in example 1/);
    expect(value([0, 2], [0, 0])).toThrow(/2 in example 1/);
  });
});
