/**
 * The Kolmogorov–Smirnov test: the largest distance between two distribution functions, and the probability of one at
 * least as large when the distributions are equal.
 *
 * G. Marsaglia, W. W. Tsang, J. Wang, "Evaluating Kolmogorov's distribution", J. Stat. Softw. 8(18), 2003 (exact).
 * W. Pelz, I. J. Good, "Approximating the lower tail-areas of the Kolmogorov–Smirnov one-sample statistic", J. R.
 *   Stat. Soc. B 38, 1976 (series in 1/√n).
 * R. Simard, P. L'Ecuyer, "Computing the two-sided Kolmogorov–Smirnov distribution", J. Stat. Softw. 39(11), 2011
 *   (which to use where; the upper tail by twice the one-sided distribution).
 * T. Viehmann, "Numerically more stable computation of the p-values for the two-sample Kolmogorov–Smirnov test",
 *   arXiv 2102.08037, 2021 (paths that touch the boundary, counted directly).
 */

import { ValueError } from '../errors';
import { checkNumbers } from './checks';

export interface KolmogorovSmirnov {
  /** sup |F₁ − F₂|, in [0, 1]. */
  statistic: number;
  /** P(D ≥ statistic) when both are one continuous distribution. */
  pValue: number;
}

/** Sample sizes up to this one get the exact p-value of the one-sample test. */
const EXACT_SAMPLE = 500;
/** Two-sample tests whose sizes multiply to at most this get the exact p-value. */
const EXACT_LATTICE = 4_000_000;

/**
 * sup_t |F_n(t) − F(t)| of a sample against `other`: a continuous distribution function t ↦ F(t), or a second sample,
 * whose empirical distribution function then stands for F.
 *
 * One sample: the p-value is exact up to n = 500 (absolute error 1e-13); above, the series of Pelz and Good (absolute
 * error below 1e-6), and far out in the tail (n·D² > 4) twice the one-sided exact one (relative error below 1e-3).
 * Two samples of n and m: exact for n·m ≤ 4,000,000 where no values are tied across the samples (with ties it is an
 * upper bound), above that the one-sample law at round(nm/(n + m)), which is asymptotic.
 * Throws a ShapeError for an empty sample, a ValueError for NaN and for an F that leaves [0, 1].
 */
export function ksStatistic(
  sample: ArrayLike<number>,
  other: ArrayLike<number> | ((t: number) => number),
): KolmogorovSmirnov {
  checkNumbers('ksStatistic, sample', sample, 1);
  const sorted = Float64Array.from(sample).sort();
  if (typeof other !== 'function') {
    checkNumbers('ksStatistic, other', other, 1);
    return twoSamples(sorted, Float64Array.from(other).sort());
  }
  const n = sorted.length;
  let statistic = 0;
  for (let i = 0; i < n; i++) {
    const f = other(sorted[i]);
    if (!(f >= 0 && f <= 1))
      throw new ValueError({
        what: `ksStatistic, distribution function at ${sorted[i]}`,
        expected: 'a probability',
        got: String(f),
        todo: 'Give t ↦ P(X ≤ t).',
      });
    statistic = Math.max(statistic, (i + 1) / n - f, f - i / n);
  }
  return { statistic, pValue: kolmogorovTail(n, statistic) };
}

function twoSamples(a: Float64Array, b: Float64Array): KolmogorovSmirnov {
  const n = a.length;
  const m = b.length;
  // In whole numbers: n·m·(F_a − F_b) after each different value.
  let largest = 0;
  for (let i = 0, j = 0; i < n && j < m; ) {
    const t = Math.min(a[i], b[j]);
    while (i < n && a[i] === t) i++;
    while (j < m && b[j] === t) j++;
    largest = Math.max(largest, Math.abs(i * m - j * n));
  }
  const statistic = largest / (n * m);
  const exact = n * m <= EXACT_LATTICE;
  const pValue = exact ? touching(n, m, largest) : kolmogorovTail(Math.round((n * m) / (n + m)), statistic);
  return { statistic, pValue };
}

/**
 * The probability that a random monotone lattice path from (0, 0) to (n, m) meets a point with |i·m − j·n| ≥ d:
 * the path to (i, j) comes from (i−1, j) with probability i/(i + j).
 */
function touching(n: number, m: number, d: number): number {
  if (d === 0) return 1;
  const p = new Float64Array(m + 1);
  for (let j = 0; j <= m; j++) p[j] = j * n >= d ? 1 : 0;
  for (let i = 1; i <= n; i++) {
    if (i * m >= d) p[0] = 1;
    for (let j = 1; j <= m; j++)
      p[j] = Math.abs(i * m - j * n) >= d ? 1 : (i * p[j] + j * p[j - 1]) / (i + j);
  }
  return p[m];
}

