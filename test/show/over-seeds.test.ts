import { expect, test } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { overSeeds } from '../../src/lib/show';

const results = [1, 2, 4.5].map((tau) => ({ tau }));
const geometric = (values: readonly number[], digits?: number) =>
  overSeeds(values, (v) => v, { geometric: true, digits });

test('several seeds are their mean and its standard error', () => {
  // mean 2.5, variance (2.25 + 0.25 + 4) / 2 = 3.25, error √(3.25 / 3) = 1.0408
  expect(overSeeds(results, (r) => r.tau)).toBe('2.500 ± 1.041');
  expect(overSeeds(results, (r) => -r.tau, 1)).toBe('-2.5 ± 1.0');
  expect(overSeeds(results, (r) => r.tau, { digits: 2 })).toBe('2.50 ± 1.04');
});

test('one seed has no error, and none is a dash', () => {
  expect(overSeeds(results.slice(0, 1), (r) => r.tau, 2)).toBe('1.00');
  expect(overSeeds([] as typeof results, (r) => r.tau)).toBe('–');
  expect(geometric([3e-10])).toBe('3.0e-10');
  expect(geometric([])).toBe('–');
});

test('over orders of magnitude several seeds are their geometric mean, the least and the most', () => {
  expect(geometric([1e-10, 4e-10])).toBe('2.0e-10 (1.0e-10 … 4.0e-10)');
  expect(geometric([9e-7, 1.2e-7, 1e-6 / 1.08], 3)).toBe('4.64e-7 (1.20e-7 … 9.26e-7)');
  expect(geometric([2, 4.5])).toBe('3.0 (2.0 … 4.5)');
  expect(geometric([10, 1234.5, 99.7])).toBe('107 (10 … 1235)');
});

test('the three have one form, also where only the least is small', () => {
  expect(geometric([1e-4, 1])).toBe('1.0e-2 (1.0e-4 … 1.0e+0)');
  expect(geometric([1e-2, 1])).toBe('0.10 (0.010 … 1.0)');
});

test('what is no number is refused, and what has no logarithm', () => {
  expect(() => overSeeds(results, () => Number.NaN)).toThrow(ValueError);
  expect(() => geometric([1, 0])).toThrow(/a positive number, got 0/);
});
