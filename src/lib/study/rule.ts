/**
 * A rule judges what the seeds recorded: a statistic over seeds (the mean, every seed, most seeds …) of a quantity,
 * held against a condition. `everySeed(atLeast(0.03), pairedDifference('trNTK', 'pixels'))` reads as the scorecard shows it:
 * "trNTK − pixels ≥ 0.03 in every seed". Rules are values: written before the result, printed beside it, combined
 * with `allOf`, `anyOf`, `not`, and typed by what they judge, so that a paired rule cannot be given one number.
 *
 * Standard errors are those of the mean over seeds, s/√n with the sample deviation s (divisor n − 1).
 */

import { ValueError } from '../errors';
import { geometricMean, mean, median, standardError } from '../metrics';
import { above, type Condition, numberText } from './condition';
import { pairedDifference, type Quantity, value } from './quantity';

/** Ours, as a scorecard stores it. */
export interface Ours {
  /** Over seeds; the median or the geometric mean where the rule judges that. */
  mean: number;
  /** Standard error of the mean over seeds; null for one value, a median and a geometric mean. */
  se: number | null;
  n: number;
  /** Added where mean ± se alone would hide what was judged, e.g. `0.07 … 0.13`. */
  text?: string;
}

export interface Rule<V> {
  /** As shown in the scorecard. */
  readonly text: string;
  /** What it judges, e.g. `network / CK`; empty for the recorded value itself. */
  readonly of: string;
  /** The fewest seeds it can judge: 2 where it uses a standard error. */
  readonly needs: number;
  /** Null when one seed's value can be judged, or else what was expected in its place. */
  mismatch(value: V): string | null;
  /** Whether the values, one a seed, meet the rule. */
  judge(values: readonly V[]): boolean;
  /** What the scorecard shows as ours. */
  summary(values: readonly V[]): Ours;
}

/** What one seed may have recorded for a rule. */
export type Judged<R> = R extends Rule<infer V> ? V : R extends Condition ? number : never;

/** Mean and standard error of the mean, s/√n; null for one value. */
function meanAndError(x: readonly number[]): { mean: number; se: number | null } {
  return { mean: mean(x), se: x.length < 2 ? null : standardError(x) };
}

const short = (x: number): string => numberText(Number(x.toPrecision(3)));
const least = (x: readonly number[]): number => Math.min(...x);
const most = (x: readonly number[]): number => Math.max(...x);
const rangeText = (x: readonly number[]): string | undefined =>
  x.length > 1 ? `seeds ${short(least(x))} … ${short(most(x))}` : undefined;

function ruleOf<V>(
  text: string,
  of: Quantity<V>,
  judge: (numbers: number[]) => boolean,
  detail: (numbers: number[]) => string | undefined = () => undefined,
  needs = 1,
): Rule<V> {
  const read = (values: readonly V[]) => values.map((v) => of.read(v));
  return {
    text,
    of: of.text,
    needs,
    mismatch: (v) => (Number.isFinite(of.read(v)) ? null : of.expects),
    judge: (values) => judge(read(values)),
    summary: (values) => {
      const numbers = read(values);
      const extra = detail(numbers);
      return { ...meanAndError(numbers), n: numbers.length, ...(extra ? { text: extra } : {}) };
    },
  };
}

// Each statistic has two signatures: without a quantity it judges the recorded number itself.

/** The mean over seeds meets the condition. */
export function meanIs(condition: Condition): Rule<number>;
export function meanIs<V>(condition: Condition, of: Quantity<V>): Rule<V>;
export function meanIs(condition: Condition, of: Quantity<number> = value): Rule<number> {
  const text = of.text ? `mean of ${of.text} ${condition.text}` : `mean ${condition.text}`;
  return ruleOf(text, of, (x) => condition.test(meanAndError(x).mean));
}

/** The median over seeds meets the condition: for errors that spread over decades. */
export function medianIs(condition: Condition): Rule<number>;
export function medianIs<V>(condition: Condition, of: Quantity<V>): Rule<V>;
export function medianIs(condition: Condition, of: Quantity<number> = value): Rule<number> {
  return centreIs('median', median, condition, of);
}

/**
 * The geometric mean over seeds meets the condition: for ratios, and for errors that spread over decades. What is
 * recorded must be positive.
 */
export function geometricMeanIs(condition: Condition): Rule<number>;
export function geometricMeanIs<V>(condition: Condition, of: Quantity<V>): Rule<V>;
export function geometricMeanIs(condition: Condition, of: Quantity<number> = value): Rule<number> {
  return centreIs('geometric mean', geometricMean, condition, {
    text: of.text,
    expects: of.text ? `${of.expects}, with a positive ${of.text}` : 'a positive number',
    read: (v) => (of.read(v) > 0 ? of.read(v) : Number.NaN),
  });
}

