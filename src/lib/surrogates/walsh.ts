/**
 * The correlation of every parity with the labels, at once. The parities χ_S(x) = (−1)^(Σ_{j∈S} x_j), one for each
 * subset S of the columns, are an orthonormal basis of the functions of N fair bits (R. O'Donnell, "Analysis of Boolean
 * Functions", 2014, chapter 1), so this is a spectrum: over subsets in place of frequencies. The largest entry is the
 * parity that most labels agree with, which is the maximum-likelihood answer under flips that hit all rows alike
 * (É. Levieil & P.-A. Fouque, "An improved LPN algorithm", SCN 2006).
 *
 * Why a transform: the labels' signs are summed for each pattern of bits, and the Walsh–Hadamard transform of those 2^N
 * sums takes N·2^N additions in place of n·2^N. It needs no luck and bears any noise, but 2^N numbers: `noisyParity` is
 * for the N beyond, where noise is small.
 */

import { ValueError } from '../errors';
import type { BitMatrix, Matrix } from '../linalg';
import { asBits, checkBits } from './bits';

/** 2²⁴ float64 are 128 MiB. */
const MOST_COLUMNS = 24;

/**
 * ŷ(S) = 1/n Σ_i (−1)^(y_i + Σ_{j∈S} x_ij) for every subset S of the N columns: 2^N numbers of [−1, 1], that of S at
 * the index Σ_{j∈S} 2^j. A share (1 + ŷ(S))/2 of the rows agrees with the parity of S; where ŷ(S) is negative, more
 * agree with its complement.
 *
 * X is n × N, packed bits or a Matrix, whose bits are x > ½; y holds n zeros and ones. Exact up to the division by n.
 * Throws a ValueError for more than 24 columns, NaN, and labels other than 0 and 1, a ShapeError for sizes that do not
 * fit or are none.
 */
export function walshSpectrum(X: BitMatrix | Matrix, y: ArrayLike<number>): Float64Array {
  if (X.cols > MOST_COLUMNS)
    throw new ValueError({
      what: 'walshSpectrum, X',
      expected: `at most ${MOST_COLUMNS} columns`,
      got: `${X.cols}, which have 2^${X.cols} subsets`,
      todo: 'Give some of the columns, or search with noisyParity, which keeps no list of subsets.',
    });
  const bits = asBits(X, 'walshSpectrum');
  checkBits(y, bits.rows, 'walshSpectrum');
  const spectrum = new Float64Array(2 ** bits.cols);
  for (let i = 0; i < bits.rows; i++) spectrum[bits.words[i]] += y[i] ? -1 : 1; // a row is one word
  walshTransform(spectrum);
  for (let S = 0; S < spectrum.length; S++) spectrum[S] /= bits.rows;
  return spectrum;
}

/** f(S) ← Σ_x (−1)^(x·S) f(x) in place: a butterfly for each bit. */
function walshTransform(f: Float64Array): void {
  for (let half = 1; half < f.length; half *= 2)
    for (let start = 0; start < f.length; start += 2 * half)
      for (let k = start; k < start + half; k++) {
        const a = f[k];
        const b = f[k + half];
        f[k] = a + b;
        f[k + half] = a - b;
      }
}
