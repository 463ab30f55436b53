// biome-ignore-all lint/suspicious/noFocusedTests: fit is a verb of surrogates here, not a focused test
import { describe, expect, it } from 'vitest';
import { generateKryptonite } from '../../src/lib/data';
import { InterruptedError, NumericalError, ShapeError, ValueError } from '../../src/lib/errors';
import { BitMatrix, Matrix } from '../../src/lib/linalg';
import { type Random, random } from '../../src/lib/random';
import {
  certificate,
  expectedTries,
  type NoisyParityOptions,
  noisyParity,
  walshSpectrum,
} from '../../src/lib/surrogates';
import recorded from '../fixtures/surrogates-parity.json';

function fairBits(rows: number, cols: number, rng: Random): BitMatrix {
  const bits = BitMatrix.zeros(rows, cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) bits.set(i, j, rng.bernoulli());
  return bits;
}

/** Labels of a parity of 2N/3 columns of fair bits, each flipped with probability `noise`. */
function planted(N: number, rows: number, noise: number, seed: number | string) {
  const rng = random(seed);
  const X = fairBits(rows, N, rng.stream('bits'));
  const support = Array.from(
    rng
      .stream('support')
      .permutation(N)
      .slice(0, Math.ceil((2 * N) / 3)),
  ).sort((a, b) => a - b);
  const complement = rng.stream('complement').bernoulli() === 1;
  const flips = rng.stream('flips').fill(new Float64Array(rows), 'bernoulli', noise);
  const y = Array.from(flips, (flip, i) => {
    const sum = support.reduce((total, j) => total + X.get(i, j), 0);
    return (sum + flip + (complement ? 1 : 0)) % 2;
  });
  return { X, y, support, complement };
}

/** The affine parity that most labels agree with, among all: where |ŷ(S)| is largest. */
function mostLikely(X: BitMatrix, y: ArrayLike<number>) {
  const spectrum = walshSpectrum(X, y);
  let S = 0;
  for (let k = 1; k < spectrum.length; k++) if (Math.abs(spectrum[k]) > Math.abs(spectrum[S])) S = k;
  const support = Array.from({ length: X.cols }, (_, j) => j).filter((j) => (S >> j) & 1);
  return { support, complement: spectrum[S] < 0, agreement: (1 + Math.abs(spectrum[S])) / 2 };
}

const learner = (seed: number | string, options: Partial<NoisyParityOptions> = {}) =>
  noisyParity({ rng: random(seed), ...options });

