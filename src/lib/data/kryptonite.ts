/**
 * The Kryptonite-N data: a parity of many bits under noise, with a third of the columns redundant. A user's own files
 * in `data/kryptonite/` are read where they are; otherwise data of the same law are drawn from a seed.
 *
 * The generator and its law are two things on purpose. A study of the public files sees no law: it has to find the
 * redundant columns. A study of drawn data can be told how well it found them.
 *
 * A. Li, N. Bailey, W. Sumerfield, K. Kim, "Kryptonite-N: Machine Learning Strikes Back", arXiv 2412.20588, 2024: the
 * parity, the redundant third, and the three shapes of the columns ("burst", "spread", "gaussian"). Scales of the noise
 * and the law of the flipped labels were measured on the public data of N = 9, 12, 15 and 18; the paper has neither.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataError, ValueError } from '../errors';
import { firstNotFinite } from '../linalg/check';
import { Matrix } from '../linalg/matrix';
import type { Random } from '../random';
import { dataFolder, type Npy, readNpy } from '../run';
import { shown } from './sources';

/**
 * The noise of a column. `uniform` (the paper's "burst"): uniform on [−0.025, 0.025), the columns that are redundant.
 * `laplace` ("spread"): Laplace of scale 0.05, i.e. standard deviation 0.0707. `gaussian`: normal of standard deviation
 * 0.1. The columns of the last two are informative.
 */
export type KryptoniteNoise = 'uniform' | 'laplace' | 'gaussian';

/** How data were drawn. Columns count from 0. */
export interface KryptoniteLaw {
  /** The noise of each column: N/3 columns of each. */
  readonly columns: readonly KryptoniteNoise[];
  /** The columns whose bits have no part in the parity, ascending: N/3. */
  readonly redundant: readonly number[];
  /** The columns whose bits make the parity, ascending: 2N/3. */
  readonly informative: readonly number[];
  /** Whether a label is 1 for an even number of ones (before flips), and not for an odd one. */
  readonly complement: boolean;
  /** c of P(flip | m) = min(c·m, ½). */
  readonly flipPerOne: number;
  /** P(flip | m) for m = 0 … N/3 ones among the redundant bits. */
  readonly flipProbability: Float64Array;
  /**
   * 1 − E P(flip | m), with m binomial of N/3 and ½: how often the label is the parity of the informative bits. No
   * reader of the bits does better in the long run, not even one that knows m, since P(flip | m) ≤ ½. One that reads a
   * bit as x > ½ loses a little more: Laplace noise passes ½ with probability e⁻¹⁰/2 = 2.3e-5 in a column.
   */
  readonly ceiling: number;
}

/** Kryptonite data: entry i of `labels` belongs to row i of `inputs`. */
export interface Kryptonite {
  /** N, the number of columns. */
  features: number;
  /** n × N, float32. */
  inputs: Matrix;
  /** n labels, each 0 or 1. */
  labels: Uint8Array;
  /** Where the data came from, for people: `generated (seed 3)`, or the path of the file of inputs. */
  source: string;
  /** How the data were drawn. Not there for a user's files. */
  law?: KryptoniteLaw;
  /** SHA-256 of a user's two files, as they lie there. Not there for generated data. */
  checksums?: { inputs: string; labels: string };
}

/** Kryptonite data that were drawn here. */
export interface GeneratedKryptonite extends Kryptonite {
  law: KryptoniteLaw;
}

export interface KryptoniteOptions {
  /** Where the seed comes from. It does not move: the data depend on its seed and streams alone. */
  rng: Random;
  /** The number of rows. Default: 2000·N. */
  rows?: number;
  /** The noise of each column, N/3 of each. Default: a random order. */
  columns?: readonly KryptoniteNoise[];
  /** Whether to complement every label. Default: false. */
  complement?: boolean;
  /**
   * c of P(flip | m) = min(c·m, ½), 0 or more. Default: as measured, .027, .0175, .013 and .0096 for N = 9, 12, 15 and
   * 18, and .76·N^(−1.5), which runs near these four, for other N.
   */
  flipPerOne?: number;
}

/** What lies in `data/kryptonite/` for one N: the paths of the two files; one that is not there is left out. */
export interface KryptoniteFiles {
  features: number;
  inputs?: string;
  labels?: string;
}

