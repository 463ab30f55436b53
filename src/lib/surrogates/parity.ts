/**
 * Learning a parity from labels, some of which are wrong:
 *
 *     y = c + Σ_{j∈S} x_j + e (mod 2),   P(e = 1) = η < ½,
 *
 * with S and c unknown: "learning parity with noise" (LPN). Nothing is looked at but bits and labels; a column without
 * influence is one that is not in S.
 *
 * Without noise this is linear algebra: N + 1 independent rows determine S and c. With noise, N + 1 rows drawn at random
 * are all right with probability (1 − η)^(N+1), so one draws, solves, looks how many other rows agree, and draws again
 * until nearly all do. This is information-set decoding (E. Prange, "The use of information sets in decoding cyclic
 * codes", IRE Trans. Information Theory 8(5), 1962), for LPN "Pooled Gauss" of A. Esser, R. Kübler & A. May, "LPN
 * decoded", CRYPTO 2017. It needs next to no memory, and for a few per cent of noise a handful of tries.
 *
 * How the rows are used: a share is held out, and the rest is the pool that tries draw from. Where 1024 rows or more are
 * held out, a candidate is compared with 256 of them first, with all if it agrees with 5/8 of those. A wrong one, which
 * half the labels agree with, passes once in 26,000 times; the right one fails with probability 4e-6 at η = .25, .004 at
 * .3 and .5 at 3/8. The 256 are others at each try: where the right one fails, it has another chance when it is found
 * again. So this learner is for noise below a third, beyond which the tries would be too many anyway; for few columns
 * `walshSpectrum` bears any noise.
 */

import { NumericalError, ShapeError, ValueError } from '../errors';
import { BitMatrix, BitVector, Eliminator, type Matrix } from '../linalg';
import { parityOf } from '../linalg/gf2';
import type { Random } from '../random';
import { heedInterruption } from '../run';
import { asBits, checkBits } from './bits';

export interface NoisyParityOptions {
  /** Divides the rows and draws the tries. It does not move: a fit depends on its seed and streams alone. */
  rng: Random;
  /** The share of the rows that is held out to judge candidates, in (0, 1) (default ½). */
  holdOut?: number;
  /** The probability, in (0, 1), that chance may certify anything (default 1e-6): see `certificate`. */
  significance?: number;
  /** The most tries (default 100,000). */
  maxTries?: number;
  /** Whether c may be 1 (default true). When false, N rows determine the parity, not N + 1. */
  affine?: boolean;
}

/** Learns a parity: `fit` and `fitAsync` find the same. */
export interface ParityLearner {
  /**
   * X is n × N, packed bits or a Matrix, whose bits are x > ½; y holds n zeros and ones. Labels that follow no parity
   * are no error: after `maxTries` tries the best candidate is returned with `certified` false.
   *
   * Throws a ShapeError when sizes do not fit, when the pool has fewer rows than there are unknowns, or when so few rows
   * are held out that no agreement could be certified; a ValueError for NaN and for labels other than 0 and 1; a
   * NumericalError when some columns of the pool sum to a constant, so that the labels fit several supports alike.
   */
  fit(X: BitMatrix | Matrix, y: ArrayLike<number>): FittedParity;
  /** The same, giving way to the event loop every 256 tries. */
  fitAsync(
    X: BitMatrix | Matrix,
    y: ArrayLike<number>,
    options?: ParityFitAsyncOptions,
  ): Promise<FittedParity>;
}

export interface ParityFitAsyncOptions {
  /** Ends the fit with an InterruptedError when it is aborted. Default: the stop button of the notebook. */
  signal?: AbortSignal;
  onProgress?: (progress: ParityProgress) => void;
}

export interface ParityProgress {
  /** Tries so far. */
  tries: number;
  /** The largest share that a candidate agreed with of the held-out rows that it met first. */
  agreement: number;
}

/** How a candidate came out. */
interface Finding {
  /** Held-out rows that agree with it. */
  agreements: number;
  heldOut: number;
  bound: number;
  tries: number;
  operations: FittedParity['operations'];
}

