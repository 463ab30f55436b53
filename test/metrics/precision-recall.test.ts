import { describe, expect, test } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { precisionRecall } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import fixture from '../fixtures/metrics-flags.json';

describe('precision and recall', () => {
  test('are scikit-learn’s, also where nothing is flagged or nothing is true', () => {
    for (const { flags, truth, precision, recall, f1 } of fixture.cases)
      expect(precisionRecall(flags, truth)).toMatchObject({
        precision: expect.closeTo(precision, 14),
        recall: expect.closeTo(recall, 14),
        f1: expect.closeTo(f1, 14),
      });
  });

  test('change places when flags and truth do, and F1 stays, their harmonic mean', () => {
    const rng = random('flags');
    const [a, b] = [0.3, 0.6].map((p) => Uint8Array.from({ length: 200 }, () => rng.bernoulli(p)));
    const one = precisionRecall(a, b);
    const other = precisionRecall(b, a);
    expect([other.precision, other.recall, other.f1]).toEqual([one.recall, one.precision, one.f1]);
    expect(one.f1).toBeAllclose(2 / (1 / one.precision + 1 / one.recall), { rtol: 1e-14 });
    expect(one.precision).not.toBe(one.recall);
  });

  test('come with the counts they are made of', () => {
    expect(precisionRecall([true, true, false, true], [1, 0, 1, 1])).toEqual({
      precision: 2 / 3,
      recall: 2 / 3,
      f1: 2 / 3,
      hits: 2,
      flagged: 3,
      actual: 3,
    });
  });

  test('refuse unequal lengths, none, and what is neither yes nor no', () => {
    expect(() => precisionRecall([1], [1, 0])).toThrow(ShapeError);
    expect(() => precisionRecall([], [])).toThrow(ShapeError);
    expect(() => precisionRecall([1, 0.5], [1, 0])).toThrow(ValueError);
    expect(() => precisionRecall([1, 0], [1, Number.NaN])).toThrow(/truth, value 1.*1 or 0, got NaN/);
  });
});
