import { describe, expect, it } from 'vitest';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { BitMatrix, Matrix } from '../../src/lib/linalg';
import { type Random, random } from '../../src/lib/random';
import { walshSpectrum } from '../../src/lib/surrogates';
import recorded from '../fixtures/surrogates-parity.json';

function randomBits(rows: number, cols: number, rng: Random): number[][] {
  return Array.from({ length: rows }, () => Array.from({ length: cols }, () => rng.bernoulli()));
}

/** 1/n Σ_i (−1)^(y_i + Σ_{j∈S} x_ij), as it is written. */
function directSum(X: number[][], y: number[], S: number): number {
  let sum = 0;
  X.forEach((row, i) => {
    const exponent = row.reduce((total, bit, j) => total + ((S >> j) & 1) * bit, y[i]);
    sum += (-1) ** exponent;
  });
  return sum / X.length;
}

/** Every pattern of N bits once. */
const cube = (N: number): number[][] =>
  Array.from({ length: 2 ** N }, (_, x) => Array.from({ length: N }, (_, j) => (x >> j) & 1));

describe('the spectrum over subsets', () => {
  it.each([1, 2, 3, 6, 8])('is the sum of signs, subset by subset, for %i columns', (N) => {
    const rng = random(N);
    const X = randomBits(77, N, rng);
    const y = randomBits(1, 77, rng)[0];
    const spectrum = walshSpectrum(BitMatrix.from(X), y);
    expect(spectrum.length).toBe(2 ** N);
    expect(spectrum).toBeAllclose(
      Array.from(spectrum, (_, S) => directSum(X, y, S)),
      { rtol: 1e-15 },
    );
  });

  it.each(recorded.cases.flatMap((c) => (c.spectrum ? [[c.rows[0].length, c, c.spectrum] as const] : [])))(
    'is what scipy’s Hadamard matrix gives, for %i columns',
    (_, c, spectrum) => {
      const X = BitMatrix.from(c.rows.map((row) => Array.from(row, Number)));
      expect(walshSpectrum(X, Array.from(c.labels, Number))).toBeAllclose(spectrum, { rtol: 1e-14 });
    },
  );

  it('has its largest entry where counting all parities one by one finds the best', () => {
    for (const c of recorded.cases) {
      const X = BitMatrix.from(c.rows.map((row) => Array.from(row, Number)));
      const spectrum = walshSpectrum(X, Array.from(c.labels, Number));
      const S = c.support.reduce((sum, j) => sum + 2 ** j, 0);
      const largest = spectrum.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      expect(Math.abs(spectrum[S])).toBe(largest);
      expect(spectrum[S] < 0).toBe(c.complement);
      expect((1 + largest) / 2).toBeAllclose(c.agreements / X.rows, { rtol: 1e-14 });
    }
  });

  it('obeys Parseval: Σ_S ŷ(S)² = 2^N/n² Σ_x f(x)², with f the sum of signs of a pattern', () => {
    const rng = random('parseval');
    for (const N of [3, 7, 12]) {
      const X = randomBits(500, N, rng);
      const y = randomBits(1, 500, rng)[0];
      const f = new Map<string, number>();
      X.forEach((row, i) => {
        f.set(row.join(''), (f.get(row.join('')) ?? 0) + (-1) ** y[i]);
      });
      const left = walshSpectrum(BitMatrix.from(X), y).reduce((sum, v) => sum + v * v, 0);
      const right = [...f.values()].reduce((sum, v) => sum + v * v, 0);
      expect(left).toBeAllclose((2 ** N / 500 ** 2) * right, { rtol: 1e-12 });
    }
  });

  it('on every pattern once has squares that sum to 1, and of a parity it is that parity alone', () => {
    const X = cube(5);
    const y = randomBits(1, 32, random(5))[0];
    const squares = walshSpectrum(BitMatrix.from(X), y).reduce((sum, v) => sum + v * v, 0);
    expect(squares).toBeAllclose(1, { rtol: 1e-14 });
    const parity = X.map((row) => row[1] ^ row[4] ^ 1);
    const alone = new Float64Array(32);
    alone[2 + 16] = -1;
    expect(Array.from(walshSpectrum(BitMatrix.from(X), parity))).toEqual(Array.from(alone));
  });

  it('is linear in the data: of two sets together it is their mean, weighted by rows', () => {
    const rng = random('linear');
    const [A, B] = [randomBits(30, 6, rng), randomBits(70, 6, rng)];
    const [a, b] = [randomBits(1, 30, rng)[0], randomBits(1, 70, rng)[0]];
    const both = walshSpectrum(BitMatrix.from([...A, ...B]), [...a, ...b]);
    const ofA = walshSpectrum(BitMatrix.from(A), a);
    const ofB = walshSpectrum(BitMatrix.from(B), b);
    expect(both).toBeAllclose(
      ofA.map((v, S) => 0.3 * v + 0.7 * ofB[S]),
      { rtol: 1e-12, atol: 1e-15 },
    );
  });

  it('moves when a column is added to the labels, and changes its sign with them', () => {
    const rng = random('moves');
    const X = randomBits(90, 6, rng);
    const y = randomBits(1, 90, rng)[0];
    const spectrum = walshSpectrum(BitMatrix.from(X), y);
    const added = walshSpectrum(
      BitMatrix.from(X),
      y.map((bit, i) => bit ^ X[i][3]),
    );
    expect(Array.from(added)).toEqual(Array.from(spectrum, (_, S) => spectrum[S ^ 8]));
    const flipped = walshSpectrum(
      BitMatrix.from(X),
      y.map((bit) => 1 - bit),
    );
    expect(flipped).toBeAllclose(
      spectrum.map((v) => -v),
      { rtol: 0 },
    );
  });

  it('reads a matrix as bits above ½', () => {
    const rng = random('matrix');
    const X = randomBits(40, 5, rng);
    const y = randomBits(1, 40, rng)[0];
    const noisy = Matrix.from(
      X.map((row) => row.map((bit) => bit + rng.uniform(-0.4, 0.4))),
      'float32',
    );
    expect(walshSpectrum(noisy, y)).toEqual(walshSpectrum(BitMatrix.from(X), y));
  });

  it('takes 24 columns', () => {
    const spectrum = walshSpectrum(BitMatrix.from([new Array(24).fill(1)]), [1]);
    expect(spectrum.length).toBe(2 ** 24);
    expect(spectrum[2 ** 24 - 1]).toBe(-1); // 24 ones and the label
    expect(spectrum[2 ** 23]).toBe(1);
  });

  it('refuses more columns, no columns, no rows, and labels that are no bits', () => {
    const X = BitMatrix.from([
      [0, 1],
      [1, 1],
    ]);
    expect(() => walshSpectrum(BitMatrix.zeros(3, 25), [0, 1, 1])).toThrow(ValueError);
    expect(() => walshSpectrum(BitMatrix.zeros(3, 25), [0, 1, 1])).toThrow(/at most 24 columns, got 25/);
    expect(() => walshSpectrum(BitMatrix.zeros(3, 0), [0, 1, 1])).toThrow(ShapeError);
    expect(() => walshSpectrum(BitMatrix.zeros(0, 3), [])).toThrow(/at least one row/);
    expect(() => walshSpectrum(X, [0])).toThrow(/2 labels.*got 1/);
    expect(() => walshSpectrum(X, [0, -1])).toThrow(/labels 0 and 1, got -1 at position 1/);
    expect(() => walshSpectrum(Matrix.from([[Number.NaN]]), [0])).toThrow(/row 0, column 0/);
  });
});