describe('the learner finds', () => {
  const grid = [9, 12, 15, 18, 24, 30, 31, 32, 45, 63, 64].flatMap((N) =>
    [0, 0.02, 0.05].map((noise) => [N, noise] as const),
  );
  it.each(grid)('the parity of 2N/3 of %i columns at noise %f, and its complement', (N, noise) => {
    const seen = new Set<boolean>();
    for (let seed = 0; seen.size < 2; seed++) {
      const { X, y, support, complement } = planted(N, 100 * N, noise, `${N} ${noise} ${seed}`);
      if (seen.has(complement)) continue;
      seen.add(complement);
      const fitted = learner(seed).fit(X, y);
      expect(fitted).toMatchObject({ support, complement, certified: true, unique: true });
      expect(fitted.tries).toBeLessThan(20 * expectedTries(noise, N));
    }
  });

  it.each([9, 12, 30, 45])('the informative columns of Kryptonite-%i, from labels alone', (N) => {
    for (const complement of [false, true]) {
      const { inputs, labels, law } = generateKryptonite(N, { rng: random(N), complement });
      const fitted = learner(1).fit(inputs, labels);
      expect(fitted).toMatchObject({ support: law.informative, complement, certified: true, unique: true });
      expect(Math.abs(fitted.agreement - law.ceiling)).toBeLessThan(4 * fitted.noise.standardError + 1e-3);
    }
  });

  it.each([
    [3, 0.2],
    [6, 0.25],
    [9, 0.2],
    [12, 0.2],
  ])('what is most likely of all 2^(N+1) parities of %i columns, at noise %f', (N, noise) => {
    for (let seed = 0; seed < 5; seed++) {
      const { X, y, support, complement } = planted(N, 1000 + 200 * N, noise, `likely ${N} ${seed}`);
      const likely = mostLikely(X, y);
      const fitted = learner(seed).fit(X, y);
      expect(fitted).toMatchObject({
        support: likely.support,
        complement: likely.complement,
        certified: true,
      });
      expect(fitted).toMatchObject({ support, complement });
    }
  });

  it('a parity of few rows at much noise, which too few are held out to screen', () => {
    for (let seed = 0; seed < 5; seed++) {
      const { X, y, support, complement } = planted(3, 400, 0.25, `few ${seed}`);
      const fitted = learner(seed, { significance: 0.01 }).fit(X, y);
      expect(fitted).toMatchObject({ support, complement, certified: true, heldOut: 200 });
      expect(fitted.tries).toBeLessThan(40);
    }
  });

  it('the best parity that numpy finds by counting', () => {
    for (const c of recorded.cases) {
      const X = BitMatrix.from(c.rows.map((row) => Array.from(row, Number)));
      const y = Array.from(c.labels, Number);
      const fitted = learner('numpy').fit(X, y);
      expect(fitted).toMatchObject({ support: c.support, complement: c.complement, certified: true });
      expect(fitted.score(X, y)).toBe(c.agreements / X.rows);
    }
  });

  it('a constant: the parity of no column', () => {
    const X = fairBits(400, 5, random('constant'));
    for (const label of [0, 1]) {
      const fitted = learner(0).fit(X, new Array(400).fill(label));
      expect(fitted).toMatchObject({ support: [], complement: label === 1, agreement: 1, certified: true });
    }
  });

  it('the parity in one try when no label is wrong', () => {
    const { X, y } = planted(45, 1000, 0, 'clean');
    for (let seed = 0; seed < 20; seed++) expect(learner(seed).fit(X, y).tries).toBe(1);
  });
});

describe('without a complement', () => {
  it('the parity is found, and in as many tries as N rows need', () => {
    const N = 8;
    const X = fairBits(3000, N, random('linear'));
    const flips = random('linear flips').fill(new Float64Array(3000), 'bernoulli', 0.15);
    const y = Array.from(flips, (flip, i) => (X.get(i, 2) + X.get(i, 7) + flip) % 2);
    const tries = Array.from({ length: 500 }, (_, seed) => {
      const fitted = learner(seed, { affine: false }).fit(X, y);
      expect(fitted).toMatchObject({ support: [2, 7], complement: false, certified: true });
      expect(fitted.bound).toBe(certificate(1500, N, { affine: false }));
      return fitted.tries;
    });
    const share = flips.reduce((sum, flip) => sum + flip, 0) / 3000;
    const expected = expectedTries(share, N, { affine: false });
    const error = Math.sqrt((expected * (expected - 1)) / 500);
    expect(Math.abs(mean(tries) - expected)).toBeLessThan(3 * error);
  });

  it('a complemented one is not certified', () => {
    const X = fairBits(600, 6, random('complemented'));
    const y = Array.from({ length: 600 }, (_, i) => X.get(i, 0) ^ X.get(i, 1) ^ 1);
    expect(learner(0, { affine: false, maxTries: 500 }).fit(X, y).certified).toBe(false);
    expect(learner(0).fit(X, y)).toMatchObject({ support: [0, 1], complement: true, certified: true });
  });
});

const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

