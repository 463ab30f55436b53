/**
 * The claims of the study of trNTK surrogates, written as a notebook writes them and given the numbers that a
 * prototype measured: the rules of a real study must be short to say, and judge as its author did.
 */
import { describe, expect, it } from 'vitest';
import {
  allOf,
  alwaysTrue,
  atLeast,
  atMost,
  below,
  claim,
  everySeed,
  growthExponent,
  meanIs,
  meanPlusStandardErrors,
  not,
  pairedAbove,
  pairedDifference,
  partOf,
  scorecard,
  sizeOf,
  within,
} from '../../src/lib/study';

const seeds = [0, 1, 2, 3, 4];
const trNTK = [0.716, 0.833, 0.763, 0.779, 0.698];
const beside = (name: string, differences: number[]) =>
  trNTK.map((tau, i) => ({ trNTK: tau, [name]: tau - differences[i] })) as never;
const words = (where: string, paper: string) => ({ statement: 'as the study says', where, paper });

const card = () =>
  scorecard({
    study: 'trntk-surrogates',
    source: 'MNIST',
    seeds,
    profile: 'quick',
    claims: [
      claim({
        ...words('table 1', '99.64(1)'),
        id: 'mlp-accuracy',
        rule: within(0.5).of(99.64),
        expect: 'holds',
      }),
      claim({ ...words('table 1', '+.03(5)'), id: 'mlp-tad', rule: within(0.6).of(0.03), expect: 'holds' }),
      claim({ ...words('table 1', '.708(3)'), id: 'mlp-tau', rule: within(0.1).of(0.708), expect: 'holds' }),
      claim({
        ...words('section 4', '≥ .7'),
        id: 'tau-high',
        rule: meanPlusStandardErrors(1, atLeast(0.7)),
        expect: 'holds',
      }),
      claim({
        ...words('beyond', '–'),
        id: 'beats-pixels',
        rule: everySeed(atLeast(0.03), pairedDifference('trNTK', 'pixels')),
        expect: 'holds',
      }),
      claim({
        ...words('table 2', '>'),
        id: 'order-trntk-em',
        rule: pairedAbove('trNTK', 'Em', { standardErrors: 1 }),
        expect: 'holds',
      }),
      claim({
        ...words('table 2', '>'),
        id: 'order-trntk-ck',
        rule: pairedAbove('trNTK', 'CK', { standardErrors: 1 }),
        expect: 'differs',
      }),
      claim({
        ...words('table 2', '>'),
        id: 'order-trntk-trntk0',
        rule: pairedAbove('trNTK', 'trNTK0', { standardErrors: 1 }),
        expect: 'differs',
      }),
      claim({
        ...words('table 2', '.737 vs .776'),
        id: 'proj-equals',
        rule: everySeed(atMost(0.04), sizeOf(pairedDifference('trNTK', 'projected'))),
        expect: 'holds',
      }),
      claim({
        ...words('section 3', 'identity'),
        id: 'pntk-equals',
        rule: everySeed(atMost(1e-5)),
        expect: 'holds',
      }),
      claim({
        ...words('summary', '–'),
        id: 'residual-exponential-in-k',
        rule: pairedAbove('exponential fit', 'power law'),
        expect: 'differs',
      }),
      claim({
        ...words('beyond', '–'),
        id: 'residual-root-k',
        rule: meanIs(within(0.1).of(-0.5), growthExponent('the residual', 'K')),
        expect: 'holds',
      }),
      claim({
        ...words('figure 4a', '–'),
        id: 'residual-thin-tail',
        rule: everySeed(atMost(6)),
        expect: 'holds',
      }),
      claim({ ...words('figure 3', '–'), id: 'not-sparse', rule: everySeed(atLeast(99)), expect: 'holds' }),
      claim({
        ...words('section 5', '–'),
        id: 'no-few-examples',
        rule: everySeed(below(6)),
        expect: 'holds',
      }),
      claim({
        ...words('table 3', '1.65/50.61'),
        id: 'poison-ck-fails',
        rule: meanIs(below(0.7)),
        expect: 'differs',
      }),
      claim({
        ...words('beyond', '–'),
        id: 'table3-ck-row',
        rule: alwaysTrue('impossible as printed, exact counts when exchanged'),
        expect: 'holds',
      }),
      claim({
        ...words('table 4', '–'),
        id: 'cost-exact',
        rule: allOf(
          meanIs(within(0.1).of(2), partOf('n', growthExponent('operations', 'n'))),
          meanIs(within(0.1).of(1), partOf('outputs', growthExponent('operations', 'outputs'))),
        ),
        expect: 'holds',
      }),
      claim({
        ...words('their log', '–'),
        id: 'svm-surrogate',
        rule: pairedAbove('SVM', 'kGLM', { standardErrors: -1 }),
        expect: 'unknown',
      }),
      claim({
        ...words('beyond', '–'),
        id: 'not-linear',
        rule: not(everySeed(atLeast(1))),
        expect: 'unknown',
      }),
    ],
  });

