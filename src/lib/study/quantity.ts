/**
 * What number a rule reads from what one seed recorded. Most claims record the number itself; a paired comparison
 * records both sides under their names, `{ trNTK: 0.76, Em: 0.72 }`, so that a difference cannot be taken the wrong
 * way round and both numbers stay paired by seed; a law of growth records the curve.
 */

import { ValueError } from '../errors';

/** Reads one number from the value V of one seed. */
export interface Quantity<V> {
  /** As shown in the rule, e.g. `trNTK − Em`; empty for the value itself. */
  readonly text: string;
  /** What V must look like, for the error message. */
  readonly expects: string;
  /** The number; NaN when the value is not what the quantity expects. */
  read(value: V): number;
}

/** A measured curve, as a law of growth judges it. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** The recorded number itself. */
export const value: Quantity<number> = {
  text: '',
  expects: 'a number',
  read: (v) => (typeof v === 'number' ? v : Number.NaN),
};

/** A quantity of your own: `quantity('last over least', (losses: readonly number[]) => losses.at(-1)! / Math.min(...losses))`. */
export function quantity<V>(
  text: string,
  read: (value: V) => number,
  expects = 'what the quantity reads',
): Quantity<V> {
  return { text, expects, read };
}

type Pair<A extends string, B extends string> = Readonly<Record<A | B, number>>;

function pair<A extends string, B extends string>(
  a: A,
  b: B,
  text: string,
  combine: (x: number, y: number) => number,
): Quantity<Pair<A, B>> {
  if ((a as string) === b)
    throw new ValueError({
      what: 'a paired rule',
      expected: 'two different names',
      got: `${a} and ${b}`,
      todo: 'Name the two sides that are compared.',
    });
  return {
    text,
    expects: `an object with the numbers “${a}” and “${b}”`,
    read: (v) => {
      const x = (v as Pair<A, B> | null)?.[a];
      const y = (v as Pair<A, B> | null)?.[b];
      return typeof x === 'number' && typeof y === 'number' ? combine(x, y) : Number.NaN;
    },
  };
}

/** a − b, paired by seed. Record `{ [a]: number, [b]: number }` for each seed. */
export function pairedDifference<A extends string, B extends string>(a: A, b: B): Quantity<Pair<A, B>> {
  return pair(a, b, `${a} − ${b}`, (x, y) => x - y);
}

/** a / b, paired by seed. Record `{ [a]: number, [b]: number }` for each seed. */
export function pairedRatio<A extends string, B extends string>(a: A, b: B): Quantity<Pair<A, B>> {
  return pair(a, b, `${a} / ${b}`, (x, y) => x / y);
}

/** A quantity of one part of what was recorded: `partOf('outputs', growthExponent('operations', 'outputs'))`. */
export function partOf<N extends string, V>(name: N, of: Quantity<V>): Quantity<Readonly<Record<N, V>>> {
  return {
    text: of.text || name,
    expects: `an object with “${name}”: ${of.expects}`,
    read: (v) => of.read((v as Readonly<Record<N, V>> | null)?.[name] as V),
  };
}

/** |q|, the size of another quantity. */
export function sizeOf<V>(of: Quantity<V>): Quantity<V> {
  return { text: of.text ? `|${of.text}|` : 'size', expects: of.expects, read: (v) => Math.abs(of.read(v)) };
}

/** The smallest entry of a recorded series, e.g. over checkpoints: judged `≥`, it says "at every checkpoint". */
export function smallestOver(over: string): Quantity<readonly number[]> {
  return series(`smallest over ${over}`, (v) => v.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY));
}

/** The largest entry of a recorded series: judged `≤`, it says "at every one". */
export function largestOver(over: string): Quantity<readonly number[]> {
  return series(`largest over ${over}`, (v) => v.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY));
}

function series(text: string, reduce: (v: readonly number[]) => number): Quantity<readonly number[]> {
  const good = (v: unknown): v is readonly number[] =>
    Array.isArray(v) && v.length > 0 && v.every((x) => Number.isFinite(x));
  return { text, expects: 'an array of finite numbers', read: (v) => (good(v) ? reduce(v) : Number.NaN) };
}

/**
 * The exponent p of y ∝ xᵖ: the least-squares slope of log y in log x. Record a Curve of at least two points, all
 * positive. Used for laws of growth, as counted operations over sizes or a residual over projected dimensions.
 */
export function growthExponent(of = 'y', over = 'x'): Quantity<Curve> {
  return {
    text: `exponent of ${of} in ${over}`,
    expects: `{ x, y }: two arrays of one length (2 or more), all positive`,
    read: (curve) => logLogSlope(curve),
  };
}

function logLogSlope(curve: Curve): number {
  const { x, y } = curve ?? {};
  if (!Array.isArray(x) || !Array.isArray(y) || x.length !== y.length || x.length < 2) return Number.NaN;
  if (![...x, ...y].every((v) => v > 0)) return Number.NaN;
  const u = x.map(Math.log);
  const v = y.map(Math.log);
  const mu = u.reduce((a, b) => a + b, 0) / u.length;
  const mv = v.reduce((a, b) => a + b, 0) / v.length;
  let cross = 0;
  let square = 0;
  for (let i = 0; i < u.length; i++) {
    cross += (u[i] - mu) * (v[i] - mv);
    square += (u[i] - mu) ** 2;
  }
  return cross / square;
}