const FOLDER = 'kryptonite';
const FILE = /^kryptonite-([1-9]\d*)-([Xy])\.npy$/;
const NOISES: readonly KryptoniteNoise[] = ['uniform', 'laplace', 'gaussian'];
const UNIFORM_HALF_WIDTH = 0.025;
const LAPLACE_SCALE = 0.05;
const GAUSSIAN_DEVIATION = 0.1;
/** c of P(flip | m) = c·m by N, measured on the public data. */
const FLIP_PER_ONE: Readonly<Record<number, number>> = { 9: 0.027, 12: 0.0175, 15: 0.013, 18: 0.0096 };

/**
 * Draws Kryptonite-N data:
 *
 *     x_ij = b_ij + ε_ij,   b_ij ~ Bernoulli(½),   ε_ij of the noise of column j
 *     y_i = (Σ of b_ij over the informative j) mod 2, complemented if asked, flipped with probability min(c·m_i, ½)
 *     m_i = Σ of b_ij over the redundant j
 *
 * Rows are independent. The labels are therefore balanced in law, P(y = 1) = ½ exactly, but not by count: of n rows
 * n/2 ± √n/2 have label 1. (To reject rows until the counts are equal would tie the rows to each other.)
 *
 * The data of an N depend on the seed, N and the options alone, not on what else was drawn before; fewer rows are the
 * first rows of more; another `flipPerOne` or `complement` leaves inputs as they are, and a larger `flipPerOne` flips
 * every label that a smaller one does; other `columns` leave the bits as they are.
 *
 * A study divides and scales them by
 *
 *     const parts = split(data.labels.length, { train: 0.6, validation: 0.2, test: 0.2 }, rng.stream('split'));
 *     const scale = standardise(data.inputs.take(parts.train));
 *     const test = scale.apply(data.inputs.take(parts.test)); // with takeLabels(data.labels, parts.test)
 *
 * Throws a ValueError for an N that is no positive multiple of 3, and for options out of range.
 */
export function generateKryptonite(
  N: number,
  { rng, rows = 2000 * N, columns, complement = false, flipPerOne }: KryptoniteOptions,
): GeneratedKryptonite {
  checkFeatures(N);
  checkRows('generateKryptonite, rows', rows);
  const own = rng.stream(`kryptonite ${N}`);
  const noises = columns ? checkedColumns(N, columns) : own.stream('columns').shuffle(thirds(N));
  const law = lawOf(noises, complement, flipPerOne ?? FLIP_PER_ONE[N] ?? 0.76 * N ** -1.5);

  const inputs = Matrix.zeros(rows, N, 'float32');
  const labels = new Uint8Array(rows).fill(complement ? 1 : 0);
  const ones = new Uint32Array(rows);
  const bits = new Float64Array(rows);
  const noise = new Float64Array(rows);
  noises.forEach((kind, j) => {
    own.stream('bits').stream(j).fill(bits, 'bernoulli');
    fillNoise(own.stream('noise').stream(j), noise, kind);
    writeColumn(inputs, j, bits, noise);
    if (kind === 'uniform') for (let i = 0; i < rows; i++) ones[i] += bits[i];
    else for (let i = 0; i < rows; i++) labels[i] ^= bits[i];
  });
  const chance = own.stream('flips').fill(new Float64Array(rows), 'uniform');
  for (let i = 0; i < rows; i++) if (chance[i] < law.flipProbability[ones[i]]) labels[i] ^= 1;

  return { features: N, inputs, labels, source: `generated (seed ${rng.state().path.join(' / ')})`, law };
}

/**
 * The files `kryptonite-N-X.npy` and `kryptonite-N-y.npy` in `data/kryptonite/` (or in KERNELBOOK_DATA), by ascending N.
 * Other files there are passed over, and a folder that is not there is an empty one. Throws a DataError where it cannot
 * be read.
 */
export function kryptoniteFiles(): KryptoniteFiles[] {
  const folder = join(dataFolder(), FOLDER);
  const found = new Map<number, KryptoniteFiles>();
  for (const name of filesIn(folder)) {
    const [, digits, letter] = FILE.exec(name) ?? [];
    if (!digits) continue;
    const features = Number(digits);
    const files = found.get(features) ?? { features };
    files[letter === 'X' ? 'inputs' : 'labels'] = join(folder, name);
    found.set(features, files);
  }
  return [...found.values()].sort((a, b) => a.features - b.features);
}