describe('the claims of the trNTK study', () => {
  const { result, text } = (() => {
    const c = card() as ReturnType<typeof scorecard>;
    const x = [64, 256, 1024, 4096];
    const curve = (p: number) => ({ x, y: x.map((k) => 3 * k ** p) });
    c.record('mlp-accuracy', [99.18, 99.54, 99.4, 99.45, 99.43])
      .record('mlp-tad', [0, 0.2, 0.2, 0.1, 0.36])
      .record('mlp-tau', trNTK)
      .record('tau-high', trNTK)
      .record('beats-pixels', beside('pixels', [0.066, 0.131, 0.11, 0.12, 0.098]))
      .record('order-trntk-em', beside('Em', [0.026, 0.053, 0.04, 0.035, 0.036]))
      .record('order-trntk-ck', beside('CK', [0.03, 0.022, 0.01, 0.007, -0.034]))
      .record('order-trntk-trntk0', beside('trNTK0', [-0.09, -0.05, -0.07, -0.06, -0.1]))
      .record('proj-equals', beside('projected', [0.017, -0.01, 0.005, 0.004, 0.01]))
      .record('pntk-equals', [1e-7, 2e-7, 0, 1e-7, 7e-8])
      .record(
        'residual-exponential-in-k',
        seeds.map(() => ({ 'exponential fit': 0.9, 'power law': 0.99 })),
      )
      .record('residual-root-k', [-0.46, -0.53, -0.5, -0.49, -0.52].map(curve))
      .record('residual-thin-tail', [3.17, 3.2, 3.1, 3.2, 3.3])
      .record('not-sparse', [100, 100, 100, 100, 100])
      .record('no-few-examples', [2, 2.4, 2.1, 2.2, 2.3])
      .record('poison-ck-fails', [0.97, 0.96, 0.97, 0.98, 0.97])
      .recordOne('table3-ck-row', true)
      .recordOne('cost-exact', { n: curve(2.02), outputs: curve(0.97) })
      .record(
        'svm-surrogate',
        seeds.map((i) => ({ SVM: 0.75 + 0.01 * (i - 2), kGLM: 0.75 })),
      )
      .record('not-linear', trNTK);
    return { result: c.result(), text: (id: string) => c.result().claims.find((r) => r.id === id)?.rule };
  })();

  it.each(result.claims.map((row) => [row.id, row.expected, row.verdict]))(
    '%s: expected %s, is %s',
    (_, expected, verdict) => {
      expect(verdict).toBe(expected === 'unknown' ? 'holds' : expected);
    },
  );

  it('read in the scorecard as in the study', () => {
    expect(text('tau-high')).toBe('mean + 1 se ≥ 0.7');
    expect(text('order-trntk-em')).toBe('mean of trNTK − Em, less 1 se, > 0');
    expect(text('proj-equals')).toBe('|trNTK − projected| ≤ 0.04 in every seed');
    expect(text('residual-root-k')).toBe('mean of exponent of the residual in K within ±0.1 of −0.5');
    expect(text('cost-exact')).toBe(
      'mean of exponent of operations in n within ±0.1 of 2, and mean of exponent of operations in outputs within ±0.1 of 1',
    );
    expect(text('svm-surrogate')).toBe('mean of SVM − kGLM, plus 1 se, > 0');
  });
});