/** What a fit found, and how. */
export class FittedParity {
  /** S: the columns in the sum, ascending. */
  readonly support: readonly number[];
  /** c: whether the label is 1 where the sum is even. */
  readonly complement: boolean;
  /** The share of the held-out rows whose label is the parity. */
  readonly agreement: number;
  /** m: how many rows were held out. */
  readonly heldOut: number;
  /** What the agreement has to exceed to be certified: `certificate(heldOut, N, …)`. */
  readonly bound: number;
  /**
   * agreement > bound: labels follow this parity more often than not, beyond chance. When the bits are fair and
   * independent and the flips do not depend on them, it is the parity that made the labels.
   */
  readonly certified: boolean;
  /** agreement > bound + ¼: of fair, independent bits no other parity agrees as often, however the flips depend on them. */
  readonly unique: boolean;
  /** Candidates that were solved for, this one among them. */
  readonly tries: number;
  /** η as estimated on the held-out rows, 1 − agreement, and √(η(1 − η)/m). */
  readonly noise: { readonly estimate: number; readonly standardError: number };
  /**
   * Word operations (see linalg/gf2): of elimination, that of the pool's rank included, and of comparing candidates with
   * rows. Reading the bits and putting the rows in order, once over the data, is not counted.
   */
  readonly operations: { readonly elimination: number; readonly verification: number };
  private readonly selection: BitVector;

  /** The parity of the columns that `selection` (N bits) has ones for, plus `complement`. */
  constructor(
    selection: BitVector,
    complement: boolean,
    { agreements, heldOut, bound, tries, operations }: Finding,
  ) {
    const noise = 1 - agreements / heldOut;
    this.selection = selection;
    this.support = selection.ones();
    this.complement = complement;
    this.agreement = agreements / heldOut;
    this.heldOut = heldOut;
    this.bound = bound;
    this.certified = this.agreement > bound;
    this.unique = this.agreement > bound + 0.25;
    this.tries = tries;
    this.noise = { estimate: noise, standardError: Math.sqrt((noise * (1 - noise)) / heldOut) };
    this.operations = operations;
  }

  /**
   * c + Σ_{j∈S} x_j mod 2 for each row of X, packed bits or a Matrix, whose bits are x > ½. Throws a ShapeError unless
   * X has the N columns of the fit, a ValueError on NaN.
   */
  predict(X: BitMatrix | Matrix): Uint8Array {
    if (X.cols !== this.selection.length)
      throw new ShapeError({
        what: 'predict, X',
        expected: `${this.selection.length} columns, as in the fit`,
        got: `${X.cols}`,
        todo: 'Give all columns: those outside the support are not read.',
      });
    const odd = asBits(X, 'predict').parities(this.selection);
    return Uint8Array.from({ length: X.rows }, (_, i) => odd.get(i) ^ (this.complement ? 1 : 0));
  }

  /** The share of rows of X whose label in y (zeros and ones) is predicted. Throws as predict does, and without rows. */
  score(X: BitMatrix | Matrix, y: ArrayLike<number>): number {
    checkBits(y, X.rows, 'score');
    const predicted = this.predict(X);
    let right = 0;
    for (let i = 0; i < predicted.length; i++) if (predicted[i] === y[i]) right++;
    return right / predicted.length;
  }
}

/**
 * A learner of parities with those options; see the file's head for the method. `expectedTries` says beforehand how
 * long it takes. Throws a ValueError on options that do not fit.
 *
 *     const fitted = noisyParity({ rng: random(0) }).fit(inputs, labels);
 *     fitted.support; // the informative columns
 */
