import { expect, test } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { overSeeds } from '../../src/lib/show';

const results = [1, 2, 4.5].map((tau) => ({ tau }));

test('several seeds are their mean and its standard error', () => {
  // mean 2.5, variance (2.25 + 0.25 + 4) / 2 = 3.25, error √(3.25 / 3) = 1.0408
  expect(overSeeds(results, (r) => r.tau)).toBe('2.500 ± 1.041');
  expect(overSeeds(results, (r) => -r.tau, 1)).toBe('-2.5 ± 1.0');
});

test('one seed has no error, and none is a dash', () => {
  expect(overSeeds(results.slice(0, 1), (r) => r.tau, 2)).toBe('1.00');
  expect(overSeeds([] as typeof results, (r) => r.tau)).toBe('–');
});

test('what is no number is refused', () => {
  expect(() => overSeeds(results, () => Number.NaN)).toThrow(ValueError);
});