describe('the number of tries', () => {
  it('is geometric, with the success probability (1 − η)^(N+1) of a try', () => {
    const [N, rows, runs] = [6, 4000, 2000];
    const { X, y } = planted(N, rows, 0.1, 'geometric');
    const p = 1 / expectedTries(1 - mostLikely(X, y).agreement, N); // with the share of flips that these rows have
    expect(p).toBeAllclose(0.9 ** 7, { rtol: 0.1 });
    const tries = Array.from({ length: runs }, (_, seed) => learner(`run ${seed}`).fit(X, y).tries);

    expect(Math.abs(mean(tries) - 1 / p)).toBeLessThan((3 * Math.sqrt(1 - p)) / p / Math.sqrt(runs));
    // χ² of 1, 2, …, 7 and more tries, with 7 degrees of freedom: beyond 24.3 once in a thousand.
    let chiSquare = 0;
    for (let k = 1; k <= 8; k++) {
      const expected = runs * (k < 8 ? p * (1 - p) ** (k - 1) : (1 - p) ** 7);
      const counted = tries.filter((t) => (k < 8 ? t === k : t >= 8)).length;
      chiSquare += (counted - expected) ** 2 / expected;
    }
    expect(chiSquare).toBeLessThan(24.3);
  });

  it('has the mean that the closed form says, for many columns and much noise', () => {
    for (const [N, noise, runs] of [
      [45, 0.03, 200],
      [20, 0.15, 60],
    ]) {
      const tries = Array.from({ length: runs }, (_, seed) => {
        const { X, y } = planted(N, 2000, noise, `mean ${N} ${seed}`);
        return learner(seed).fit(X, y).tries;
      });
      const expected = expectedTries(noise, N);
      expect(Math.abs(mean(tries) - expected)).toBeLessThan((3.5 * expected) / Math.sqrt(runs));
      expect(mean(tries)).toBeGreaterThan(0.6 * expected);
    }
  });

  it('is hardly more at noise .3, where the right candidate may fail on 256 rows: on others it passes', () => {
    const { X, y } = planted(5, 6000, 0.3, 'screen');
    const expected = expectedTries(1 - mostLikely(X, y).agreement, 5);
    const tries = Array.from({ length: 400 }, (_, seed) => learner(seed).fit(X, y).tries);
    expect(Math.abs(mean(tries) - expected)).toBeLessThan((3.5 * expected) / Math.sqrt(400));
  });

  it('is expected to be (1 − η)^−(N+1)', () => {
    expect(expectedTries(0, 45)).toBe(1);
    expect(expectedTries(0.5, 3)).toBe(16);
    expect(expectedTries(0.5, 3, { affine: false })).toBe(8);
    expect(expectedTries(0.042, 9)).toBeAllclose(1.5358, { rtol: 1e-4 });
  });
});

/** ln P(B ≥ k) for B ~ Binomial(m, ½), summed term by term. */
function logBinomialTail(m: number, k: number): number {
  let logTerm = -m * Math.LN2; // ln C(m, i) 2^−m, from i = 0
  let sum = 0;
  let scale = Number.NEGATIVE_INFINITY;
  for (let i = 0; i <= m; i++) {
    if (i >= k) {
      if (scale === Number.NEGATIVE_INFINITY) scale = logTerm; // the largest, since k > m/2
      sum += Math.exp(logTerm - scale);
    }
    logTerm += Math.log((m - i) / (i + 1));
  }
  return scale + Math.log(sum);
}