export function noisyParity(options: NoisyParityOptions): ParityLearner {
  checkOptions(options);
  return {
    fit(X, y) {
      const search = searchParity(X, y, options);
      for (;;) {
        const next = search.next();
        if (next.done) return next.value;
      }
    },
    async fitAsync(X, y, { signal, onProgress } = {}) {
      const heed = heedInterruption('noisyParity.fitAsync', signal);
      const search = searchParity(X, y, options);
      for (;;) {
        heed();
        const next = search.next();
        if (next.done) return next.value;
        onProgress?.(next.value);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/**
 * (1 − η)^−(N+1): the mean number of tries at noise η in [0, 1) with N columns, under flips that do not depend on the
 * bits; the exponent is N when `affine` is false. A try succeeds when no label of its N + 1 independent rows is flipped,
 * and never otherwise (a wrong right side of a regular system gives a wrong solution), so the number of tries is
 * geometric. Throws a ValueError outside that range.
 */
export function expectedTries(
  noise: number,
  features: number,
  { affine = true }: { affine?: boolean } = {},
): number {
  checkFeatures('expectedTries', features);
  if (!(noise >= 0 && noise < 1))
    throw new ValueError({
      what: 'expectedTries, noise',
      expected: 'a probability of [0, 1)',
      got: String(noise),
      todo: 'It is the share of labels that are flipped.',
    });
  return (1 - noise) ** -(features + (affine ? 1 : 0));
}

/**
 * The share of m held-out rows that no parity of N columns exceeds by chance, 1/2 + t with
 *
 *     t = √(((N + 1) ln 2 + ln(1/δ)) / 2m),   δ = significance (default 1e-6).
 *
 * Let the rows be independent draws, and take any parity whose true agreement with the label, P(y = c + Σ x_j), is at
 * most ½. The rows that agree are then a sum of m independent variables of [0, 1] of mean ≤ m/2, and by Hoeffding
 * (J. Amer. Statist. Assoc. 58, 1963, theorem 1) more than m(½ + t) do with probability at most exp(−2mt²). There are
 * 2^(N+1) affine parities (a complement is one of its own, so one side is enough); by the union bound the probability
 * that any of those reaches ½ + t is at most 2^(N+1) exp(−2mt²) = δ, however candidates were searched for. When
 * `affine` is false there are 2^N, and N + 1 above is N.
 *
 * What follows from an agreement beyond it: the true agreement exceeds ½. If the bits are fair and independent and the
 * flips independent of them, the true parity has agreement 1 − η, its complement η, and every other exactly ½ (what it
 * differs by from the true one is a parity of fair bits); so it is the true one.
 *
 * If flips may depend on the bits, a wrong parity can have more than ½. Yet two different parities A and B of fair bits
 * are equal with probability at most ½, and P(A = y) + P(B = y) ≤ 1 + P(A = B), since both are right only where they
 * are equal: at most 3/2. So no more than one parity has a true agreement above ¾, and with the same t no other than the
 * best exceeds ¾ + t on the held-out rows, but with probability δ.
 *
 * A value of 1 or more says that m rows certify nothing. Throws a ValueError unless m and N are whole numbers from 1
 * and δ is in (0, 1).
 */
export function certificate(
  rows: number,
  features: number,
  { significance = 1e-6, affine = true }: { significance?: number; affine?: boolean } = {},
): number {
  checkFeatures('certificate', features);
  checkSignificance('certificate', significance);
  if (!(Number.isInteger(rows) && rows > 0))
    throw new ValueError({
      what: 'certificate, rows',
      expected: 'a whole number from 1',
      got: String(rows),
      todo: 'Give the number of held-out rows.',
    });
  return 0.5 + Math.sqrt(logParitiesPerRisk(affine ? features + 1 : features, significance) / (2 * rows));
}

/** ln(2^u/δ): there are 2^u parities of u unknowns. */
function logParitiesPerRisk(unknowns: number, significance: number): number {
  return unknowns * Math.LN2 - Math.log(significance);
}

/** Tries between two looks at the event loop. */
const TRIES_AT_A_TIME = 256;

function* searchParity(
  X: BitMatrix | Matrix,
  y: ArrayLike<number>,
  { rng, holdOut = 0.5, significance = 1e-6, maxTries = 100_000, affine = true }: NoisyParityOptions,
): Generator<ParityProgress, FittedParity, void> {
  const bits = asBits(X, 'noisyParity');
  checkBits(y, bits.rows, 'noisyParity');
  const { rows: n, cols: N } = bits;
  const unknowns = affine ? N + 1 : N;
  const heldOut = Math.round(n * holdOut);
  checkRows(n, heldOut, unknowns, significance);
  // Rows 0 … heldOut − 1 judge, the others are the pool.
  const rows = arranged(bits, y, rng.stream('rows').permutation(n), unknowns);
  const system = new Eliminator(unknowns);
  checkPool(rows, heldOut, N, system);

  const pool = new Pool(heldOut, n, rng.stream('tries'));
  const judge = new Judge(rows, heldOut);
  const bound = certificate(heldOut, N, { significance, affine });
  const fitted = (candidate: BitVector, agreements: number, tries: number): FittedParity => {
    const found = candidate.toArray();
    const operations = { elimination: system.count.words, verification: judge.words };
    return new FittedParity(BitVector.from(found.slice(0, N)), affine && found[N] === 1, {
      agreements,
      heldOut,
      bound,
      tries,
      operations,
    });
  };
  let best = BitVector.zeros(rows.cols);
  let bestScreened = -1;
  for (let tries = 1; ; tries++) {
    const candidate = solveDrawn(rows, pool, system);
    const screened = judge.screen(candidate, tries);
    if (screened > bestScreened) {
      best = candidate;
      bestScreened = screened;
    }
    if (judge.passes(screened)) {
      const agreements = judge.agreements(candidate, screened);
      if (agreements / heldOut > bound) return fitted(candidate, agreements, tries);
    }
    if (tries === maxTries) return fitted(best, judge.agreements(best, bestScreened), tries);
    if (tries % TRIES_AT_A_TIME === 0) yield { tries, agreement: bestScreened / judge.first };
  }
}

/** Rows that a candidate meets first, how many it must agree with to meet the rest, and the fewest rows that have a rest. */
const SCREEN = { rows: 256, pass: 160, from: 1024 };

/** Compares candidates with the held-out rows, and counts the words. */
class Judge {
  words = 0;
  /** Rows that a candidate meets first. */
  readonly first: number;
  private readonly rows: BitMatrix;
  private readonly heldOut: number;

  constructor(rows: BitMatrix, heldOut: number) {
    this.rows = rows;
    this.heldOut = heldOut;
    this.first = heldOut < SCREEN.from ? heldOut : SCREEN.rows;
  }

  /** How many of the first rows agree. Which rows are first goes round with the tries. */
  screen(candidate: BitVector, tries: number): number {
    const start = (tries % Math.floor(this.heldOut / this.first)) * this.first;
    return this.compare(candidate, start, start + this.first);
  }

  /** Whether that many of the first rows are worth a look at all. */
  passes(screened: number): boolean {
    return this.first === this.heldOut || screened >= SCREEN.pass;
  }

  /** How many of all rows agree, given how many of the first do. */
  agreements(candidate: BitVector, screened: number): number {
    return this.first === this.heldOut ? screened : this.compare(candidate, 0, this.heldOut);
  }

  private compare(candidate: BitVector, start: number, end: number): number {
    const { words, stride } = this.rows;
    this.words += (end - start) * stride;
    return end - start - disagreements(words, stride, candidate.words, start, end);
  }
}

/** The rows of the pool, drawn without replacement, every order equally likely. */
class Pool {
  private readonly order: Uint32Array;
  private readonly rng: Random;
  private drawn = 0;

  constructor(start: number, end: number, rng: Random) {
    this.order = Uint32Array.from({ length: end - start }, (_, k) => start + k);
    this.rng = rng;
  }

  /** Puts all rows back. */
  refill(): void {
    this.drawn = 0;
  }

  draw(): number {
    const order = this.order;
    const at = this.drawn + this.rng.integer(order.length - this.drawn);
    const row = order[at];
    order[at] = order[this.drawn];
    order[this.drawn++] = row;
    return row;
  }
}

/**
 * One try: draws rows until as many are independent as there are unknowns, and solves. Rows that depend on those before
 * are passed over whether or not their labels fit: which rows are taken must not depend on the labels. The solution has
 * the bit of the label set too, so that its parity with a row is 1 where they disagree.
 */
function solveDrawn(rows: BitMatrix, pool: Pool, system: Eliminator): BitVector {
  system.clear();
  pool.refill();
  while (system.rank < system.unknowns) system.addRow(rows, pool.draw());
  const candidate = BitVector.zeros(rows.cols);
  candidate.words.set(system.solution().words);
  candidate.set(system.unknowns, 1);
  return candidate;
}

/** Of rows start … end − 1, how many have an odd number of ones in common with the candidate. */
function disagreements(
  words: Uint32Array,
  stride: number,
  candidate: Uint32Array,
  start: number,
  end: number,
): number {
  let odd = 0;
  for (let at = start * stride; at < end * stride; ) {
    let folded = 0;
    for (let k = 0; k < stride; k++, at++) folded ^= words[at] & candidate[k];
    odd += parityOf(folded);
  }
  return odd;
}

/** Rows in the given order, each as bits, a 1 when there is an unknown for it, and the label. */
function arranged(bits: BitMatrix, y: ArrayLike<number>, order: Uint32Array, unknowns: number): BitMatrix {
  const out = BitMatrix.zeros(bits.rows, unknowns + 1);
  for (let k = 0; k < order.length; k++) {
    const i = order[k];
    const start = k * out.stride;
    for (let w = 0; w < bits.stride; w++) out.words[start + w] = bits.words[i * bits.stride + w];
    if (unknowns > bits.cols) out.words[start + (bits.cols >>> 5)] |= 1 << (bits.cols & 31);
    if (y[i]) out.words[start + (unknowns >>> 5)] |= 1 << (unknowns & 31);
  }
  return out;
}

/** Throws unless the pool's rows determine all unknowns. */
function checkPool(rows: BitMatrix, start: number, features: number, system: Eliminator): void {
  for (let i = start; i < rows.rows && system.rank < system.unknowns; i++) system.addRow(rows, i);
  if (system.rank === system.unknowns) return;
  const open = system.nullSpace();
  const terms = open.row(0).ones();
  const columns = terms.filter((j) => j < features);
  const sum = terms.length > columns.length ? 1 : 0;
  const named = columns.slice(0, 8).join(', ') + (columns.length > 8 ? ', …' : '');
  throw new NumericalError({
    what: 'noisyParity, X',
    expected: `columns that are independent over GF(2) in the ${rows.rows - start} rows of the pool`,
    got:
      `${columns.length === 1 ? `column ${named} that is` : `columns ${named} that sum to`} ${sum} in all of them` +
      (open.rows > 1 ? `, and ${open.rows - 1} more such dependences` : ''),
    todo: `The labels fit 2^${open.rows} supports alike: leave out one of those columns, or give more rows.`,
  });
}

function checkRows(rows: number, heldOut: number, unknowns: number, significance: number): void {
  const pool = rows - heldOut;
  if (pool < unknowns)
    throw new ShapeError({
      what: 'noisyParity, X',
      expected: `at least ${unknowns} rows that are not held out, one for each unknown`,
      got: `${pool} of ${rows}`,
      todo: 'Give more rows, or hold out a smaller share.',
    });
  // 1/2 + t < 1 for m > 2 ln(2^u/δ).
  const fewest = Math.floor(2 * logParitiesPerRisk(unknowns, significance)) + 1;
  if (heldOut < fewest)
    throw new ShapeError({
      what: 'noisyParity, X',
      expected: `at least ${fewest} held-out rows for ${unknowns} unknowns and a significance of ${significance}`,
      got: `${heldOut} of ${rows}`,
      todo: 'Fewer cannot tell even full agreement from chance: give more rows, or hold out a larger share.',
    });
}

function checkFeatures(what: string, features: number): void {
  if (Number.isInteger(features) && features > 0) return;
  throw new ValueError({
    what: `${what}, features`,
    expected: 'a whole number from 1',
    got: String(features),
    todo: 'Give the number of columns.',
  });
}

function checkSignificance(what: string, significance: number): void {
  if (significance > 0 && significance < 1) return;
  throw new ValueError({
    what: `${what}, significance`,
    expected: 'a probability between 0 and 1',
    got: String(significance),
    todo: 'It is the probability that chance certifies a parity; leave it out for 1e-6.',
  });
}

function checkOptions({
  rng,
  holdOut = 0.5,
  significance = 1e-6,
  maxTries = 1,
  affine = true,
}: NoisyParityOptions): void {
  const bad = (what: string, expected: string, got: unknown, todo: string): never => {
    throw new ValueError({ what: `noisyParity, ${what}`, expected, got: String(got), todo });
  };
  if (!rng) bad('rng', 'a generator', rng, 'Pass rng: random(seed).');
  if (!(holdOut > 0 && holdOut < 1))
    bad('holdOut', 'a share between 0 and 1', holdOut, 'Leave it out for one half.');
  checkSignificance('noisyParity', significance);
  if (!(Number.isInteger(maxTries) && maxTries > 0))
    bad(
      'maxTries',
      'a whole number from 1',
      maxTries,
      'expectedTries(noise, features) says how many it takes.',
    );
  if (typeof affine !== 'boolean')
    bad('affine', 'true or false', affine, 'True lets the learner find a complement.');
}
