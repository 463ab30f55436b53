import { describe, expect, it } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import {
  above,
  allOf,
  alwaysTrue,
  anyOf,
  atEach,
  atLeast,
  atMost,
  below,
  between,
  equalTo,
  everySeed,
  geometricMeanIs,
  growthExponent,
  largestOver,
  meanIs,
  meanPlusStandardErrors,
  medianIs,
  mostlyTrue,
  mostSeeds,
  not,
  orderOfMeans,
  pairedAbove,
  pairedDifference,
  pairedRatio,
  quantity,
  type Rule,
  sizeOf,
  smallestOver,
  within,
} from '../../src/lib/study';

describe('a condition', () => {
  it.each([
    [atLeast(0.7), [0.7, 0.71], [0.69999]],
    [atMost(5), [5, -9], [5.0001]],
    [above(0), [1e-300], [0, -1]],
    [below(0.6), [0.5], [0.6]],
    [between(1, 2), [1, 1.5, 2], [0.99, 2.01]],
    [within(0.1).of(0.708), [0.608, 0.808, 0.7], [0.607, 0.81]],
    [within(0).of(3), [3], [3.1]],
    [equalTo(6), [6], [6.000001, 5]],
    [equalTo(2, { relative: 1e-5 }), [2, 2.00002, 1.99998], [2.0001]],
    [equalTo(-2, { relative: 0.1 }), [-2.1, -1.9], [-2.3, 2]],
  ])('$text holds and fails where it says', (condition, good, bad) => {
    for (const x of good) expect(condition.test(x), `${x} ${condition.text}`).toBe(true);
    for (const x of bad) expect(condition.test(x), `${x} ${condition.text}`).toBe(false);
  });

  it('takes a bound that rounding alone would miss', () => {
    expect(0.8 - 0.7 <= 0.1).toBe(false);
    expect(within(0.1).of(0.7).test(0.8)).toBe(true);
    expect(atLeast(0.3).test(0.1 * 3 - 5.6e-17)).toBe(true);
    expect(atLeast(0.3).test(0.3 - 1e-12)).toBe(false);
  });

  it('reads as a scorecard shows it', () => {
    expect(within(0.1).of(-0.5).text).toBe('within ±0.1 of −0.5');
    expect(between(-4, 1).text).toBe('in [−4, 1]');
    expect(equalTo(0.5, { relative: 1e-5 }).text).toBe('= 0.5 (relative 1e-5)');
    expect(between(1 / 3, 20_000).text).toBe('in [0.3333, 20000]');
    expect(atMost(1 / 3e5).text).toBe('≤ 3.333e-6');
  });

  it('refuses a bound that is no number', () => {
    expect(() => atLeast(Number.NaN)).toThrow(ValueError);
    expect(() => between(2, 1)).toThrow(/low ≤ high, got 2 … 1/);
    expect(() => within(-0.1)).toThrow(/tolerance of 0 or more/);
    expect(() => equalTo(0, { relative: 0.1 })).toThrow(/other than 0/);
  });
});