describe('the certificate', () => {
  it.each([
    [100, 4, 0.1],
    [200, 9, 1e-6],
    [9000, 9, 1e-6],
    [45000, 45, 1e-6],
    [4000, 100, 0.5],
  ])(
    'holds by the exact binomial tail, without waste: %i rows, %i columns, significance %d',
    (m, N, significance) => {
      for (const affine of [true, false]) {
        const bound = certificate(m, N, { significance, affine });
        const logParities = (affine ? N + 1 : N) * Math.LN2;
        const exact = logBinomialTail(m, Math.floor(m * bound) + 1) + logParities;
        expect(exact).toBeLessThan(Math.log(significance));
        // What the exact tail would allow lies at least ¾ of the way from ½ to the bound.
        const nearer = 0.5 + 0.75 * (bound - 0.5);
        expect(logBinomialTail(m, Math.ceil(m * nearer)) + logParities).toBeGreaterThan(
          Math.log(significance),
        );
      }
    },
  );

  it('falls with the rows as 1/√m, and rises with the columns and with what is asked of it', () => {
    const t = (m: number, N: number, significance?: number) => certificate(m, N, { significance }) - 0.5;
    expect(t(4000, 9)).toBeAllclose(t(1000, 9) / 2, { rtol: 1e-12 });
    expect(t(1000, 10)).toBeGreaterThan(t(1000, 9));
    expect(t(1000, 9, 1e-9)).toBeGreaterThan(t(1000, 9, 1e-6));
    expect(t(1000, 9, 1e-6)).toBe(t(1000, 9));
    expect(t(1000, 9)).toBeAllclose(Math.sqrt((10 * Math.LN2 + 6 * Math.LN10) / 2000), { rtol: 1e-12 });
  });

  it('is exceeded by some parity of random labels no more often than stated', () => {
    const [N, m, runs, significance] = [6, 150, 2000, 0.3];
    const bound = certificate(m, N, { significance });
    const rng = random('false positives');
    let exceeded = 0;
    for (let run = 0; run < runs; run++) {
      const y = rng.fill(new Float64Array(m), 'bernoulli');
      if (mostLikely(fairBits(m, N, rng), y).agreement > bound) exceeded++;
    }
    expect(exceeded / runs).toBeLessThan(significance);
    expect(exceeded / runs).toBeGreaterThan(significance / 20); // a bound that nothing reached would say nothing
  });

  it('lets the learner certify random labels no more often than stated', () => {
    const [N, rows, runs, significance] = [6, 300, 300, 0.3];
    const rng = random('certified by chance');
    let certified = 0;
    for (let run = 0; run < runs; run++) {
      const y = rng.fill(new Float64Array(rows), 'bernoulli');
      const fitted = learner(run, { significance, maxTries: 600 }).fit(fairBits(rows, N, rng), y);
      expect(fitted.certified).toBe(fitted.agreement > certificate(150, N, { significance }));
      if (fitted.certified) certified++;
    }
    expect(certified / runs).toBeLessThan(significance);
    expect(certified).toBeGreaterThan(0);
  });

  it('knows one parity at most above ¾, whatever the labels: two agreements sum to 3/2 at most', () => {
    const rng = random('lemma');
    const N = 4;
    const X = BitMatrix.from(
      Array.from({ length: 16 }, (_, x) => Array.from({ length: N }, (_, j) => (x >> j) & 1)),
    );
    let tight = 0;
    for (let k = 0; k < 3000; k++) {
      const y = rng.fill(new Float64Array(16), 'bernoulli');
      const agreements = Array.from(walshSpectrum(X, y)).flatMap((v) => [(1 + v) / 2, (1 - v) / 2]);
      const [first, second] = agreements.sort((a, b) => b - a);
      expect(first + second).toBeLessThanOrEqual(1.5);
      if (first + second === 1.5) tight++;
    }
    expect(tight).toBeGreaterThan(0);
  });

  it('certifies one of two parities that share the labels, and does not call it unique', () => {
    // Column 0 chooses which of two parities makes the label: each agrees with ¾ of the rows.
    const N = 5;
    const X = fairBits(4000, N, random('shared'));
    const y = Array.from({ length: 4000 }, (_, i) => (X.get(i, 0) ? X.get(i, 1) : X.get(i, 2) ^ X.get(i, 3)));
    const found = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const fitted = learner(seed).fit(X, y);
      expect(fitted.certified).toBe(true);
      expect(fitted.unique).toBe(false);
      found.add(fitted.support.join());
    }
    expect(found).toContain('1');
    expect(found).toContain('2,3');
  });
});