/** A centre of what spreads too far for a mean: ours is the centre, with the range in words instead of an error. */
function centreIs<V>(
  name: string,
  centre: (x: readonly number[]) => number,
  condition: Condition,
  of: Quantity<V>,
): Rule<V> {
  const text = of.text ? `${name} of ${of.text} ${condition.text}` : `${name} ${condition.text}`;
  return {
    ...ruleOf(text, of, (x) => condition.test(centre(x))),
    summary: (values) => {
      const x = values.map((v) => of.read(v));
      const range = rangeText(x);
      return {
        mean: centre(x),
        se: null,
        n: x.length,
        ...(range ? { text: `${range}, n = ${x.length}` } : {}),
      };
    },
  };
}

/** The condition holds in every seed. */
export function everySeed(condition: Condition): Rule<number>;
export function everySeed<V>(condition: Condition, of: Quantity<V>): Rule<V>;
export function everySeed(condition: Condition, of: Quantity<number> = value): Rule<number> {
  const text = `${of.text ? `${of.text} ` : ''}${condition.text} in every seed`;
  return ruleOf(text, of, (x) => x.every(condition.test), rangeText);
}

/** The condition holds in more than half of the seeds. */
export function mostSeeds(condition: Condition): Rule<number>;
export function mostSeeds<V>(condition: Condition, of: Quantity<V>): Rule<V>;
export function mostSeeds(condition: Condition, of: Quantity<number> = value): Rule<number> {
  const text = `${of.text ? `${of.text} ` : ''}${condition.text} in most seeds`;
  const count = (x: readonly number[]) => x.filter(condition.test).length;
  return ruleOf(
    text,
    of,
    (x) => count(x) > x.length / 2,
    (x) => `in ${count(x)} of ${x.length} seeds`,
  );
}

/**
 * mean + k · standard error meets the condition, k of either sign: `meanPlusStandardErrors(1, atLeast(0.7))` asks
 * only that 0.7 is not above the mean by more than its error; k = −1 asks for the bound with an error to spare.
 */
export function meanPlusStandardErrors(k: number, condition: Condition): Rule<number>;
export function meanPlusStandardErrors<V>(k: number, condition: Condition, of: Quantity<V>): Rule<V>;
export function meanPlusStandardErrors(
  k: number,
  condition: Condition,
  of: Quantity<number> = value,
): Rule<number> {
  if (!Number.isFinite(k) || k === 0)
    throw new ValueError({
      what: 'meanPlusStandardErrors',
      expected: 'a number of standard errors other than 0',
      got: String(k),
      todo: 'Use meanIs(condition) for the mean alone.',
    });
  const text = of.text
    ? `mean of ${of.text}, ${k > 0 ? 'plus' : 'less'} ${Math.abs(k)} se, ${condition.text}`
    : `mean ${k > 0 ? '+' : '−'} ${Math.abs(k)} se ${condition.text}`;
  const judge = (x: number[]) => {
    const { mean: m, se } = meanAndError(x);
    return condition.test(m + k * (se as number));
  };
  return ruleOf(text, of, judge, undefined, 2);
}

/**
 * The mean of a − b, paired by seed, exceeds `by` (default 0) with `standardErrors` (default 0) to spare:
 * mean − k · se > by. A negative k asks only that b is not above a by more than k errors.
 */
export function pairedAbove<A extends string, B extends string>(
  a: A,
  b: B,
  { by = 0, standardErrors = 0 }: { by?: number; standardErrors?: number } = {},
): Rule<Readonly<Record<A | B, number>>> {
  const of = pairedDifference(a, b);
  return standardErrors === 0
    ? meanIs(above(by), of)
    : meanPlusStandardErrors(-standardErrors, above(by), of);
}

/** The means over seeds stand in this order, the largest first: `orderOfMeans('Adam', 'SGD', 'lazy')`. */
export function orderOfMeans<N extends string>(...names: N[]): Rule<Readonly<Record<N, number>>> {
  if (names.length < 2 || new Set(names).size !== names.length)
    throw new ValueError({
      what: 'orderOfMeans',
      expected: 'two or more different names, the largest first',
      got: names.join(', ') || 'none',
      todo: 'Name what is compared as it is recorded.',
    });
  type Named = Readonly<Record<N, number>>;
  const means = (values: readonly Named[]) =>
    names.map((name) => meanAndError(values.map((v) => v[name])).mean);
  const steps = (values: readonly Named[]) => {
    const m = means(values);
    return m.slice(1).map((next, i) => m[i] - next);
  };
  return {
    text: `means: ${names.join(' > ')}`,
    of: names.join(', '),
    needs: 1,
    mismatch: (v) =>
      names.every((name) => Number.isFinite((v as Named | null)?.[name]))
        ? null
        : `an object with the numbers ${names.map((n) => `“${n}”`).join(', ')}`,
    judge: (values) => steps(values).every((step) => step > 0),
    // Ours is the tightest step of the order, the one that decides; the means themselves stand in the text.
    summary: (values) => {
      const all = steps(values);
      const tightest = all.indexOf(least(all));
      const numbers = values.map((v) => v[names[tightest]] - v[names[tightest + 1]]);
      const m = means(values);
      const text = names.map((name, i) => `${name} ${short(m[i])}`).join(', ');
      return { ...meanAndError(numbers), n: numbers.length, text };
    },
  };
}