describe('a rule over seeds', () => {
  // Mean 2, sample variance 1, standard error 1/√3 = 0.577.
  const x = [1, 2, 3];
  it.each<[Rule<number>, boolean]>([
    [meanIs(equalTo(2)), true],
    [meanIs(above(2)), false],
    [medianIs(equalTo(2)), true],
    [everySeed(atLeast(1)), true],
    [everySeed(atLeast(1.5)), false],
    [mostSeeds(atLeast(2)), true],
    [mostSeeds(atLeast(3)), false],
    [meanPlusStandardErrors(1, atLeast(2.57)), true],
    [meanPlusStandardErrors(1, atLeast(2.58)), false],
    [meanPlusStandardErrors(-1, atLeast(1.42)), true],
    [meanPlusStandardErrors(-1, atLeast(1.43)), false],
    [allOf(meanIs(atLeast(2)), everySeed(atLeast(1))), true],
    [allOf(meanIs(atLeast(2)), everySeed(atLeast(2))), false],
    [anyOf(meanIs(atLeast(3)), everySeed(atLeast(1))), true],
    [anyOf(meanIs(atLeast(3)), everySeed(atLeast(2))), false],
    [not(meanIs(above(2))), true],
    [not(meanIs(equalTo(2))), false],
  ])('judges 1, 2, 3 by “$text”', (rule, verdict) => {
    expect(rule.judge(x)).toBe(verdict);
  });

  it('half of the seeds are not most of them', () => {
    expect(mostSeeds(above(0)).judge([1, -1])).toBe(false);
    expect(mostSeeds(above(0)).judge([1, 1, -1])).toBe(true);
  });

  it('the median of an even number of seeds lies between the middle two', () => {
    expect(medianIs(equalTo(2.5)).judge([1, 2, 3, 100])).toBe(true);
  });

  it('ours is the mean with the standard error of the mean', () => {
    const { mean, se, n } = meanIs(atLeast(0)).summary(x);
    expect(mean).toBe(2);
    expect(se).toBeCloseTo(1 / Math.sqrt(3), 14);
    expect(n).toBe(3);
    expect(meanIs(atLeast(0)).summary([4])).toEqual({ mean: 4, se: null, n: 1 });
  });

  it('ours names what mean ± error would hide', () => {
    expect(everySeed(atLeast(0)).summary(x).text).toBe('seeds 1 … 3');
    expect(mostSeeds(atLeast(2)).summary(x).text).toBe('in 2 of 3 seeds');
  });

  it('ours is the median where that is judged, with the range of the seeds', () => {
    expect(medianIs(atLeast(2)).summary([1, 2, 9])).toEqual({
      mean: 2,
      se: null,
      n: 3,
      text: 'seeds 1 … 9, n = 3',
    });
  });

  it('of several rules together each is named with its number, and ours is that of the first', () => {
    const both = allOf(
      geometricMeanIs(atLeast(10), pairedRatio('NN', 'CK')),
      meanIs(atLeast(1), pairedDifference('NN', 'CK')),
    );
    const ours = both.summary([
      { NN: 2, CK: 0.1 },
      { NN: 8, CK: 0.1 },
    ]);
    expect(ours.mean).toBeCloseTo(40, 10);
    expect(ours.text).toBe('NN / CK: 40 (seeds 20 … 80, n = 2); NN − CK: 4.9');
    expect(allOf(meanIs(above(0))).summary([1, 3])).toEqual(meanIs(above(0)).summary([1, 3]));
  });

  it('a standard error needs two seeds, and zero of them is another rule', () => {
    expect(meanPlusStandardErrors(1, atLeast(0)).needs).toBe(2);
    expect(allOf(meanIs(atLeast(0)), meanPlusStandardErrors(1, atLeast(0))).needs).toBe(2);
    expect(() => meanPlusStandardErrors(0, atLeast(0))).toThrow(/other than 0/);
  });
});

describe('a paired rule', () => {
  // The differences are 0.02, 0.04, 0.06: mean 0.04, standard error 0.0115; unpaired they would drown in the spread.
  const pairs = [0.5, 0.7, 0.9].map((em, i) => ({ trNTK: em + 0.02 * (i + 1), Em: em }));

  it('sees the difference within a seed, not that between the means', () => {
    expect(pairedAbove('trNTK', 'Em').judge(pairs)).toBe(true);
    expect(pairedAbove('Em', 'trNTK').judge(pairs)).toBe(false);
    expect(pairedAbove('trNTK', 'Em', { standardErrors: 1 }).judge(pairs)).toBe(true);
    expect(pairedAbove('trNTK', 'Em', { standardErrors: 4 }).judge(pairs)).toBe(false);
    expect(pairedAbove('trNTK', 'Em', { by: 0.03 }).judge(pairs)).toBe(true);
    expect(pairedAbove('trNTK', 'Em', { by: 0.05 }).judge(pairs)).toBe(false);
    expect(pairedAbove('Em', 'trNTK', { standardErrors: -1 }).judge(pairs)).toBe(false);
    expect(pairedAbove('Em', 'trNTK', { standardErrors: -4 }).judge(pairs)).toBe(true);
  });

  it('judges differences, sizes and ratios in every seed', () => {
    expect(everySeed(atLeast(0.02), pairedDifference('trNTK', 'Em')).judge(pairs)).toBe(true);
    expect(everySeed(above(0.03), pairedDifference('trNTK', 'Em')).judge(pairs)).toBe(false);
    expect(meanIs(atMost(0.04), sizeOf(pairedDifference('Em', 'trNTK'))).judge(pairs)).toBe(true);
    expect(everySeed(atLeast(100), pairedRatio('NN', 'NTK')).judge([{ NN: 1e-2, NTK: 1e-4 }])).toBe(true);
    expect(everySeed(atLeast(101), pairedRatio('NN', 'NTK')).judge([{ NN: 1e-2, NTK: 1e-4 }])).toBe(false);
  });

  it('reads as the study writes it', () => {
    expect(pairedAbove('trNTK', 'Em', { standardErrors: 1 }).text).toBe('mean of trNTK − Em, less 1 se, > 0');
    expect(everySeed(atLeast(0.03), pairedDifference('trNTK', 'pixels')).text).toBe(
      'trNTK − pixels ≥ 0.03 in every seed',
    );
    expect(meanIs(atMost(0.04), sizeOf(pairedDifference('a', 'b'))).text).toBe('mean of |a − b| ≤ 0.04');
  });

  it('names what is missing in a value', () => {
    const rule = pairedAbove('trNTK', 'Em');
    expect(rule.mismatch({ trNTK: 1, Em: 2 })).toBeNull();
    expect(rule.mismatch({ trNTK: 1 } as never)).toMatch(/“trNTK” and “Em”/);
    expect(rule.mismatch({ trNTK: 1, Em: Number.NaN })).not.toBeNull();
    expect(rule.mismatch(null as never)).not.toBeNull();
    expect(rule.mismatch(3 as never)).not.toBeNull();
    expect(() => pairedDifference('a', 'a')).toThrow(/two different names/);
  });
});