describe('what a fit says', () => {
  it('is not certified when labels follow no parity; the best candidate is given after the most tries', () => {
    const X = fairBits(3000, 20, random('no parity'));
    const y = random('labels').fill(new Float64Array(3000), 'bernoulli');
    const fitted = learner(0, { maxTries: 700 }).fit(X, y);
    expect(fitted).toMatchObject({ certified: false, unique: false, tries: 700 });
    expect(Math.abs(fitted.agreement - 0.5)).toBeLessThan(0.05);
    // It agreed with more of 256 held-out rows than any other did.
    expect(fitted.score(X, y)).toBeGreaterThan(0.5);
  });

  it('estimates the noise within its standard error', () => {
    const z = Array.from({ length: 200 }, (_, seed) => {
      const { X, y } = planted(6, 1000, 0.08, `noise ${seed}`);
      const { noise, agreement, heldOut } = learner(seed).fit(X, y);
      expect(noise.estimate).toBe(1 - agreement);
      expect(noise.standardError).toBeAllclose(Math.sqrt((agreement * (1 - agreement)) / heldOut), {
        rtol: 1e-12,
      });
      return (noise.estimate - 0.08) / noise.standardError;
    });
    expect(Math.abs(mean(z))).toBeLessThan(3.5 / Math.sqrt(200));
    expect(mean(z.map((v) => v * v))).toBeGreaterThan(0.7);
    expect(mean(z.map((v) => v * v))).toBeLessThan(1.4);
  });

  it('counts as held out the share that was asked for, and judges by the rows held out alone', () => {
    const { X, y } = planted(7, 1001, 0.1, 'share');
    for (const [holdOut, rows] of [
      [0.5, 501],
      [0.2, 200],
      [0.9, 901],
    ]) {
      const fitted = learner(3, { holdOut }).fit(X, y);
      expect(fitted.heldOut).toBe(rows);
      expect(fitted.bound).toBe(certificate(rows, 7));
      expect(Number.isInteger(Math.round(fitted.agreement * rows * 1e6) / 1e6)).toBe(true);
    }
  });

  it('counts words: all rows that are held out for each candidate when these are fewer than 1024', () => {
    const { X, y } = planted(20, 2046, 0.06, 'few words');
    const fits = Array.from({ length: 8 }, (_, seed) => learner(seed).fit(X, y));
    for (const { tries, operations } of fits) expect(operations.verification).toBe(1023 * tries);
    expect(Math.max(...fits.map(({ tries }) => tries))).toBeGreaterThan(1);
  });

  it('solves rows of the pool and judges by rows held out: flips among these cost no try', () => {
    for (let seed = 0; seed < 10; seed++) {
      const { X, y, support } = planted(9, 1000, 0, `pool ${seed}`);
      // The fit's own division: the first half of this order is held out.
      const order = random(seed).stream('rows').permutation(1000);
      for (let k = 0; k < 75; k++) y[order[k * 5]] ^= 1;
      expect(learner(seed).fit(X, y)).toMatchObject({ support, tries: 1, agreement: 1 - 75 / 500 });
    }
  });

  it.each([
    [9, 1],
    [30, 1],
    [31, 2],
    [45, 2],
  ])(
    'counts words: 256 rows for each candidate and all that are held out for the one found, %i columns',
    (N, stride) => {
      let before = 0;
      for (let seed = 0; seed < 8; seed++) {
        const { X, y } = planted(N, 4000, 0.06, `words ${seed}`);
        const { tries, operations } = learner(seed).fit(X, y);
        expect(operations.verification).toBe((2000 + 256 * tries) * stride);
        // A try takes N + 1 rows at the least, each copied and kept, and each row once to solve.
        expect(operations.elimination).toBeGreaterThan((tries + 1) * (N + 1) * 2);
        expect(operations.elimination).toBeLessThan((tries + 1) * (N + 10) * (N + 4) * stride);
        before += tries - 1;
      }
      expect(before).toBeGreaterThan(0);
    },
  );

  it('does not depend on what the generator has drawn, only on its seed', () => {
    const { X, y } = planted(12, 1500, 0.15, 'seed');
    const rng = random(4);
    const first = noisyParity({ rng }).fit(X, y);
    rng.uniform();
    expect(noisyParity({ rng }).fit(X, y)).toEqual(first);
    const tries = Array.from({ length: 10 }, (_, seed) => learner(seed).fit(X, y).tries);
    expect(new Set(tries).size).toBeGreaterThan(3);
  });

  it('is the same from packed bits and from a matrix of noisy ones', () => {
    const { X, y } = planted(33, 1500, 0.02, 'noisy');
    const rng = random('columns');
    const noisy = Matrix.from(
      X.toArray().map((row) => row.map((bit) => bit + rng.uniform(-0.3, 0.3))),
      'float32',
    );
    const fitted = learner(0).fit(X, y);
    expect(learner(0).fit(noisy, y)).toEqual(fitted);
    expect(fitted.predict(noisy)).toEqual(fitted.predict(X));
  });

  it('predicts the XOR of the support, and scores by it', () => {
    const { X, y, support, complement } = planted(14, 900, 0.06, 'predict');
    const fitted = learner(0).fit(X, y);
    const others = fairBits(77, 14, random('others'));
    const expected = Array.from({ length: 77 }, (_, i) =>
      support.reduce((sum, j) => sum ^ others.get(i, j), complement ? 1 : 0),
    );
    expect(Array.from(fitted.predict(others))).toEqual(expected);
    const labels = expected.map((bit, i) => (i < 7 ? 1 - bit : bit));
    expect(fitted.score(others, labels)).toBe(70 / 77);
  });
});