/**
 * Kryptonite-N data: a user's two files of this N where they are in `data/kryptonite/`, data drawn from the seed
 * otherwise. With files, `rows` takes the first of them (default: all), and N need not be a multiple of 3. Options of
 * the law are for `generateKryptonite`: files have their own.
 *
 * The files are read anew at each call: X of n × N in float32 or float64 (kept in float32), y of n values 0 or 1 of any
 * type of numbers or booleans, in either byte order.
 *
 * Throws a DataError that names the file when one of the two is missing or torn, of another shape, holds NaN, infinity,
 * labels other than 0 and 1 or of one class only, or has fewer rows than asked for; without files what
 * `generateKryptonite` throws.
 */
export function kryptonite(N: number, { rng, rows }: Pick<KryptoniteOptions, 'rng' | 'rows'>): Kryptonite {
  const files = kryptoniteFiles().find(({ features }) => features === N);
  if (!files) return generateKryptonite(N, { rng, rows });
  if (rows !== undefined) checkRows('kryptonite, rows', rows);
  return readFiles(files, rows);
}

function checkFeatures(N: number): void {
  if (Number.isSafeInteger(N) && N > 0 && N % 3 === 0) return;
  throw new ValueError({
    what: 'generateKryptonite(N)',
    expected: 'a positive multiple of 3',
    got: String(N),
    todo: `A third of the columns is redundant. Files of any N can be put into ${shown(join(dataFolder(), FOLDER))}/ and read by kryptonite(N).`,
  });
}

function checkRows(what: string, rows: number): void {
  if (Number.isSafeInteger(rows) && rows > 0) return;
  throw new ValueError({
    what,
    expected: 'a positive whole number',
    got: String(rows),
    todo: 'Leave it out for the usual number (2000·N, or all rows of your files).',
  });
}

/** N/3 of each noise, in their order. */
function thirds(N: number): KryptoniteNoise[] {
  return NOISES.flatMap((kind) => new Array<KryptoniteNoise>(N / 3).fill(kind));
}

function checkedColumns(N: number, columns: readonly KryptoniteNoise[]): readonly KryptoniteNoise[] {
  const counts = NOISES.map((kind) => columns.filter((noise) => noise === kind).length);
  if (columns.length === N && counts.every((count) => count === N / 3)) return [...columns];
  throw new ValueError({
    what: 'generateKryptonite, columns',
    expected: `${N} names, ${N / 3} each of ${NOISES.join(', ')}`,
    got: `${columns.length} names, ${NOISES.map((kind, k) => `${counts[k]} ${kind}`).join(', ')}`,
    todo: 'Name the noise of each column in its place.',
  });
}

function lawOf(columns: readonly KryptoniteNoise[], complement: boolean, flipPerOne: number): KryptoniteLaw {
  if (!(flipPerOne >= 0 && Number.isFinite(flipPerOne)))
    throw new ValueError({
      what: 'generateKryptonite, flipPerOne',
      expected: 'a finite number, 0 or more',
      got: String(flipPerOne),
      todo: 'A label is flipped with probability flipPerOne · m (at most ½) where m redundant bits are 1.',
    });
  const all = columns.map((_, j) => j);
  const redundant = all.filter((j) => columns[j] === 'uniform');
  const informative = all.filter((j) => columns[j] !== 'uniform');
  const flipProbability = Float64Array.from({ length: redundant.length + 1 }, (_, m) =>
    Math.min(flipPerOne * m, 0.5),
  );
  const ceiling = 1 - binomialMean(flipProbability);
  return { columns, redundant, informative, complement, flipPerOne, flipProbability, ceiling };
}

/** E f(m) for m binomial of k = f.length − 1 and ½: Σ_m C(k, m) 2^(−k) f(m), the weights by their logarithms. */
function binomialMean(f: Float64Array): number {
  const k = f.length - 1;
  let sum = 0;
  let logWeight = -k * Math.LN2;
  for (let m = 0; m <= k; m++) {
    sum += Math.exp(logWeight) * f[m];
    logWeight += Math.log((k - m) / (m + 1));
  }
  return sum;
}

