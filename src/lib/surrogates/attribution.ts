/**
 * The reader's view of an expansion: whom a prediction rests on. Each training example has a signed share of the logit
 * of one point, A_i = w_i κ(x, x_i) + b/n (arXiv 2305.14585, section 2, eq. 3; Yeh et al., arXiv 1811.09720). Here are
 * the loudest on either side, and what keeps a reader from taking those few for the whole (section 4 and figure 2 of
 * the paper): the part of Σ|A| that they hold, how many examples speak in effect, and where the mean of each class lies
 * among its own.
 */

import { NumericalError, ShapeError, ValueError } from '../errors';
import { largest, mean, quantile } from '../metrics';
import type { KernelExpansion } from './expansion';

export interface AttributeOptions {
  /**
   * The class whose logit is divided (default: the class that the surrogate predicts). Of two classes the smaller label
   * has the logit −f and so the contributions with the other sign.
   */
  class?: number;
  /** The labels of the n training examples. */
  labels?: ArrayLike<number>;
}

/** A training example that speaks for or against. */
export interface Voice {
  /** Its row in the training set. */
  index: number;
  /** A_i, in units of the logit. */
  contribution: number;
  /** |A_i| / Σ_j |A_j|. */
  share: number;
  /** Its label, where labels were given. */
  label?: number;
}

/** Where the mean contribution of the examples of one label lies among theirs. */
export interface ClassVoices {
  label: number;
  /** How many examples have it. */
  count: number;
  /** Their mean contribution. */
  mean: number;
  /** The first and the third quartile of their contributions (numpy's default, type 7). */
  quartiles: readonly [number, number];
  /** Whether the mean lies between the quartiles: whether the bulk decides and not a few. */
  withinQuartiles: boolean;
}

/**
 * Divides the logit of one point among the training examples, from its kernel with them, κ(x, ·) (n numbers). Throws a
 * ShapeError for another number of values or labels, a ValueError for a class that was not in training and for values
 * that are not finite.
 */
export function attribute(
  fitted: KernelExpansion,
  kernelRow: Float32Array | Float64Array,
  options: AttributeOptions = {},
): Attribution {
  const parts = fitted.attribution(kernelRow);
  const logits = Array.from({ length: parts.rows }, (_, c) => sum(parts.row(c)));
  const { classes } = fitted;
  const two = parts.rows === 1;
  const predicted = classes[two ? Number(logits[0] > 0) : logits.indexOf(Math.max(...logits))];
  const { class: of = predicted, labels } = options;
  const place = classes.indexOf(of);
  if (place < 0)
    throw new ValueError({
      what: 'attribute, class',
      expected: `one of the classes ${classes.join(', ')}`,
      got: String(of),
      todo: 'Give the label of a class, or nothing for the predicted one.',
    });
  const contributions = parts.row(two ? 0 : place) as Float64Array;
  if (two && place === 0) for (let i = 0; i < contributions.length; i++) contributions[i] = -contributions[i];
  return new Attribution(of, contributions, labels);
}

export class Attribution {
  /** The class whose logit is divided: a positive contribution speaks for it. */
  readonly class: number;
  /** A, n numbers that sum to the logit of the class. */
  readonly contributions: Float64Array;
  private readonly labels: ArrayLike<number> | undefined;
  private readonly sizes: Float64Array;
  private readonly total: number;

  constructor(of: number, contributions: Float64Array, labels?: ArrayLike<number>) {
    if (labels && labels.length !== contributions.length)
      throw new ShapeError({
        what: 'attribute, labels',
        expected: `${contributions.length} labels, one for each training example`,
        got: String(labels.length),
        todo: 'Labels and columns of the kernel must be of the same examples, in the same order.',
      });
    this.class = of;
    this.contributions = contributions;
    this.labels = labels;
    this.sizes = contributions.map(Math.abs);
    this.total = sum(this.sizes);
  }

  /** Σ A_i: the logit of the class. */
  get logit(): number {
    return sum(this.contributions);
  }

  /** The k examples that speak loudest for the class, the loudest first; fewer, where fewer speak for it. */
  supporters(k: number): Voice[] {
    return this.voices(k, this.contributions);
  }

  /** The k examples that speak loudest against it, the loudest first; fewer, where fewer speak against it. */
  opponents(k: number): Voice[] {
    return this.voices(
      k,
      this.contributions.map((a) => -a),
    );
  }

  /** The share of Σ|A| that the loudest share p of the examples (0 < p ≤ 1, rounded up) holds. Equal voices: p. */
  shareOfTop(p: number): number {
    if (!(p > 0 && p <= 1))
      throw new ValueError({
        what: 'shareOfTop(p)',
        expected: 'a share of the examples, above 0 and up to 1',
        got: String(p),
        todo: 'The loudest hundredth is 0.01.',
      });
    // p n may come out above the whole number that it is.
    const count = Math.max(1, Math.ceil(p * this.sizes.length - 1e-9));
    let held = 0;
    for (const i of largest(this.sizes, count)) held += this.sizes[i];
    return held / this.wholeMass();
  }

  /**
   * (Σ|A|)² / Σ A²: how many examples speak in effect, the participation ratio. n where all speak alike, m where m
   * speak alike and the rest are silent.
   */
  get effectiveExamples(): number {
    // Divided first, so that no square overflows.
    const mass = this.wholeMass();
    let squares = 0;
    for (const size of this.sizes) squares += (size / mass) ** 2;
    return 1 / squares;
  }

  /** For each label, ascending: where its mean contribution lies among its own. Throws a ValueError without labels. */
  byClass(): ClassVoices[] {
    const { labels, contributions } = this;
    if (!labels)
      throw new ValueError({
        what: 'Attribution.byClass',
        expected: 'the labels of the training examples',
        got: 'none',
        todo: 'Give them to attribute: attribute(fitted, row, { labels }).',
      });
    const groups = new Map<number, number[]>();
    contributions.forEach((a, i) => {
      const group = groups.get(labels[i]);
      if (group) group.push(a);
      else groups.set(labels[i], [a]);
    });
    return [...groups]
      .sort(([a], [b]) => a - b)
      .map(([label, group]) => {
        const [low, high] = quantile(group, [0.25, 0.75]);
        const centre = mean(group);
        return {
          label,
          count: group.length,
          mean: centre,
          quartiles: [low, high],
          withinQuartiles: low <= centre && centre <= high,
        };
      });
  }

  /** The k largest of values (A or −A) that are above 0. */
  private voices(k: number, values: Float64Array): Voice[] {
    if (!(Number.isInteger(k) && k >= 1))
      throw new ValueError({
        what: 'Attribution, k',
        expected: 'a whole number from 1',
        got: String(k),
        todo: 'It counts the examples that are wanted.',
      });
    const loudest = Array.from(largest(values, Math.min(k, values.length))).filter((i) => values[i] > 0);
    return loudest.map((index) => ({
      index,
      contribution: this.contributions[index],
      share: this.sizes[index] / this.total,
      ...(this.labels && { label: this.labels[index] }),
    }));
  }

  /** Σ|A|, which is to divide. */
  private wholeMass(): number {
    if (this.total > 0) return this.total;
    throw new NumericalError({
      what: 'Attribution',
      expected: 'a contribution that is not zero',
      got: `${this.sizes.length} zeros`,
      todo: 'Nothing divides into no shares: the kernel is zero between this point and all that have a coefficient.',
    });
  }
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