describe('fitAsync', () => {
  it('finds what fit finds, and reports tries and the best agreement so far', async () => {
    const X = fairBits(1000, 10, random('async'));
    const y = random('async labels').fill(new Float64Array(1000), 'bernoulli');
    const seen: [number, number][] = [];
    const fitted = await learner(0, { maxTries: 1000 }).fitAsync(X, y, {
      onProgress: ({ tries, agreement }) => seen.push([tries, agreement]),
    });
    expect(fitted).toEqual(learner(0, { maxTries: 1000 }).fit(X, y));
    expect(seen.map(([tries]) => tries)).toEqual([256, 512, 768]);
    for (let k = 1; k < seen.length; k++) expect(seen[k][1]).toBeGreaterThanOrEqual(seen[k - 1][1]);
    expect(seen[0][1]).toBeGreaterThan(0.5);
    expect(seen[2][1]).toBeLessThan(0.7);
  });

  it('ends with an InterruptedError when it is aborted', async () => {
    const X = fairBits(1000, 10, random('abort'));
    const y = random('abort labels').fill(new Float64Array(1000), 'bernoulli');
    const controller = new AbortController();
    let last = 0;
    const fit = learner(0).fitAsync(X, y, {
      signal: controller.signal,
      onProgress: ({ tries }) => {
        last = tries;
        if (tries === 512) controller.abort();
      },
    });
    await expect(fit).rejects.toThrow(InterruptedError);
    expect(last).toBe(512);
  });
});

