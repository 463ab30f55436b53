import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type GeneratedKryptonite,
  generateKryptonite,
  type KryptoniteNoise,
  kryptonite,
  kryptoniteFiles,
  split,
  standardise,
  takeLabels,
} from '../../src/lib/data';
import { DataError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg/matrix';
import { mean, pearson } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import { hashOf, type NpyData, writeNpy } from '../../src/lib/run';
import fixture from '../fixtures/data-kryptonite.json';

const base = mkdtempSync(join(tmpdir(), 'kernelbook-kryptonite-'));
afterAll(() => rmSync(base, { recursive: true }));
let folder: string;
beforeEach(() => {
  const data = mkdtempSync(join(base, 'test-'));
  vi.stubEnv('KERNELBOOK_DATA', data);
  folder = join(data, 'kryptonite');
});
afterEach(() => vi.unstubAllEnvs());

const NOISES: KryptoniteNoise[] = ['uniform', 'laplace', 'gaussian'];
/** A bound that a statistic of independent draws stays below but for one seed in a million, in standard errors. */
const ERRORS = 5;

const bitsOf = (column: ArrayLike<number>) => Uint8Array.from(column, (x) => Number(x > 0.5));
/** The parity of the bits, as x > ½, in some columns. */
const parity = ({ inputs }: GeneratedKryptonite, columns: readonly number[]) =>
  Uint8Array.from({ length: inputs.rows }, (_, i) =>
    columns.reduce((sum, j) => sum ^ Number(inputs.get(i, j) > 0.5), 0),
  );
const xor = (a: Uint8Array, b: Uint8Array) => a.map((v, i) => v ^ b[i]);
const count = (values: Uint8Array) => values.reduce((sum, v) => sum + v, 0);
const at = <T>(values: ArrayLike<T>, where: (i: number) => boolean) =>
  Array.from(values).filter((_, i) => where(i));
/** |sample − expected| in standard errors of a mean of `n` draws with variance p(1 − p). */
const shareErrors = (sample: number, p: number, n: number) =>
  Math.abs(sample - p) / Math.sqrt((p * (1 - p)) / n);

describe('the inputs of generated data', () => {
  const rows = 60_000;
  const data = generateKryptonite(9, { rng: random('inputs'), rows });
  /** The noise of all columns of a kind, a third of the columns. */
  const noiseOf = (kind: KryptoniteNoise) =>
    data.law.columns.flatMap((noise, j) =>
      noise === kind ? Array.from(data.inputs.column(j), (x) => x - Number(x > 0.5)) : [],
    );
  const noises = Object.fromEntries(NOISES.map((kind) => [kind, noiseOf(kind)])) as Record<
    KryptoniteNoise,
    number[]
  >;

  test('are float32, and 2000·N rows unless told', () => {
    expect(data.inputs.dtype).toBe('float32');
    expect(data.inputs.shape).toEqual([rows, 9]);
    const usual = generateKryptonite(6, { rng: random(0) });
    expect(usual.inputs.shape).toEqual([12_000, 6]);
    expect(usual.labels).toHaveLength(12_000);
    expect(usual.features).toBe(6);
  });

  test('have uniform noise of ±0.025, to its ends and not beyond', () => {
    const largest = noises.uniform.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
    expect(largest).toBeLessThanOrEqual(0.025 + 2 ** -24); // half a unit in the last place of float32 at 1
    expect(largest).toBeGreaterThan(0.025 * (1 - 20 / noises.uniform.length));
  });

  test.each(NOISES)('have %s noise with the moments that scipy gives', (kind) => {
    const theory = fixture.moments[kind];
    const n = noises[kind].length;
    expect(n).toBe(3 * rows);
    const sample = (k: number) => mean(noises[kind].map((v) => v ** k));
    const error = (m2k: number, mk: number) => Math.sqrt((m2k - mk * mk) / n);
    const within = (value: number, expected: number, standardError: number) =>
      expect(Math.abs(value - expected) / standardError).toBeLessThan(ERRORS);
    within(sample(1), 0, error(theory.m2, 0));
    within(sample(2), theory.variance, error(theory.m4, theory.m2));
    within(sample(3), 0, error(theory.m6, 0));
    within(sample(4), theory.m4, error(theory.m8, theory.m4));
    // The kurtosis m4/m2²: the variance of its influence z⁴ − 2κz², z in standard deviations.
    const kurtosis = theory.kurtosis;
    const [z6, z8] = [theory.m6 / theory.m2 ** 3, theory.m8 / theory.m2 ** 4];
    const kurtosisError = Math.sqrt((z8 - 4 * kurtosis * z6 + 4 * kurtosis ** 3 - kurtosis ** 2) / n);
    within(sample(4) / sample(2) ** 2, kurtosis, kurtosisError);
    // The three shapes lie so far apart that no other passes here.
    for (const other of NOISES.filter((o) => o !== kind))
      expect(Math.abs(fixture.moments[other].kurtosis - kurtosis)).toBeGreaterThan(10 * kurtosisError);
  });

  test.each(NOISES)('have %s noise with the quantiles that scipy gives', (kind) => {
    const n = noises[kind].length;
    for (const [share, quantile] of fixture.moments[kind].quantiles) {
      const below = noises[kind].filter((v) => v < quantile).length / n;
      expect(shareErrors(below, share, n)).toBeLessThan(ERRORS);
    }
  });

  test('have noise that depends neither on the bit nor on another column, nor on the row before', () => {
    const columns = data.law.columns.map((_, j) => data.inputs.column(j));
    const noise = columns.map((column) => column.map((x) => x - Number(x > 0.5)));
    const limit = ERRORS / Math.sqrt(rows);
    for (let j = 0; j < 9; j++) {
      expect(Math.abs(pearson(noise[j], bitsOf(columns[j])))).toBeLessThan(limit);
      expect(Math.abs(pearson(noise[j].slice(1), noise[j].slice(0, -1)))).toBeLessThan(limit);
      for (let k = 0; k < j; k++) expect(Math.abs(pearson(noise[j], noise[k]))).toBeLessThan(limit);
    }
  });

  test('have bits of which every pattern is as likely as any other', () => {
    const columns = data.law.columns.map((_, j) => bitsOf(data.inputs.column(j)));
    const patterns = new Float64Array(2 ** 9);
    for (let i = 0; i < rows; i++) patterns[columns.reduce((code, bits) => 2 * code + bits[i], 0)]++;
    const expected = rows / 2 ** 9;
    const chiSquared = patterns.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
    expect(Math.abs(chiSquared - 511) / Math.sqrt(2 * 511)).toBeLessThan(ERRORS);
  });
});

describe('the labels of generated data', () => {
  const rows = 120_000;
  const rng = random('labels');
  const data = generateKryptonite(9, { rng, rows });
  const clean = generateKryptonite(9, { rng, rows, flipPerOne: 0 });
  const flips = xor(data.labels, clean.labels);
  const ones = Uint8Array.from({ length: rows }, (_, i) =>
    data.law.redundant.reduce((m, j) => m + Number(data.inputs.get(i, j) > 0.5), 0),
  );

  test('without flips are the parity of the informative bits, in every row whose bits can be read', () => {
    const wrong = xor(clean.labels, parity(clean, clean.law.informative));
    // A bit is misread where Laplace noise passes ½: with probability e⁻¹⁰/2 in each of 3 columns.
    const misread = (rows * 3 * Math.exp(-10)) / 2;
    expect(count(wrong)).toBeLessThan(misread + ERRORS * Math.sqrt(misread));
    // Fewer columns, or a redundant one more, and it is a coin.
    for (const others of [clean.law.informative.slice(1), [...clean.law.informative, clean.law.redundant[0]]])
      expect(shareErrors(mean(xor(clean.labels, parity(clean, others))), 0.5, rows)).toBeLessThan(ERRORS);
  });

  test('are balanced up to chance', () => {
    expect(shareErrors(mean(data.labels), 0.5, rows)).toBeLessThan(ERRORS);
    expect(count(data.labels)).not.toBe(rows / 2); // not by count: the rows are independent
  });

  test('are flipped with probability c·m, never at m = 0', () => {
    for (let m = 0; m <= 3; m++) {
      const seen = at(flips, (i) => ones[i] === m);
      expect(data.law.flipProbability[m]).toBeAllclose(0.027 * m, { rtol: 1e-15 });
      if (m === 0) expect(mean(seen)).toBe(0);
      else expect(shareErrors(mean(seen), 0.027 * m, seen.length)).toBeLessThan(ERRORS);
    }
  });

  test('are flipped the more the more redundant bits are 1: the slope is c', () => {
    const m = Array.from(ones);
    const centre = mean(m);
    const spread = m.reduce((sum, v) => sum + (v - centre) ** 2, 0);
    const slope = m.reduce((sum, v, i) => sum + (v - centre) * flips[i], 0) / spread;
    // Var(Σ (m − m̄) flip) = Σ (m − m̄)² p(1 − p)
    const error = Math.sqrt(
      m.reduce((sum, v) => sum + (v - centre) ** 2 * 0.027 * v * (1 - 0.027 * v), 0) / spread ** 2,
    );
    expect(Math.abs(slope - 0.027) / error).toBeLessThan(ERRORS);
    expect(slope / error).toBeGreaterThan(20);
  });

  test('are flipped without regard to the label, the informative bits, and which redundant bit is 1', () => {
    const pairs: [number[], number[]][] = [
      [at(flips, (i) => clean.labels[i] === 0), at(flips, (i) => clean.labels[i] === 1)],
      ...data.law.informative.map((j): [number[], number[]] => {
        const bits = bitsOf(data.inputs.column(j));
        return [at(flips, (i) => bits[i] === 0), at(flips, (i) => bits[i] === 1)];
      }),
      ...data.law.redundant.map((j): [number[], number[]] => {
        const bits = bitsOf(data.inputs.column(j));
        return [
          at(flips, (i) => ones[i] === 1 && bits[i] === 1),
          at(flips, (i) => ones[i] === 1 && bits[i] === 0),
        ];
      }),
    ];
    for (const [a, b] of pairs) {
      const p = mean([...a, ...b]);
      const error = Math.sqrt(p * (1 - p) * (1 / a.length + 1 / b.length));
      expect(Math.abs(mean(a) - mean(b)) / error).toBeLessThan(ERRORS);
    }
  });

  test('agree with the parity as often as the law’s ceiling says', () => {
    expect(shareErrors(1 - mean(flips), data.law.ceiling, rows)).toBeLessThan(ERRORS);
    const read = 1 - mean(xor(data.labels, parity(data, data.law.informative)));
    expect(shareErrors(read, data.law.ceiling, rows)).toBeLessThan(ERRORS);
  });

  test('are all complemented when asked, flips included, and the inputs stay', () => {
    const other = generateKryptonite(9, { rng, rows, complement: true });
    expect(xor(other.labels, data.labels).every((v) => v === 1)).toBe(true);
    expect(hashOf('inputs', other.inputs)).toBe(hashOf('inputs', data.inputs));
    expect(other.law).toEqual({ ...data.law, complement: true });
  });

  test('flip where they did and elsewhere when flips are likelier, at most every second', () => {
    const more = generateKryptonite(9, { rng, rows, flipPerOne: 0.4 });
    expect(Array.from(more.law.flipProbability)).toEqual([0, 0.4, 0.5, 0.5]);
    const moreFlips = xor(more.labels, clean.labels);
    expect(flips.every((flip, i) => flip <= moreFlips[i])).toBe(true);
    for (const [m, p] of [0, 0.4, 0.5, 0.5].entries()) {
      const seen = at(moreFlips, (i) => ones[i] === m);
      if (m === 0) expect(mean(seen)).toBe(0);
      else expect(shareErrors(mean(seen), p, seen.length)).toBeLessThan(ERRORS);
    }
  });
});

describe('the law', () => {
  test.each(fixture.ceilings)('has scipy’s ceiling at N = $N, c = $flipPerOne', (theory) => {
    const { law } = generateKryptonite(theory.N, {
      rng: random(0),
      rows: 1,
      flipPerOne: theory.flipPerOne ?? undefined,
    });
    expect(law.ceiling).toBeAllclose(theory.ceiling, { rtol: 1e-11 });
  });

  test.each([
    [9, [0, 0.031, 0.057, 0.073], 0.958],
    [12, [0.001, 0.017, 0.039, 0.052, 0.063], 0.964],
    [15, [0, 0.014, 0.024, 0.041, 0.055, 0.058], 0.967],
    [18, [0, 0.009, 0.02, 0.029, 0.038, 0.056, 0.035], 0.971],
  ])('is near what was measured on the public data of N = %i', (N, measured, ceiling) => {
    const { law } = generateKryptonite(N, { rng: random(0), rows: 1 });
    expect(Math.abs(law.ceiling - ceiling)).toBeLessThan(0.002);
    const rows = 2000 * N;
    const k = N / 3;
    measured.forEach((share, m) => {
      let ways = 1;
      for (let i = 0; i < m; i++) ways = (ways * (k - i)) / (i + 1);
      const p = law.flipProbability[m];
      // The measured share has the sampling error of the rows that have m ones (and three digits).
      const error = Math.sqrt((p * (1 - p)) / ((rows * ways) / 2 ** k)) + 0.0005;
      expect(Math.abs(share - p)).toBeLessThan(3 * error);
    });
  });

  test('is .76·N^(−1.5) where nothing was measured, which runs near what was', () => {
    const c = (N: number) => generateKryptonite(N, { rng: random(0), rows: 1 }).law.flipPerOne;
    for (const N of [3, 6, 21, 24, 30, 45]) expect(c(N)).toBeAllclose(0.76 / (N * Math.sqrt(N)));
    for (const N of [9, 12, 15, 18]) expect(c(N)).toBeAllclose(0.76 / (N * Math.sqrt(N)), { rtol: 0.06 });
  });

  test('has the columns in the order that was asked for', () => {
    const columns: KryptoniteNoise[] = ['gaussian', 'uniform', 'laplace', 'laplace', 'gaussian', 'uniform'];
    const { inputs, law } = generateKryptonite(6, { rng: random(4), columns, rows: 4000 });
    expect(law.columns).toEqual(columns);
    expect(law.redundant).toEqual([1, 5]);
    expect(law.informative).toEqual([0, 2, 3, 4]);
    const deviation = { uniform: 0.025 / Math.sqrt(3), laplace: 0.05 * Math.SQRT2, gaussian: 0.1 };
    columns.forEach((kind, j) => {
      const noise = Array.from(inputs.column(j), (x) => x - Number(x > 0.5));
      expect(Math.sqrt(mean(noise.map((v) => v * v)))).toBeAllclose(deviation[kind], { rtol: 0.1 });
    });
  });

  test('has every order of the columns equally often', () => {
    const seen = new Map<string, number>();
    const draws = 3000;
    for (let seed = 0; seed < draws; seed++) {
      const { law } = generateKryptonite(3, { rng: random(seed), rows: 1 });
      seen.set(law.columns.join(), (seen.get(law.columns.join()) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const times of seen.values()) expect(shareErrors(times / draws, 1 / 6, draws)).toBeLessThan(ERRORS);
  });
});

describe('the seed', () => {
  test('gives the same data in whatever order sizes are drawn, and the generator does not move', () => {
    const rng = random(3);
    const all = [9, 12, 9].map((N) => generateKryptonite(N, { rng, rows: 50 }));
    expect(generateKryptonite(9, { rng: random(3), rows: 50 })).toEqual(all[0]);
    expect(all[2]).toEqual(all[0]);
    expect(generateKryptonite(12, { rng: random(3), rows: 50 })).toEqual(all[1]);
    expect(rng.uniform()).toBe(random(3).uniform());
  });

  test('makes other data of other seeds and other N', () => {
    const column = (N: number, seed: number) =>
      bitsOf(generateKryptonite(N, { rng: random(seed), rows: 10_000 }).inputs.column(0));
    for (const [a, b] of [
      [column(9, 0), column(9, 1)],
      [column(9, 0), column(12, 0)],
    ])
      expect(Math.abs(pearson(a, b))).toBeLessThan(ERRORS / 100);
  });

  test('is named in the source', () => {
    expect(generateKryptonite(3, { rng: random(3), rows: 1 }).source).toBe('generated (seed 3)');
    expect(generateKryptonite(3, { rng: random('a').stream(2), rows: 1 }).source).toBe(
      'generated (seed a / 2)',
    );
  });

  test('gives these digits', () => {
    const { inputs, labels, law } = generateKryptonite(3, { rng: random(0), rows: 3 });
    expect([law.columns, inputs.toArray(), Array.from(labels)]).toMatchInlineSnapshot(`
      [
        [
          "uniform",
          "gaussian",
          "laplace",
        ],
        [
          [
            0.013158765621483326,
            -0.0633649230003357,
            -0.031097818166017532,
          ],
          [
            0.9889703392982483,
            -0.14760291576385498,
            -0.01836860552430153,
          ],
          [
            1.0191792249679565,
            -0.06894552707672119,
            0.8480452299118042,
          ],
        ],
        [
          0,
          1,
          1,
        ],
      ]
    `);
  });

  test('keeps the bits where columns change their noise', () => {
    const of = (columns: KryptoniteNoise[]) =>
      generateKryptonite(3, { rng: random(8), rows: 500, columns }).inputs;
    const a = of(['uniform', 'laplace', 'gaussian']);
    const b = of(['gaussian', 'uniform', 'laplace']);
    for (let j = 0; j < 3; j++) expect(bitsOf(a.column(j))).toEqual(bitsOf(b.column(j)));
  });
});

describe('at any N and number of rows', () => {
  const rng = random('any N');
  const cases = Array.from({ length: 25 }, (_, k) => ({
    N: 3 * (1 + rng.integer(20)),
    rows: 2 + rng.integer(3000),
    flipPerOne: [undefined, 0, rng.uniform(), 3 * rng.uniform()][rng.integer(4)],
    complement: rng.bernoulli() === 1,
    seed: k,
  }));

  test.each(cases)(
    'N = $N, $rows rows, c = $flipPerOne, complement $complement: parts fit together, rows are a prefix',
    ({ N, rows, seed, ...options }) => {
      const data = generateKryptonite(N, { rng: random(seed), rows, ...options });
      const { law } = data;
      expect(data.inputs.shape).toEqual([rows, N]);
      expect(data.inputs.data.every(Number.isFinite)).toBe(true);
      expect(data.labels).toHaveLength(rows);
      expect(data.labels.every((v) => v === 0 || v === 1)).toBe(true);
      for (const kind of NOISES) expect(law.columns.filter((noise) => noise === kind)).toHaveLength(N / 3);
      expect(law.redundant.every((j) => law.columns[j] === 'uniform')).toBe(true);
      expect([...law.redundant, ...law.informative].sort((a, b) => a - b)).toEqual(
        law.columns.map((_, j) => j),
      );
      expect(law.flipProbability).toHaveLength(N / 3 + 1);
      expect(
        law.flipProbability.every((p, m, all) => p <= 0.5 && (m === 0 ? p === 0 : p >= all[m - 1])),
      ).toBe(true);
      expect(law.ceiling).toBeGreaterThanOrEqual(0.5);
      expect(law.ceiling).toBeLessThanOrEqual(1 + 1e-12);
      if (law.flipProbability[N / 3] < 0.5)
        expect(law.ceiling).toBeAllclose(1 - (law.flipPerOne * N) / 6, { rtol: 1e-12 });
      // Agreement with the parity as the bits are read: chance, and a few misread Laplace bits.
      const labels = options.complement ? data.labels.map((v) => 1 - v) : data.labels;
      const agreement = 1 - mean(xor(labels, parity(data, law.informative)));
      const error = Math.sqrt((law.ceiling * (1 - law.ceiling)) / rows);
      expect(Math.abs(agreement - law.ceiling)).toBeLessThan(ERRORS * error + 3 / rows + 1e-9);

      const few = 1 + random(seed).integer(rows);
      const part = generateKryptonite(N, { rng: random(seed), rows: few, ...options });
      expect(hashOf('inputs', part.inputs)).toBe(hashOf('inputs', data.inputs.slice(0, few)));
      expect(part.labels).toEqual(data.labels.slice(0, few));
      expect(part.law).toEqual(law);
    },
  );

  test.each(cases.slice(0, 8))(
    'N = $N, $rows rows: what is written as files is read as it was',
    ({ N, rows, seed }) => {
      const data = generateKryptonite(N, { rng: random(seed), rows: rows + 50 });
      for (const dtype of ['float32', 'float64'] as const) {
        putArrays(N, data.inputs.as(dtype), data.labels);
        const read = kryptonite(N, { rng: random(seed) });
        expect(read.inputs.dtype).toBe('float32');
        expect(hashOf('inputs', read.inputs)).toBe(hashOf('inputs', data.inputs));
        expect(read.labels).toEqual(data.labels);
      }
    },
  );
});

test('arguments out of range are refused by name', () => {
  const rng = random(0);
  for (const N of [0, -3, 1, 10, 4.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => generateKryptonite(N, { rng })).toThrow(ValueError);
    expect(() => kryptonite(N, { rng })).toThrow(
      /generateKryptonite\(N\).*multiple of 3, got .*kryptonite\//,
    );
  }
  for (const rows of [0, -1, 2.5, Number.NaN]) {
    expect(() => generateKryptonite(9, { rng, rows })).toThrow(/rows: expected a positive whole number/);
    expect(() => kryptonite(9, { rng, rows })).toThrow(ValueError);
  }
  for (const flipPerOne of [-0.1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => generateKryptonite(9, { rng, flipPerOne })).toThrow(/flipPerOne: expected a finite number/);
  expect(() => generateKryptonite(3, { rng, rows: 5, columns: ['uniform', 'uniform', 'gaussian'] })).toThrow(
    /columns: expected 3 names, 1 each of uniform, laplace, gaussian, got 3 names, 2 uniform, 0 laplace, 1 gaussian/,
  );
  expect(() => generateKryptonite(3, { rng, columns: [...NOISES, 'gaussian'] })).toThrow(ValueError);
  expect(() =>
    generateKryptonite(3, { rng, columns: ['uniform', 'laplace', 'burst' as KryptoniteNoise] }),
  ).toThrow(/got 3 names, 1 uniform, 1 laplace, 0 gaussian/);
});

test('is divided 60/20/20 and standardised on the training part, in float32', () => {
  const rng = random(1);
  const data = generateKryptonite(9, { rng });
  const parts = split(data.labels.length, { train: 0.6, validation: 0.2, test: 0.2 }, rng.stream('split'));
  expect(parts.train).toHaveLength(10_800);
  const scale = standardise(data.inputs.take(parts.train));
  const train = scale.apply(data.inputs.take(parts.train));
  const held = scale.apply(data.inputs.take(parts.test));
  expect(train.dtype).toBe('float32');
  for (let j = 0; j < 9; j++) {
    expect(mean(train.column(j))).toBeAllclose(0, { atol: 1e-6 });
    expect(mean(train.column(j).map((v) => v * v))).toBeAllclose(1, { rtol: 1e-6 });
    expect(Math.abs(mean(held.column(j)))).toBeLessThan(ERRORS * Math.sqrt(1 / 3600 + 1 / 10_800));
  }
  expect(takeLabels(data.labels, parts.test)).toHaveLength(3600);
});

const nameOf = (N: number, part: 'X' | 'y') => join(folder, `kryptonite-${N}-${part}.npy`);
const putArrays = (N: number, X: Matrix, y: NpyData) => {
  writeNpy(nameOf(N, 'X'), X);
  writeNpy(nameOf(N, 'y'), y);
};
const put = (name: string, bytes: string | Uint8Array = '') => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), bytes);
};
const fromBase64 = (text: string) => Buffer.from(text, 'base64');

describe('files that numpy saved', () => {
  const { features: N, inputs, labels } = fixture;
  const X = Matrix.from(fixture.X, 'float32');
  const y = Uint8Array.from(fixture.y);
  const rng = random(0);

  test.each(Object.keys(inputs) as (keyof typeof inputs)[])('inputs of %s are read in float32', (kind) => {
    put(`kryptonite-${N}-X.npy`, fromBase64(inputs[kind]));
    put(`kryptonite-${N}-y.npy`, fromBase64(labels.i8));
    const data = kryptonite(N, { rng });
    expect(data.inputs).toEqual(X);
    expect(data.labels).toEqual(y);
    expect(data.features).toBe(N);
    expect(data.law).toBeUndefined();
  });

  test.each(Object.keys(labels) as (keyof typeof labels)[])('labels of %s are read', (kind) => {
    put(`kryptonite-${N}-X.npy`, fromBase64(inputs.f4));
    put(`kryptonite-${N}-y.npy`, fromBase64(labels[kind]));
    expect(kryptonite(N, { rng }).labels).toEqual(y);
  });

  test('are named as source, with the checksums of both', () => {
    put(`kryptonite-${N}-X.npy`, fromBase64(inputs.f4));
    put(`kryptonite-${N}-y.npy`, fromBase64(labels.i8));
    const sum = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
    const data = kryptonite(N, { rng });
    expect(data.source).toMatch(/kryptonite\/kryptonite-5-X\.npy$/);
    expect(data.checksums).toEqual({ inputs: sum(nameOf(N, 'X')), labels: sum(nameOf(N, 'y')) });
    expect(data.checksums?.inputs).not.toBe(data.checksums?.labels);
  });

  test('give their first rows, and no more than they have', () => {
    put(`kryptonite-${N}-X.npy`, fromBase64(inputs.f8));
    put(`kryptonite-${N}-y.npy`, fromBase64(labels.b1));
    const data = kryptonite(N, { rng, rows: 7 });
    expect(data.inputs.toArray()).toEqual(fixture.X.slice(0, 7));
    expect(data.labels).toEqual(y.slice(0, 7));
    expect(kryptonite(N, { rng, rows: 12 }).inputs).toEqual(X);
    expect(() => kryptonite(N, { rng, rows: 13 })).toThrow(
      /kryptonite-5-X\.npy: expected at least the 13 rows that were asked for, got 12/,
    );
    expect(() => kryptonite(N, { rng, rows: 0 })).toThrow(ValueError);
  });
});

describe('the folder of files', () => {
  const rng = random(2);
  const X = (rows: number, N: number) => generateKryptonite(3 * N, { rng, rows }).inputs.reshape(3 * rows, N);
  const y = (rows: number) => Uint8Array.from({ length: 3 * rows }, (_, i) => i % 2);

  test('may be missing: data are then generated', () => {
    expect(kryptoniteFiles()).toEqual([]);
    expect(kryptonite(9, { rng, rows: 40 })).toEqual(generateKryptonite(9, { rng, rows: 40 }));
    expect(kryptonite(6, { rng })).toEqual(generateKryptonite(6, { rng }));
  });

  test('is listed by N, whatever else lies there', () => {
    putArrays(12, X(4, 12), y(4));
    putArrays(7, X(4, 7), y(4));
    put('kryptonite-9-X.npy');
    put('kryptonite-100-y.npy');
    for (const other of [
      'README.md',
      '.DS_Store',
      'kryptonite-15-X.npz',
      'kryptonite-15-x.npy',
      'kryptonite-15-X.npy.part',
      '.kryptonite-15-X.npy.123.abc',
      'kryptonite-015-X.npy',
      'kryptonite-0-X.npy',
      'kryptonite--X.npy',
      'my-kryptonite-15-X.npy',
    ])
      put(other);
    mkdirSync(nameOf(15, 'y'));
    expect(kryptoniteFiles()).toEqual([
      { features: 7, inputs: nameOf(7, 'X'), labels: nameOf(7, 'y') },
      { features: 9, inputs: nameOf(9, 'X') },
      { features: 12, inputs: nameOf(12, 'X'), labels: nameOf(12, 'y') },
      { features: 100, labels: nameOf(100, 'y') },
    ]);
    expect(kryptonite(7, { rng }).inputs).toEqual(X(4, 7));
    expect(kryptonite(12, { rng }).inputs).toEqual(X(4, 12));
    expect(kryptonite(15, { rng, rows: 9 }).law).toBeDefined();
  });

  test('is looked at anew each time', () => {
    putArrays(4, X(4, 4), y(4));
    kryptonite(4, { rng });
    putArrays(4, X(5, 4), y(5));
    expect(kryptonite(4, { rng }).inputs.rows).toBe(15);
  });

  test('that is no folder is an error', () => {
    writeFileSync(folder, '');
    expect(() => kryptonite(9, { rng })).toThrow(DataError);
    expect(() => kryptoniteFiles()).toThrow(/kryptonite: expected a folder that can be read, got ENOTDIR/);
  });

  test('with half of a pair says which half is missing', () => {
    putArrays(9, X(4, 9), y(4));
    rmSync(nameOf(9, 'y'));
    expect(() => kryptonite(9, { rng })).toThrow(DataError);
    expect(() => kryptonite(9, { rng })).toThrow(
      /kryptonite-9-X\.npy: expected kryptonite-9-y\.npy beside it, got no such file\. Put it there, or take/,
    );
    writeNpy(nameOf(9, 'y'), y(4));
    rmSync(nameOf(9, 'X'));
    expect(() => kryptonite(9, { rng })).toThrow(
      /kryptonite-9-y\.npy: expected kryptonite-9-X\.npy beside it, got no such file/,
    );
  });

  test('with a torn file names it', () => {
    putArrays(9, X(4, 9), y(4));
    for (const part of ['X', 'y'] as const) {
      const whole = readFileSync(nameOf(9, part));
      writeFileSync(nameOf(9, part), whole.subarray(0, whole.length - 1));
      expect(() => kryptonite(9, { rng })).toThrow(DataError);
      expect(() => kryptonite(9, { rng })).toThrow(
        new RegExp(`kryptonite-9-${part}\\.npy: expected \\d+ bytes of data`),
      );
      writeFileSync(nameOf(9, part), whole);
    }
    expect(kryptonite(9, { rng }).inputs.rows).toBe(12);
  });

  const good = { X: () => X(4, 4), y: y(4) };
  const spoilt = (i: number, j: number, value: number, dtype: 'float32' | 'float64' = 'float32') => {
    const out = good.X().as(dtype);
    out.set(i, j, value);
    return out;
  };
  const labels = <T extends NpyData>(
    kind: { from(values: ArrayLike<number>): T },
    i: number,
    value: number,
  ) => kind.from(Array.from(good.y, (v, k) => (k === i ? value : v)));
  const wrong: [string, Matrix | (() => void), NpyData | undefined, RegExp][] = [
    ['more labels than rows', good.X(), y(5), /-y\.npy: expected 12 labels, .*-4-X\.npy, got 15/],
    ['fewer labels than rows', good.X(), y(3), /-y\.npy: expected 12 labels, .*, got 9/],
    ['other columns', good.X().reshape(8, 6), y(4), /-X\.npy: expected the shape \(n, 4\).*got \(8, 6\)/],
    ['no rows', Matrix.zeros(0, 4, 'float32'), new Uint8Array(0), /-X\.npy: .*n ≥ 1, got \(0, 4\)/],
    [
      'inputs of one axis',
      () => writeNpy(nameOf(4, 'X'), good.X().data),
      good.y,
      /-X\.npy: expected the shape \(n, 4\) with n ≥ 1, got \(48\)/,
    ],
    [
      'inputs of three axes',
      () => writeNpy(nameOf(4, 'X'), good.X().data, { shape: [12, 4, 1] }),
      good.y,
      /-X\.npy: .*got \(12, 4, 1\)/,
    ],
    [
      'inputs of whole numbers',
      () => writeNpy(nameOf(4, 'X'), new Int32Array(48), { shape: [12, 4] }),
      good.y,
      /-X\.npy: expected values of type f4 or f8, got i4/,
    ],
    [
      'labels of two columns',
      () => {
        writeNpy(nameOf(4, 'X'), good.X());
        writeNpy(nameOf(4, 'y'), good.y, { shape: [6, 2] });
      },
      undefined,
      /-y\.npy: expected the shape \(n,\), got \(6, 2\)/,
    ],
    ['NaN in the inputs', spoilt(7, 2, Number.NaN), good.y, /-X\.npy, row 7, column 2: .*got NaN/],
    ['infinity', spoilt(11, 3, -Infinity, 'float64'), good.y, /-X\.npy, row 11, column 3: .*got -Infinity/],
    ['1e300', spoilt(0, 1, 1e300, 'float64'), good.y, /row 0, column 1: .*of float32\), got 1e\+300/],
    ['a label 2', good.X(), labels(Int32Array, 5, 2), /-y\.npy, row 5: expected a label 0 or 1, got 2/],
    ['a label −1', good.X(), labels(Int8Array, 0, -1), /-y\.npy, row 0: .*got -1/],
    ['a label 0.5', good.X(), labels(Float32Array, 3, 0.5), /-y\.npy, row 3: .*got 0\.5/],
    ['a label NaN', good.X(), labels(Float64Array, 8, Number.NaN), /-y\.npy, row 8: .*got NaN/],
    [
      'a label beyond 2⁵³',
      good.X(),
      BigInt64Array.from(good.y, (v, i) => (i === 9 ? 2n ** 62n + 1n : BigInt(v))),
      /row 9: .*got 4611686018427387905/,
    ],
    ['zeros only', good.X(), new Uint8Array(12), /-y\.npy: expected labels of both classes, got 12 times 0/],
    ['ones only', good.X(), new Uint8Array(12).fill(1), /both classes, got 12 times 1/],
  ];

  test.each(wrong)('with %s is refused, by file and place', (_, inputs, given, message) => {
    if (inputs instanceof Matrix) writeNpy(nameOf(4, 'X'), inputs);
    else inputs();
    if (given) writeNpy(nameOf(4, 'y'), given);
    expect(() => kryptonite(4, { rng })).toThrow(DataError);
    expect(() => kryptonite(4, { rng })).toThrow(message);
  });

  test('with what those cases spoil left whole is read', () => {
    putArrays(4, good.X(), good.y);
    expect(kryptonite(4, { rng }).inputs).toEqual(good.X());
  });
});