/** P(D_n ≥ d) of Kolmogorov's statistic of n independent draws. Throws a ValueError unless n is whole and d a number. */
export function kolmogorovTail(n: number, d: number): number {
  if (!(Number.isInteger(n) && n >= 1) || Number.isNaN(d))
    throw new ValueError({
      what: 'kolmogorovTail(n, d)',
      expected: 'a whole number of draws, 1 or more, and a distance',
      got: `n = ${n}, d = ${d}`,
      todo: 'd is the largest distance of the distribution functions, in [0, 1].',
    });
  if (d * n <= 0.5) return 1;
  if (d >= 1) return 0;
  if (n * d * d > 4) return Math.min(1, 2 * smirnovTail(n, d));
  const below = n <= EXACT_SAMPLE ? marsagliaTsangWang(n, d) : pelzGood(n, d);
  return Math.min(1, Math.max(0, 1 - below));
}

/** P(D_n⁺ ≥ d) = d Σ_j C(n, j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j), exactly (Smirnov). */
function smirnovTail(n: number, d: number): number {
  const last = Math.floor(n * (1 - d));
  let logBinomial = 0;
  let sum = 0;
  for (let j = 0; j <= last; j++) {
    const rest = 1 - d - j / n;
    const logPower = n === j ? 0 : (n - j) * Math.log(rest);
    if (rest > 0 || n === j) sum += Math.exp(logBinomial + (j - 1) * Math.log(d + j / n) + logPower);
    logBinomial += Math.log((n - j) / (j + 1));
  }
  return d * sum;
}

/** P(D_n < d) as an entry of the n-th power of a banded matrix (Durbin). */
function marsagliaTsangWang(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const size = 2 * k - 1;
  const h = k - n * d;
  const H = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= Math.min(i + 1, size - 1); j++) H[i * size + j] = 1;
  for (let i = 0; i < size; i++) {
    H[i * size] -= h ** (i + 1);
    H[(size - 1) * size + i] -= h ** (size - i);
  }
  H[(size - 1) * size] += Math.max(0, 2 * h - 1) ** size;
  for (let i = 0; i < size; i++)
    for (let j = 0; j <= Math.min(i + 1, size - 1); j++)
      for (let g = 1; g <= i - j + 1; g++) H[i * size + j] /= g;
  const power = matrixPower(H, size, n);
  let p = power[(k - 1) * size + k - 1];
  for (let i = 1; i <= n; i++) p *= i / n; // n ≤ 500: neither the power (below eⁿ) nor n!/nⁿ leaves the doubles' range
  return p;
}

function matrixPower(base: Float64Array, size: number, exponent: number): Float64Array {
  if (exponent === 1) return base;
  const half = matrixPower(base, size, exponent >> 1);
  const square = product(half, half, size);
  return exponent & 1 ? product(square, base, size) : square;
}

function product(A: Float64Array, B: Float64Array, size: number): Float64Array {
  const C = new Float64Array(size * size);
  for (let i = 0; i < size; i++)
    for (let k = 0; k < size; k++) {
      const a = A[i * size + k];
      for (let j = 0; j < size; j++) C[i * size + j] += a * B[k * size + j];
    }
  return C;
}

/** P(D_n < d) by four terms of the expansion in 1/√n, each a theta-like series in z = √n·d. */
function pelzGood(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z2 * z4;
  const z8 = z4 * z4;
  const pi2 = Math.PI ** 2;
  const sums = [0, 0, 0, 0];
  const terms = Math.ceil(16 * z) + 1;
  for (let k = 0; k < terms; k++) {
    // Over the odd multiples (k + ½)π …
    const u2 = pi2 * (k + 0.5) ** 2;
    const u4 = u2 * u2;
    const u6 = u2 * u4;
    const weight = Math.exp(-u2 / (2 * z2));
    sums[0] += weight;
    sums[1] += weight * (u2 - z2);
    sums[2] += weight * (6 * z6 + 2 * z4 + u2 * (2 * z4 - 5 * z2) + u4 * (1 - 2 * z2));
    sums[3] +=
      weight *
      (-30 * z6 - 90 * z8 + u2 * (135 * z4 - 96 * z6) + u4 * (212 * z4 - 60 * z2) + u6 * (5 - 30 * z2));
  }
  let extra2 = 0;
  let extra3 = 0;
  for (let k = 1; k < terms; k++) {
    // … and over the whole multiples kπ.
    const v2 = pi2 * k * k;
    const weight = Math.exp(-v2 / (2 * z2));
    extra2 += v2 * weight;
    extra3 += (3 * v2 * z2 - v2 * v2) * weight;
  }
  const root = Math.sqrt(2 * Math.PI);
  const term0 = (root / z) * sums[0];
  const term1 = (root / (6 * z4)) * sums[1];
  const term2 = (root / (72 * z ** 7)) * sums[2] - (root / (36 * z ** 3)) * extra2;
  const term3 = (root / (6480 * z ** 10)) * sums[3] + (root / (216 * z6)) * extra3;
  return term0 + term1 / Math.sqrt(n) + term2 / n + term3 / (n * Math.sqrt(n));
}