describe('a geometric mean', () => {
  const ratios = [1, 10, 1000].map((NN) => ({ NN, CK: 0.1 })); // 10, 100, 10,000

  it('is that of the ratios, where the mean would be the largest alone', () => {
    const of = pairedRatio('NN', 'CK');
    const [low, high] = [215, 216]; // 10^{7/3} = 215.4
    expect(geometricMeanIs(between(low, high), of).judge(ratios)).toBe(true);
    expect(geometricMeanIs(atLeast(high), of).judge(ratios)).toBe(false);
    expect(meanIs(atLeast(3000), of).judge(ratios)).toBe(true);
    expect(geometricMeanIs(between(low, high), of).text).toBe('geometric mean of NN / CK in [215, 216]');
  });

  it('is shown with the range over seeds, and without an error', () => {
    const ours = geometricMeanIs(atLeast(1)).summary([1, 100]);
    expect(ours.mean).toBeCloseTo(10, 12);
    expect(ours).toMatchObject({ se: null, n: 2, text: 'seeds 1 … 100, n = 2' });
    expect(geometricMeanIs(atLeast(1)).summary([7]).text).toBeUndefined();
  });

  it('needs positive numbers', () => {
    expect(geometricMeanIs(atLeast(1)).mismatch(2)).toBeNull();
    expect(geometricMeanIs(atLeast(1)).mismatch(0)).toMatch(/positive/);
    expect(geometricMeanIs(atLeast(1), pairedRatio('a', 'b')).mismatch({ a: 0, b: 1 })).toMatch(
      /positive a \/ b/,
    );
  });
});

describe('a rule at each point of a series', () => {
  const rule = atEach('checkpoint', geometricMeanIs(atLeast(10)));

  it('judges the seeds at each point, so that one seed below does not decide', () => {
    expect(
      rule.judge([
        [5, 100],
        [25, 100],
      ]),
    ).toBe(true);
    expect(
      rule.judge([
        [5, 100],
        [19, 100],
      ]),
    ).toBe(false);
    expect(rule.text).toBe('geometric mean ≥ 10, at each checkpoint');
  });

  it('shows the range over points, and the first at which it fails', () => {
    const two = [
      [40, 4, 100, 2],
      [10, 4, 100, 8],
    ];
    expect(rule.summary(two)).toMatchObject({ mean: 4, text: '4 … 100 over 4 checkpoints, fails at 2' });
    expect(rule.summary([[20, 40]])).toMatchObject({ mean: 40, text: '20 … 40 over 2 checkpoints' });
  });

  it('refuses series that cannot be compared', () => {
    expect(rule.mismatch([1, 2])).toBeNull();
    expect(rule.mismatch([])).toMatch(/a value for each checkpoint/);
    expect(rule.mismatch(3 as never)).toMatch(/an array/);
    expect(rule.mismatch([1, -2])).toMatch(/positive/);
    expect(() => rule.judge([[1, 2], [1]])).toThrow(/arrays of one length.*2, 1/s);
  });
});

