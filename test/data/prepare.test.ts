import { describe, expect, test } from 'vitest';
import { split, standardise, takeLabels } from '../../src/lib/data';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg/matrix';
import { mean } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';

describe('split', () => {
  const shares = { train: 0.6, validation: 0.2, test: 0.2 };

  test.each([5, 7, 10, 11, 18_000, 36_001])(
    'of %i examples puts each in one part, of the right size',
    (n) => {
      for (const rng of [undefined, random(n)]) {
        const parts = split(n, shares, rng);
        const all = [...parts.train, ...parts.validation, ...parts.test];
        expect(all.sort((i, j) => i - j)).toEqual(Array.from({ length: n }, (_, i) => i));
        for (const name of ['train', 'validation', 'test'] as const)
          expect(Math.abs(parts[name].length - n * shares[name])).toBeLessThan(1);
      }
    },
  );

  test('sizes that come out even are exact in spite of rounding (.7 + .1 + .2)', () => {
    const { a, b, c } = split(10, { a: 0.7, b: 0.1, c: 0.2 });
    expect([a.length, b.length, c.length]).toEqual([7, 1, 2]);
  });

  test('keeps the order without a generator, and repeats with equal ones', () => {
    expect(split(5, shares).train).toEqual(Uint32Array.of(0, 1, 2));
    expect(split(50, shares, random(1))).toEqual(split(50, shares, random(1)));
    expect(split(50, shares, random(1))).not.toEqual(split(50, shares, random(2)));
  });

  test('refuses shares that do not sum to 1, and empty parts', () => {
    expect(() => split(10, { a: 0.5, b: 0.4 })).toThrow(ValueError);
    expect(() => split(10, { a: 1.5, b: -0.5 })).toThrow(ValueError);
    expect(() => split(10, { a: Number.NaN, b: 0.5 })).toThrow(ValueError);
    expect(() => split(3, { a: 0.9, b: 0.05, c: 0.05 })).toThrow(ShapeError);
  });
});

test('labels are taken in the kind they have', () => {
  expect(takeLabels(Uint8Array.of(5, 6, 7), [2, 0])).toEqual(Uint8Array.of(7, 5));
  expect(takeLabels(Float32Array.of(0.5), [0, 0])).toEqual(Float32Array.of(0.5, 0.5));
  expect(() => takeLabels(Uint8Array.of(5), [1])).toThrow(ValueError);
});

describe.each(['float32', 'float64'] as const)('standardise (%s)', (dtype) => {
  const data = new Matrix(200, 3, random('columns').fill(Matrix.zeros(200, 3, dtype).data, 'normal', 100, 4));
  const tolerance = dtype === 'float32' ? 1e-5 : 1e-13;

  test('gives the training part mean 0 and standard deviation 1 (over n)', () => {
    const out = standardise(data).apply(data);
    expect(out.dtype).toBe(dtype);
    for (let j = 0; j < 3; j++) {
      const column = out.column(j);
      expect(mean(column)).toBeAllclose(0, { atol: tolerance });
      expect(Math.sqrt(mean(column.map((v) => v * v)))).toBeAllclose(1, { rtol: tolerance });
    }
  });

  test('applies the training part’s law elsewhere, by hand', () => {
    const scale = standardise(
      Matrix.from(
        [
          [1, 10],
          [3, 20],
        ],
        dtype,
      ),
    );
    expect(
      scale.apply(
        Matrix.from(
          [
            [2, 25],
            [5, 15],
          ],
          dtype,
        ),
      ),
    ).toEqual(
      Matrix.from(
        [
          [0, 2],
          [3, 0],
        ],
        dtype,
      ),
    );
  });

  test('leaves constant columns finite, rounding or not', () => {
    for (const value of [0, 5, 0.1, 1e6 / 3, -1e-30]) {
      const constant = new Matrix(300, 1, Matrix.zeros(300, 1, dtype).data.fill(value));
      const scale = standardise(constant);
      expect(scale.deviation).toEqual(Float64Array.of(1));
      expect(Math.max(...scale.apply(constant).data.map(Math.abs))).toBeLessThanOrEqual(
        Math.abs(value) * 1e-6,
      );
      expect(Number.isFinite(scale.apply(Matrix.from([[7]], dtype)).get(0, 0))).toBe(true);
    }
  });

  test('refuses NaN by its place, no rows, and other columns', () => {
    const broken = data.copy();
    broken.set(17, 2, Number.NaN);
    expect(() => standardise(broken)).toThrow(/standardise.*row 17, column 2.*NaN/);
    expect(() => standardise(data).apply(broken)).toThrow(/apply.*row 17, column 2.*NaN/);
    expect(() => standardise(Matrix.zeros(0, 3, dtype))).toThrow(ShapeError);
    expect(() => standardise(data).apply(Matrix.zeros(2, 4, dtype))).toThrow(ShapeError);
  });
});