describe('noisyParity refuses', () => {
  const { X, y } = planted(6, 200, 0, 'refused');
  const dependent = (change: (row: number[]) => void): BitMatrix =>
    BitMatrix.from(
      X.toArray().map((row) => {
        change(row);
        return row;
      }),
    );

  it('columns that sum to a constant, and names them', () => {
    const cases: [(row: number[]) => void, RegExp][] = [
      [(row) => (row[4] = 0), /got column 4 that is 0 in all of them.*2\^1 supports/],
      [(row) => (row[4] = 1), /got column 4 that is 1 in all of them/],
      [(row) => (row[5] = row[2]), /got columns 2, 5 that sum to 0 in all of them/],
      [(row) => (row[5] = row[2] ^ row[0] ^ 1), /got columns 0, 2, 5 that sum to 1 in all of them/],
      [
        (row) => (row[1] = row[3] = row[0]),
        /columns 0, 1 that sum to 0 in all of them, and 1 more such.*2\^2/,
      ],
    ];
    for (const [change, message] of cases) {
      expect(() => learner(0).fit(dependent(change), y)).toThrow(NumericalError);
      expect(() => learner(0).fit(dependent(change), y)).toThrow(message);
    }
    // A column of ones is no constant beside no complement.
    expect(() =>
      learner(0, { affine: false }).fit(
        dependent((row) => (row[4] = 1)),
        y,
      ),
    ).not.toThrow();
  });

  it('a pool with fewer rows than unknowns, and one row less than can certify', () => {
    const { X: wide, y: labels } = planted(40, 300, 0, 'wide');
    expect(() => learner(0, { holdOut: 0.9 }).fit(wide, labels)).toThrow(ShapeError);
    expect(() => learner(0, { holdOut: 0.9 }).fit(wide, labels)).toThrow(/at least 41 rows.*got 30 of 300/);
    // 2 ln(2^7/1e-6) = 37.3
    const few = (rows: number) => BitMatrix.from(X.toArray().slice(0, rows));
    expect(() => learner(0).fit(few(74), y.slice(0, 74))).toThrow(/at least 38 held-out rows.*got 37 of 74/);
    expect(learner(0).fit(few(76), y.slice(0, 76)).certified).toBe(true);
  });

  it('labels that do not fit, other labels than 0 and 1, NaN, and no columns', () => {
    expect(() => learner(0).fit(X, y.slice(1))).toThrow(/200 labels.*got 199/);
    expect(() =>
      learner(0).fit(
        X,
        y.map((bit) => 2 * bit - 1),
      ),
    ).toThrow(/labels 0 and 1, got -1/);
    expect(() => learner(0).fit(X, [Number.NaN, ...y.slice(1)])).toThrow(/NaN at position 0/);
    expect(() => learner(0).fit(BitMatrix.zeros(200, 0), y)).toThrow(/at least one column/);
    expect(() => learner(0).fit(BitMatrix.zeros(0, 6), [])).toThrow(/at least one row/);
    const torn = Matrix.from(X.toArray());
    torn.set(7, 3, Number.NaN);
    expect(() => learner(0).fit(torn, y)).toThrow(/row 7, column 3/);
  });

  it('to predict other columns, and to score nothing', () => {
    const fitted = learner(0).fit(X, y);
    expect(() => fitted.predict(BitMatrix.zeros(3, 7))).toThrow(/6 columns, as in the fit, got 7/);
    expect(() => fitted.score(BitMatrix.zeros(0, 6), [])).toThrow(ShapeError);
    expect(() => fitted.score(X, y.slice(1))).toThrow(/200 labels/);
  });

  it.each([
    [{ rng: undefined }, /rng/],
    [{ holdOut: 0 }, /holdOut/],
    [{ holdOut: 1 }, /holdOut/],
    [{ significance: 0 }, /significance/],
    [{ significance: Number.NaN }, /significance/],
    [{ maxTries: 0 }, /maxTries/],
    [{ maxTries: 1.5 }, /maxTries/],
    [{ affine: 1 }, /affine/],
  ])('options that do not fit: %j', (options, message) => {
    const make = () => noisyParity({ rng: random(0), ...options } as NoisyParityOptions);
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });

  it('arguments of the closed forms that are out of range', () => {
    expect(() => expectedTries(1, 9)).toThrow(/\[0, 1\), got 1/);
    expect(() => expectedTries(-0.1, 9)).toThrow(ValueError);
    expect(() => expectedTries(0.1, 0)).toThrow(/features/);
    expect(() => certificate(0, 9)).toThrow(/rows/);
    expect(() => certificate(10, 2.5)).toThrow(/features/);
    expect(() => certificate(10, 9, { significance: 2 })).toThrow(/significance/);
  });
});
