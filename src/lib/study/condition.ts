/**
 * A condition on one number: the last word of every rule. It is an object with a `text`, because a scorecard shows
 * the rule beside the verdict, and a rule that cannot be read cannot be believed.
 *
 * Bounds carry a slack of a few units in the last place: `within(0.1).of(0.7)` holds at 0.8 although 0.8 − 0.7 is
 * 0.1000000000000000055 in floating point.
 */

import { ValueError } from '../errors';

export interface Condition {
  /** As shown, e.g. `≥ 0.7`. */
  readonly text: string;
  /** Whether the number meets the condition. */
  test(x: number): boolean;
}

const slack = (...terms: number[]): number =>
  4 * Number.EPSILON * terms.reduce((m, t) => Math.max(m, Math.abs(t)), 0);

/** A number in a rule's text: `0.708`, `1e-5`, `−0.5`, and 1/3 as `0.3333`. */
export function numberText(x: number): string {
  const short = String(x).length > 8 ? Number(x.toPrecision(4)) : x;
  const tiny = short !== 0 && Math.abs(short) < 1e-3;
  return (tiny ? short.toExponential() : String(short)).replace(/^-/, '−');
}

function bound(name: string, value: number): number {
  if (Number.isFinite(value)) return value;
  throw new ValueError({
    what: `${name} of a rule`,
    expected: 'a finite number',
    got: String(value),
    todo: 'Write the bound from the paper, before the result is known.',
  });
}

/** x ≥ `least`. */
export function atLeast(least: number): Condition {
  bound('atLeast', least);
  return { text: `≥ ${numberText(least)}`, test: (x) => x >= least - slack(x, least) };
}

/** x ≤ `most`. */
export function atMost(most: number): Condition {
  bound('atMost', most);
  return { text: `≤ ${numberText(most)}`, test: (x) => x <= most + slack(x, most) };
}

/** x > `limit`, strictly. */
export function above(limit: number): Condition {
  bound('above', limit);
  return { text: `> ${numberText(limit)}`, test: (x) => x > limit };
}

/** x < `limit`, strictly. */
export function below(limit: number): Condition {
  bound('below', limit);
  return { text: `< ${numberText(limit)}`, test: (x) => x < limit };
}

/** `low` ≤ x ≤ `high`: a band. */
export function between(low: number, high: number): Condition {
  if (!(bound('between', low) <= bound('between', high)))
    throw new ValueError({
      what: 'between of a rule',
      expected: 'low ≤ high',
      got: `${low} … ${high}`,
      todo: 'Give the lower end first.',
    });
  const room = (x: number) => slack(x, low, high);
  return {
    text: `in [${numberText(low)}, ${numberText(high)}]`,
    test: (x) => x >= low - room(x) && x <= high + room(x),
  };
}

/** |x − value| ≤ `tolerance`, read aloud: `within(0.1).of(0.708)`. */
export function within(tolerance: number): { of(value: number): Condition } {
  if (!(bound('within', tolerance) >= 0))
    throw new ValueError({
      what: 'within of a rule',
      expected: 'a tolerance of 0 or more',
      got: String(tolerance),
      todo: 'Give the half-width of the band.',
    });
  return {
    of(value) {
      bound('within … of', value);
      return {
        text: `within ±${numberText(tolerance)} of ${numberText(value)}`,
        test: (x) => Math.abs(x - value) <= tolerance + slack(x, value),
      };
    },
  };
}

/** |x − value| ≤ `relative` · |value|, or x = value when no tolerance is given: counts and identities. */
export function equalTo(value: number, { relative = 0 }: { relative?: number } = {}): Condition {
  bound('equalTo', value);
  if (!(bound('equalTo', relative) >= 0) || (relative > 0 && value === 0))
    throw new ValueError({
      what: 'equalTo of a rule',
      expected: 'a relative tolerance of 0 or more, and a value other than 0 when it is used',
      got: `value ${value}, relative ${relative}`,
      todo: 'Use atMost for the size of an error.',
    });
  const text = `= ${numberText(value)}${relative > 0 ? ` (relative ${numberText(relative)})` : ''}`;
  return {
    text,
    test: (x) =>
      relative === 0 ? x === value : Math.abs(x - value) <= relative * Math.abs(value) + slack(x, value),
  };
}