const truth: Quantity<boolean> = {
  text: '',
  expects: 'true or false',
  read: (v) => (typeof v === 'boolean' ? Number(v) : Number.NaN),
};
const truthText = (x: readonly number[]): string => `true in ${x.filter(Boolean).length} of ${x.length}`;

/** A statement that is true or false in each seed is true in every one: identities, inequalities, equal sets. */
export function alwaysTrue(statement: string): Rule<boolean> {
  return ruleOf(statement, truth, (x) => x.every(Boolean), truthText);
}

/** A statement that is true or false in each seed is true in more than half of them. */
export function mostlyTrue(statement: string): Rule<boolean> {
  return ruleOf(
    `${statement}, in most seeds`,
    truth,
    (x) => x.filter(Boolean).length > x.length / 2,
    truthText,
  );
}

type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;
// biome-ignore lint/suspicious/noExplicitAny: any rule, whatever it judges
type AnyRule = Rule<any>;
type Together<R extends readonly AnyRule[]> = Rule<Intersection<Judged<R[number]>>>;

function together<R extends readonly AnyRule[]>(
  name: string,
  rules: R,
  word: string,
  combine: (verdicts: boolean[]) => boolean,
): Together<R> {
  if (rules.length === 0)
    throw new ValueError({ what: name, expected: 'at least one rule', got: 'none', todo: 'Give the rules.' });
  return {
    text: rules.map((r) => r.text).join(word),
    of: [...new Set(rules.map((r) => r.of).filter(Boolean))].join(', '),
    needs: most(rules.map((r) => r.needs)),
    mismatch: (v) => rules.map((r) => r.mismatch(v)).find((m) => m !== null) ?? null,
    judge: (values) => combine(rules.map((r) => r.judge(values))),
    summary: (values) => {
      const all = rules.map((r) => ({ of: r.of, ours: r.summary(values) }));
      if (all.length === 1) return all[0].ours;
      // Ours is that of the first; each is named in the text, with its number.
      const text = all.map(({ of, ours }) =>
        [of ? `${of}:` : '', short(ours.mean), ours.text ? `(${ours.text})` : ''].filter(Boolean).join(' '),
      );
      return { ...all[0].ours, text: text.join('; ') };
    },
  };
}

/** All the rules hold, for the same recorded values. Ours is that of the first; the others' stand in the text. */
export function allOf<R extends readonly AnyRule[]>(...rules: R): Together<R> {
  return together('allOf', rules, ', and ', (verdicts) => verdicts.every(Boolean));
}

/**
 * The rule holds at each point of a recorded series, over the seeds: `atEach('checkpoint', geometricMeanIs(atLeast(10)))`
 * asks for the geometric mean over seeds at every checkpoint. Every seed records an array of one length. Ours is that
 * of the first point at which it fails, or else of the last point.
 */
export function atEach<V>(point: string, rule: Rule<V>): Rule<readonly V[]> {
  const columns = (values: readonly (readonly V[])[]) => values[0].map((_, k) => values.map((v) => v[k]));
  return {
    text: `${rule.text}, at each ${point}`,
    of: rule.of,
    needs: rule.needs,
    mismatch: (v) =>
      Array.isArray(v) && v.length > 0
        ? (v.map((x) => rule.mismatch(x)).find((m) => m !== null) ?? null)
        : `an array, with a value for each ${point}`,
    judge: (values) => {
      if (values.some((v) => v.length !== values[0].length))
        throw new ValueError({
          what: `a rule at each ${point}`,
          expected: 'arrays of one length from every seed',
          got: values.map((v) => v.length).join(', '),
          todo: `Record the same ${point}s for each seed.`,
        });
      return columns(values).every((column) => rule.judge(column));
    },
    summary: (values) => {
      const all = columns(values);
      const failed = all.filter((column) => !rule.judge(column)).length;
      const shown = rule.summary(all.find((column) => !rule.judge(column)) ?? all[all.length - 1]);
      const means = all.map((column) => rule.summary(column).mean);
      const range = `${short(least(means))} … ${short(most(means))} over ${all.length} ${point}s`;
      return { ...shown, text: failed > 0 ? `${range}, fails at ${failed}` : range };
    },
  };
}

/** At least one of the rules holds, for the same recorded values. */
export function anyOf<R extends readonly AnyRule[]>(...rules: R): Together<R> {
  return together('anyOf', rules, ', or ', (verdicts) => verdicts.some(Boolean));
}

/** The rule does not hold: for statements that say something fails. */
export function not<V>(rule: Rule<V>): Rule<V> {
  return {
    text: `not: ${rule.text}`,
    of: rule.of,
    needs: rule.needs,
    mismatch: (v) => rule.mismatch(v),
    judge: (values) => !rule.judge(values),
    summary: (values) => rule.summary(values),
  };
}

/** A bare condition is a rule on the mean over seeds. */
export function asRule<V>(rule: Rule<V> | Condition): Rule<V> {
  return 'judge' in rule ? rule : (meanIs(rule) as Rule<unknown> as Rule<V>);
}
