/**
 * Polynomial features: the monomials of a few variables up to a degree, in the order of scikit-learn's
 * PolynomialFeatures, and their values. They are what a linear model needs to read a parity, which of k bits is one
 * monomial of degree k (arXiv 2412.20588).
 *
 * The order is graded: the constant, the variables, then for each degree the combinations of variables (with repetition,
 * or without in the square-free expansion) in lexicographic order. A monomial x_a x_b x_c, a ≤ b ≤ c, is x_a times its
 * parent x_b x_c, one degree below: one product a term. The monomials that begin with x_a have for parents all those, one
 * degree below, that begin with x_a or a later variable (later, if square-free), and those are a contiguous tail of their
 * degree. So a row is made of some dozens of products of a contiguous vector and a number (`segments`).
 */

import { totalmem } from 'node:os';
import { type KernelbookError, ShapeError, shapeText, ValueError } from '../errors';
import { Arena, type MonomialPlan, monomials } from '../linalg/elementwise';
import { Matrix } from '../linalg/matrix';
import { locateNonFinite } from './finite';
import { overflow, type RowSource, VECTORS } from './sgd';

export interface PolynomialOptions {
  /** The highest degree of a monomial, from 1. */
  degree: number;
  /**
   * Only monomials without squares, i.e. products of different variables (default false). There are none of a degree
   * above the number of variables: a higher `degree` is that number.
   */
  squareFree?: boolean;
  /** Whether the constant 1 is a term, the first (default true). */
  constant?: boolean;
}

/** The variables of a product, ascending, each as often as it occurs: [1, 1, 4] is x₁² x₄, [] the constant. */
export type Monomial = readonly number[];

/**
 * How many monomials there are of so many variables, constant included unless it is switched off: C(N + d, d), or
 * Σ_{k ≤ d} C(N, k) if square-free. Exact whatever the size. Throws a ValueError as polynomialTerms does.
 */
export function countTerms(features: number, options: PolynomialOptions): bigint {
  const { degree, squareFree, constant } = checkedOptions('countTerms', features, options);
  let all = 0n;
  if (squareFree) {
    let choose = 1n;
    for (let k = 0; k <= degree; k++) {
      all += choose;
      choose = (choose * BigInt(features - k)) / BigInt(k + 1);
    }
  } else {
    all = 1n;
    for (let k = 1; k <= degree; k++) all = (all * BigInt(features + k)) / BigInt(k);
  }
  return constant ? all : all - 1n;
}

/** Terms that are listed: some 100 bytes each. */
const MOST_LISTED = 2 ** 22;

/**
 * The monomials of so many variables, in the order of scikit-learn's PolynomialFeatures (see the file's head). Throws a
 * ValueError when the number of variables or the degree is not a whole number from 1, or the list would be too long.
 */
export function polynomialTerms(features: number, options: PolynomialOptions): Monomial[] {
  checkCount('polynomialTerms', features, options, MOST_LISTED);
  return new Monomials(features, options).list();
}

/** The name of a monomial as scikit-learn writes it: `x0 x3 x7`, `x1^2 x4`, and `1` for the constant. */
export function monomialName(term: Monomial): string {
  const factors: string[] = [];
  for (let k = 0; k < term.length; ) {
    let end = k;
    while (end < term.length && term[end] === term[k]) end++;
    factors.push(end - k === 1 ? `x${term[k]}` : `x${term[k]}^${end - k}`);
    k = end;
  }
  return factors.length === 0 ? '1' : factors.join(' ');
}

/**
 * The values of the monomials of each row of X (n × N): n × countTerms(N, options), float64. Throws a ValueError when X is
 * not finite, when the options do not fit, or when the result would not fit into the memory of this machine.
 */
export function expandPolynomial(X: Matrix, options: PolynomialOptions): Matrix {
  const count = countTerms(X.cols, options);
  const bytes = BigInt(X.rows) * count * 8n;
  if (bytes > BigInt(machineMemory()))
    throw new ValueError({
      what: 'expandPolynomial',
      expected: `an expansion that fits into ${gigabytes(machineMemory())} of memory`,
      got: `${count} terms for ${X.rows} rows, ${gigabytes(bytes)}`,
      todo: 'polynomialLogistic makes its rows as it needs them. A lower degree, squareFree and fewer columns have fewer terms.',
    });
  const wrong = locateNonFinite(X, 'expandPolynomial, X');
  if (wrong) throw wrong;
  const plan = new Monomials(X.cols, options).plan;
  const out = Matrix.zeros(X.rows, plan.terms, 'float64');
  monomials(X.as('float64').data, X.rows, plan, out.data);
  return out;
}

/** The terms of one expansion: which they are, and how they are computed. */
export class Monomials {
  readonly features: number;
  readonly plan: MonomialPlan;
  /** Products that a row takes. */
  readonly products: number;
  /** The place of the first term of each segment; the terms before are the constant and the variables. */
  private readonly starts: number[] = [];

  /** The terms must be fewer than 2³¹. */
  constructor(features: number, options: PolynomialOptions) {
    const { degree, squareFree, constant } = checkedOptions('Polynomial terms', features, options);
    const segments: number[] = [];
    const first = constant ? 1 : 0;
    // Where the terms of the present degree begin with variable 0, 1 …; at the end, where they end.
    let begins = Array.from({ length: features + 1 }, (_, j) => first + j);
    let terms = first + features;
    for (let d = 2; d <= degree; d++) {
      const end = begins[features];
      const next: number[] = [];
      for (let j = 0; j < features; j++) {
        next.push(terms);
        const parent = begins[squareFree ? j + 1 : j];
        if (parent === end) continue;
        this.starts.push(terms);
        segments.push(j, parent, end - parent);
        terms += end - parent;
      }
      next.push(terms);
      begins = next;
    }
    this.features = features;
    this.products = terms - first - features;
    this.plan = { features, constant, segments: Float64Array.from(segments), terms };
  }