function fillNoise(rng: Random, noise: Float64Array, kind: KryptoniteNoise): void {
  if (kind === 'uniform') rng.fill(noise, 'uniform', -UNIFORM_HALF_WIDTH, UNIFORM_HALF_WIDTH);
  else if (kind === 'laplace') rng.fill(noise, 'laplace', 0, LAPLACE_SCALE);
  else rng.fill(noise, 'normal', 0, GAUSSIAN_DEVIATION);
}

/** Column j of `matrix` becomes the sum of two vectors. */
function writeColumn({ rows, cols, data }: Matrix, j: number, a: Float64Array, b: Float64Array): void {
  for (let i = 0, at = j; i < rows; i++, at += cols) data[at] = a[i] + b[i];
}

/** The names of the files (not folders) in a folder; none where it does not exist. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return [];
    throw new DataError(
      {
        what: shown(folder),
        expected: 'a folder that can be read',
        got: code ?? String(cause),
        todo: 'Make it a folder with kryptonite-N-X.npy and kryptonite-N-y.npy in it, or take it away.',
      },
      { cause },
    );
  }
}

function readFiles({ features, inputs, labels }: KryptoniteFiles, rows?: number): Kryptonite {
  if (!inputs || !labels) {
    const [here, missing] = inputs ? [inputs, 'y'] : [labels!, 'X'];
    throw new DataError({
      what: shown(here),
      expected: `kryptonite-${features}-${missing}.npy beside it`,
      got: 'no such file',
      todo: 'Put it there, or take this one away: then data are generated.',
    });
  }
  const X = inputsOf(shown(inputs), readNpy(inputs), features);
  const y = labelsOf(shown(labels), readNpy(labels), X.rows, shown(inputs));
  if (rows !== undefined && rows > X.rows)
    throw new DataError({
      what: shown(inputs),
      expected: `at least the ${rows} rows that were asked for`,
      got: String(X.rows),
      todo: 'Ask for fewer, or leave `rows` out to take all.',
    });
  return {
    features,
    inputs: X.slice(0, rows),
    labels: y.slice(0, rows),
    source: shown(inputs),
    checksums: { inputs: sha256(inputs), labels: sha256(labels) },
  };
}

/** The inputs in float32, checked. */
function inputsOf(name: string, { shape, type, data }: Npy, features: number): Matrix {
  const todo = `Save X with one row for each example: X.astype("float32") of shape (n, ${features}).`;
  if (shape.length !== 2 || shape[1] !== features || shape[0] === 0)
    throw new DataError({
      what: name,
      expected: `the shape (n, ${features}) with n ≥ 1`,
      got: `(${shape.join(', ')})`,
      todo,
    });
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw new DataError({ what: name, expected: 'values of type f4 or f8', got: type, todo });
  const X = new Matrix(shape[0], features, data).as('float32');
  const at = firstNotFinite(X.data);
  if (at >= 0)
    throw new DataError({
      what: `${name}, row ${Math.floor(at / features)}, column ${at % features}`,
      expected: 'a finite number (of float32)',
      got: String(data[at]),
      todo: 'Rows and columns count from 0. Take such rows out of both files, or fill them in.',
    });
  return X;
}

/** The labels as bytes, checked. */
function labelsOf(name: string, { shape, data }: Npy, rows: number, inputsName: string): Uint8Array {
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1))
    throw new DataError({
      what: name,
      expected: 'the shape (n,)',
      got: `(${shape.join(', ')})`,
      todo: 'Save one label for each row of X: y.reshape(-1).',
    });
  if (data.length !== rows)
    throw new DataError({
      what: name,
      expected: `${rows} labels, one for each row of ${inputsName}`,
      got: String(data.length),
      todo: 'Copy both files again from one source.',
    });
  const labels = new Uint8Array(rows);
  let ones = 0;
  for (let i = 0; i < rows; i++) {
    const value = Number(data[i]);
    if (value !== 0 && value !== 1)
      throw new DataError({
        what: `${name}, row ${i}`,
        expected: 'a label 0 or 1',
        got: String(data[i]),
        todo: 'Rows count from 0. Save the labels as 0 and 1, e.g. (y > 0).astype("int64") for −1 and 1.',
      });
    labels[i] = value;
    ones += value;
  }
  if (ones === 0 || ones === rows)
    throw new DataError({
      what: name,
      expected: 'labels of both classes',
      got: `${rows} times ${labels[0]}`,
      todo: 'Give data with labels 0 and 1.',
    });
  return labels;
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
