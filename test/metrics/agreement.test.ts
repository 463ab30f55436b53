import { describe, expect, test } from 'vitest';
import { NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import {
  accuracy,
  centeredKernelAlignment,
  kernelAlignment,
  mean,
  median,
  predictedLabels,
  principalAngles,
  quantile,
  standardDeviation,
  standardError,
  testAccuracyDifference,
} from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-scipy.json';

const normal = (name: string, rows: number, cols: number) =>
  new Matrix(rows, cols, random(name).fill(new Float64Array(rows * cols), 'normal'));

describe('accuracy', () => {
  const actual = Uint8Array.of(0, 1, 1, 0);

  test('counts labels, signs of one logit and the largest of several alike', () => {
    expect(accuracy([0, 1, 0, 0], actual)).toBe(0.75);
    expect(accuracy(Matrix.from([[-2], [0.1], [-1], [0]]), actual)).toBe(0.75);
    const three = Matrix.from(
      [
        [3, 1, 2],
        [1, 2, 0],
        [0, 0, 5],
        [1, 1, 1],
      ],
      'float32',
    );
    expect(accuracy(three, actual)).toBe(0.75);
    expect(predictedLabels(three)).toEqual(Uint8Array.of(0, 1, 2, 0));
    expect(predictedLabels([-1, 0, 1e-30])).toEqual(Uint8Array.of(0, 0, 1));
  });

  test('TAD is the network minus the surrogate', () => {
    expect(testAccuracyDifference([0, 1, 1, 0], Matrix.from([[-1], [-1], [1], [1]]), actual)).toBe(0.5);
    expect(testAccuracyDifference([1, 0, 1, 0], actual, actual)).toBe(-0.5);
  });

  test('refuses what is no label and no logit', () => {
    expect(() => accuracy([0.3, 1], [0, 1])).toThrow(/predicted, value 0.*predictedLabels\(logits\)/s);
    expect(() => accuracy([0, 1], [0, -1])).toThrow(ValueError);
    expect(() => accuracy(Matrix.from([[1], [2]]), [0, 2])).toThrow(/a class label of 0 … 1/);
    expect(() => accuracy(Matrix.from([[1], [Number.NaN]]), [0, 1])).toThrow(ValueError);
    expect(() => accuracy([0, 1, 1], [0, 1])).toThrow(ShapeError);
    expect(() => accuracy([], [])).toThrow(ShapeError);
  });
});

describe('kernel alignment', () => {
  const { K, L, targets, ...values } = fixture.alignment;

  test.each([
    ['float64', 1e-12],
    ['float32', 1e-5],
  ] as const)('equals its formula in numpy, plain, centred and with targets (%s)', (dtype, rtol) => {
    const [A, B] = [Matrix.from(K, dtype), Matrix.from(L, dtype)];
    expect(kernelAlignment(A, B)).toBeAllclose(values.plain, { rtol });
    expect(centeredKernelAlignment(A, B)).toBeAllclose(values.centered, { rtol });
    expect(kernelAlignment(A, targets)).toBeAllclose(values.target, { rtol });
    expect(centeredKernelAlignment(A, targets)).toBeAllclose(values.centeredTarget, { rtol: 10 * rtol });
  });

  test('is 1 for multiples, and centred also for kernels that differ by a constant', () => {
    const A = Matrix.from(K);
    const scaled = new Matrix(
      30,
      30,
      A.data.map((v) => 3 * v),
    );
    const raised = new Matrix(
      30,
      30,
      A.data.map((v) => v + 5),
    );
    expect(kernelAlignment(A, scaled)).toBeAllclose(1, { rtol: 1e-14 });
    expect(kernelAlignment(A, raised)).toBeLessThan(0.9);
    expect(centeredKernelAlignment(A, raised)).toBeAllclose(1, { rtol: 1e-12 });
  });

  test('of a zero or constant kernel is an error, and so are other shapes and NaN', () => {
    const A = Matrix.from(K);
    const constant = new Matrix(30, 30, new Float64Array(900).fill(0.1));
    expect(() => kernelAlignment(A, Matrix.zeros(30, 30))).toThrow(NumericalError);
    expect(() => centeredKernelAlignment(A, constant)).toThrow(NumericalError);
    expect(() => centeredKernelAlignment(A, constant.as('float32'))).toThrow(NumericalError);
    expect(() => kernelAlignment(A, Matrix.zeros(30, 29))).toThrow(ShapeError);
    expect(() => kernelAlignment(A, [1, -1])).toThrow(ShapeError);
    expect(() =>
      kernelAlignment(
        A,
        targets.map(() => Number.NaN),
      ),
    ).toThrow(ValueError);
  });
});

describe('principal angles', () => {
  test('equal those of numpy, one of 6e-10 and some large', () => {
    const { A, B, angles } = fixture.angles;
    const ours = principalAngles(Matrix.from(A), Matrix.from(B));
    expect(angles[0]).toBeLessThan(1e-9);
    expect(ours).toBeAllclose(angles, { rtol: 1e-9, atol: 1e-14 });
    expect(principalAngles(Matrix.from(B), Matrix.from(A))).toBeAllclose(ours, { rtol: 1e-9, atol: 1e-14 });
  });

  test('of planes that share a line and stand at 30 degrees are 0 and π/6', () => {
    const A = Matrix.from([
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
    const B = Matrix.from([
      [1, 2],
      [0, Math.cos(Math.PI / 6)],
      [0, Math.sin(Math.PI / 6)],
    ]);
    expect(principalAngles(A, B)).toBeAllclose([0, Math.PI / 6], { rtol: 1e-12, atol: 1e-15 });
  });

  test('do not depend on the basis, nor count dependent columns', () => {
    const [A, B] = [normal('A', 12, 3), normal('B', 12, 4)];
    const twice = Matrix.from(A.toArray().map((row) => [...row, row[0] + row[1], 2 * row[2]]));
    expect(principalAngles(twice, B)).toBeAllclose(principalAngles(A, B), { rtol: 1e-10 });
    const single = principalAngles(twice.as('float32'), B.as('float32'));
    expect(single).toBeAllclose(principalAngles(A, B), { rtol: 1e-5 });
  });

  test('refuse other spaces and zero', () => {
    expect(() => principalAngles(normal('A', 5, 2), normal('B', 4, 2))).toThrow(ShapeError);
    expect(() => principalAngles(normal('A', 5, 2), Matrix.zeros(5, 2))).toThrow(NumericalError);
  });
});

describe('summaries', () => {
  const { values, p, quantiles, ...expected } = fixture.summary;

  test('equal those of numpy and scipy', () => {
    expect(mean(values)).toBeAllclose(expected.mean, { rtol: 1e-13 });
    expect(standardDeviation(values)).toBeAllclose(expected.standardDeviation, { rtol: 1e-13 });
    expect(standardError(values)).toBeAllclose(expected.standardError, { rtol: 1e-13 });
    expect(quantile(values, p)).toBeAllclose(quantiles, { rtol: 1e-13 });
    expect(median(values)).toBe(quantile(values, 0.5));
    expect(quantile([7], 0.3)).toBe(7);
  });

  test('keep a small spread about a large mean', () => {
    expect(standardDeviation([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBe(1);
  });

  test('refuse too few values, NaN, and shares beyond 1', () => {
    expect(() => mean([])).toThrow(ShapeError);
    expect(() => standardError([1])).toThrow(ShapeError);
    expect(() => mean([1, Number.NaN])).toThrow(ValueError);
    expect(() => quantile([1, 2], 1.5)).toThrow(ValueError);
  });
});