  get count(): number {
    return this.plan.terms;
  }

  /** Term i. */
  term(i: number): Monomial {
    const { constant, segments, terms } = this.plan;
    const variables: number[] = [];
    for (let place = i; ; ) {
      const s = this.segmentOf(place);
      if (s < 0) {
        const variable = place - (constant ? 1 : 0);
        if (variable >= 0 && i < terms) variables.push(variable);
        return variables;
      }
      variables.push(segments[3 * s]);
      place += segments[3 * s + 1] - this.starts[s];
    }
  }

  list(): Monomial[] {
    return Array.from({ length: this.count }, (_, i) => this.term(i));
  }

  /** The segment that a place lies in; −1 for the constant and the variables. */
  private segmentOf(place: number): number {
    let low = -1;
    let high = this.starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= place) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The most bytes of an Arena, in round numbers. */
const MOST_BYTES = 2 ** 32 - 2 ** 20;

/**
 * The expansion of X as rows that are made when they are asked for, with room for the weights of so many fits. Making a
 * row again costs less than reading one that lies in main memory (a product a term, of what is in the cache), so that
 * even a small expansion is not kept.
 */
export class PolynomialRows implements RowSource {
  readonly rows: number;
  readonly cols: number;
  private readonly X: Matrix;
  private readonly arena: Arena;
  private readonly input: Float64Array;
  private readonly plan: MonomialPlan;
  /** Two rows, filled in turn. */
  private readonly views: readonly [Float64Array, Float64Array];
  private turn: 0 | 1 = 0;
  private readonly start: number;

  /** Throws a ValueError when two rows and the weights exceed 4 GiB. */
  constructor(what: string, X: Matrix, options: PolynomialOptions, fits: number) {
    checkCount(what, X.cols, options, Math.floor(MOST_BYTES / 8 / (2 + VECTORS * fits)) - 8);
    const { features, plan, count } = new Monomials(X.cols, options);
    this.rows = X.rows;
    this.cols = count;
    this.X = X;
    const numbers = features + plan.segments.length + (2 + VECTORS * fits) * (count + 8);
    this.arena = new Arena(8 * numbers + 1024);
    const vector = (length: number) => this.arena.vector(length, 'float64') as Float64Array;
    this.input = vector(features);
    this.plan = { ...plan, segments: vector(plan.segments.length) };
    this.plan.segments.set(plan.segments);
    this.views = [vector(count), vector(count)];
    this.start = this.arena.mark();
  }

  row(i: number): Float64Array {
    const { cols, data } = this.X;
    const input = this.input;
    for (let j = 0, k = i * cols; j < cols; j++, k++) input[j] = data[k];
    this.turn = this.turn === 0 ? 1 : 0;
    const out = this.views[this.turn];
    monomials(input, 1, this.plan, out);
    return out;
  }

  vectors(count: number): Float64Array[] {
    this.arena.reset(this.start);
    return Array.from({ length: count }, () => this.arena.vector(this.cols, 'float64') as Float64Array);
  }

  fault(epoch: number): KernelbookError {
    const todo =
      'Products of large numbers overflow: standardise the columns first. Else raise alpha: the first rate is alpha^(−1/4).';
    return locateNonFinite(this.X, 'Polynomial features, X') ?? overflow(epoch, todo);
  }
}

/** Throws a ShapeError unless X has the columns that an expansion was made for. */
export function checkFeatures(what: string, X: Matrix, features: number): void {
  if (X.cols !== features)
    throw new ShapeError({
      what,
      expected: `a matrix of ${features} columns, as in the fit`,
      got: shapeText(X.shape),
      todo: 'Give the variables themselves, not their monomials, standardised as the training part was.',
    });
}

/** The options with their defaults, the degree of a square-free expansion at most the number of variables. */
function checkedOptions(
  what: string,
  features: number,
  { degree, squareFree = false, constant = true }: PolynomialOptions,
): Required<PolynomialOptions> {
  checkWhole(`${what}, features`, features, 'Give the number of variables.');
  checkDegree(what, degree);
  return { degree: squareFree ? Math.min(degree, features) : degree, squareFree, constant };
}

/** Throws a ValueError unless the degree is a whole number from 1. */
export function checkDegree(what: string, degree: number): void {
  checkWhole(`${what}, degree`, degree, 'Give the most factors of a monomial: 2N/3 for a Kryptonite-N.');
}

function checkWhole(what: string, value: number, todo: string): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new ValueError({ what, expected: 'a whole number from 1', got: String(value), todo });
}

function checkCount(what: string, features: number, options: PolynomialOptions, most: number): void {
  const count = countTerms(features, options);
  if (count <= BigInt(most)) return;
  throw new ValueError({
    what: `${what}, monomials of ${features} variables up to degree ${options.degree}`,
    expected: `at most ${most} terms`,
    got: `${count} terms (${gigabytes(8n * count)} a row)`,
    todo: 'A lower degree, squareFree and fewer columns have fewer terms: select the columns that matter first.',
  });
}

/** Bytes of memory that this process could have at most. */
function machineMemory(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

function gigabytes(bytes: bigint | number): string {
  return `${(Number(bytes) / 1e9).toPrecision(3)} GB`;
}