describe('rules for orders, truths, series and growth', () => {
  it('the order of the means is strict', () => {
    const rule = orderOfMeans('Adam', 'SGD', 'lazy');
    expect(
      rule.judge([
        { Adam: 3, SGD: 2, lazy: 1 },
        { Adam: 3, SGD: 4, lazy: 1.5 },
      ]),
    ).toBe(false);
    expect(
      rule.judge([
        { Adam: 5, SGD: 2, lazy: 1 },
        { Adam: 3, SGD: 4, lazy: 1.5 },
      ]),
    ).toBe(true);
    expect(rule.judge([{ Adam: 1, SGD: 1, lazy: 0 }])).toBe(false);
    expect(rule.summary([{ Adam: 5, SGD: 2, lazy: 1.5 }])).toEqual({
      mean: 0.5,
      se: null,
      n: 1,
      text: 'Adam 5, SGD 2, lazy 1.5',
    });
    expect(rule.mismatch({ Adam: 1, SGD: 1 } as never)).toMatch(/“lazy”/);
    expect(() => orderOfMeans('one')).toThrow(/two or more/);
  });

  it('a truth must hold in every seed, or in most', () => {
    const rule = alwaysTrue('the support is the true one');
    expect(rule.judge([true, true])).toBe(true);
    expect(rule.judge([true, false])).toBe(false);
    expect(rule.mismatch(1 as never)).toBe('true or false');
    expect(rule.summary([true, false, true])).toMatchObject({ n: 3, text: 'true in 2 of 3' });
    expect(mostlyTrue('x').judge([true, true, false])).toBe(true);
    expect(mostlyTrue('x').judge([true, false])).toBe(false);
  });

  it('a series is judged at its worst entry', () => {
    const every = everySeed(atLeast(10), smallestOver('checkpoints'));
    expect(every.text).toBe('smallest over checkpoints ≥ 10 in every seed');
    expect(
      every.judge([
        [12, 10],
        [99, 11],
      ]),
    ).toBe(true);
    expect(every.judge([[12, 9]])).toBe(false);
    expect(everySeed(atMost(3), largestOver('blocks')).judge([[1, 4]])).toBe(false);
    expect(every.mismatch([1, Number.NaN])).toBe('an array of finite numbers');
    expect(every.mismatch([])).not.toBeNull();
  });

  it('the exponent of a power law is its slope in logarithms', () => {
    const x = [64, 128, 1024, 4096];
    const rule = meanIs(within(0.001).of(-0.5), growthExponent('the residual', 'K'));
    expect(rule.judge([{ x, y: x.map((k) => 7 / Math.sqrt(k)) }])).toBe(true);
    expect(rule.judge([{ x, y: x.map((k) => Math.exp(-k / 1000)) }])).toBe(false);
    expect(rule.summary([{ x, y: x.map((k) => 3 * k ** 2) }]).mean).toBeCloseTo(2, 12);
    for (const bad of [{ x: [1], y: [1] }, { x, y: [1, 2] }, { x: [0, 1], y: [1, 1] }, null])
      expect(rule.mismatch(bad as never)).toMatch(/two arrays of one length/);
  });

  it('a quantity of one’s own is judged like the others', () => {
    const lastOverLeast = quantity(
      'last over least',
      (v: readonly number[]) => v[v.length - 1] / Math.min(...v),
    );
    const rule = everySeed(atMost(3), lastOverLeast);
    expect(rule.judge([[5, 1, 2]])).toBe(true);
    expect(rule.judge([[5, 1, 4]])).toBe(false);
    expect(rule.text).toBe('last over least ≤ 3 in every seed');
  });

  it('rules over different values combine over their union', () => {
    const rule = allOf(
      everySeed(above(0), pairedDifference('a', 'b')),
      everySeed(above(0), pairedDifference('b', 'c')),
    );
    expect(rule.judge([{ a: 3, b: 2, c: 1 }])).toBe(true);
    expect(rule.judge([{ a: 3, b: 2, c: 2 }])).toBe(false);
    expect(rule.text).toBe('a − b > 0 in every seed, and b − c > 0 in every seed');
    expect(rule.mismatch({ a: 1, b: 2 } as never)).toMatch(/“b” and “c”/);
    expect(() => allOf()).toThrow(/at least one rule/);
  });
});
