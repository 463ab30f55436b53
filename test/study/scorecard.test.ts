import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, ValueError } from '../../src/lib/errors';
import {
  alwaysTrue,
  atLeast,
  between,
  type ClaimRow,
  claim,
  everySeed,
  expectedVerdict,
  guard,
  meanIs,
  meanPlusStandardErrors,
  outcome,
  outcomeText,
  pairedAbove,
  parseScorecard,
  readScorecard,
  type ScorecardFile,
  scorecard,
  scorecardHtml,
  within,
} from '../../src/lib/study';

const definition = (profile: 'smoke' | 'quick' | 'paper' = 'quick', source = 'MNIST') => ({
  study: 'a-study',
  source,
  seeds: [0, 1, 2],
  profile,
  claims: [
    claim({
      id: 'tau',
      statement: 'τ of the surrogate is the paper’s',
      where: 'table 1',
      paper: '.708',
      rule: within(0.1).of(0.708),
      expect: 'holds',
    }),
    claim({
      id: 'order',
      statement: 'trNTK is above Em',
      where: 'table 2',
      paper: '.776 > .768',
      rule: pairedAbove('trNTK', 'Em', { standardErrors: 1 }),
      expect: { quick: 'differs', paper: { MNIST: 'holds', generated: 'not tested' } },
      reason: 'The order depends on the task.',
    }),
    claim({
      id: 'identity',
      statement: 'pNTK is trNTK at one output',
      where: 'beyond the paper',
      paper: '–',
      rule: alwaysTrue('equal'),
      expect: 'not tested',
    }),
    guard({ id: 'tau-band', statement: 'τ', band: { quick: meanIs(between(0.74, 0.78)) } }),
  ],
});

const filled = (profile: 'smoke' | 'quick' | 'paper' = 'quick') =>
  scorecard(definition(profile))
    .record('tau', [0.75, 0.76, 0.77])
    .record(
      'order',
      [0.7, 0.8, 0.9].map((t) => ({ trNTK: t, Em: t + 0.01 })),
    )
    .record('identity', [true, true, true])
    .record('tau-band', [0.75, 0.76, 0.77]);

describe('a scorecard', () => {
  it('judges every claim by its rule, and every guard by its band', () => {
    const { claims, ...head } = filled().result();
    expect(head).toMatchObject({ study: 'a-study', profile: 'quick', source: 'MNIST', seeds: [0, 1, 2] });
    expect(head.library.length).toBeGreaterThan(0);
    expect(head.elapsedSeconds).toBeGreaterThanOrEqual(0);
    expect(claims.map((c) => [c.id, c.kind, c.verdict, c.expected])).toEqual([
      ['tau', 'claim', 'holds', 'holds'],
      ['order', 'claim', 'differs', 'differs'],
      ['identity', 'claim', 'holds', 'not tested'],
      ['tau-band', 'guard', 'within', 'within'],
    ]);
    expect(claims[0].ours?.mean).toBeCloseTo(0.76, 14);
    expect(claims[0].ours?.se).toBeCloseTo(0.01 / Math.sqrt(3), 14);
    expect(claims[0]).toMatchObject({
      paper: '.708',
      rule: 'mean within ±0.1 of 0.708',
      where: 'table 1',
      reason: '',
    });
    expect(claims[1].reason).toBe('The order depends on the task.');
  });

  it('judges nothing in the smoke profile, not even with too few seeds, but keeps the numbers', () => {
    const card = scorecard({ ...definition('smoke'), seeds: [7] })
      .record('tau', [99])
      .record('order', [{ trNTK: 1, Em: 2 }])
      .record('identity', [false])
      .notTested('tau-band', 'a longer run');
    const { claims } = card.result();
    expect(claims.map((c) => c.verdict)).toEqual(Array(4).fill('not judged'));
    expect(claims[0].ours).toEqual({ mean: 99, se: null, n: 1 });
    expect(outcome(card.result())).toEqual({ failures: [], news: [] });
  });

  it('keeps the expected verdict for the profile and the data', () => {
    const { expect: by } = definition().claims[1] as { expect: Parameters<typeof expectedVerdict>[0] };
    expect(expectedVerdict(by, 'quick', 'MNIST')).toBe('differs');
    expect(expectedVerdict(by, 'paper', 'MNIST')).toBe('holds');
    expect(expectedVerdict(by, 'paper', 'generated')).toBe('not tested');
    expect(expectedVerdict(by, 'paper', 'Fashion-MNIST')).toBe('unknown');
    expect(expectedVerdict({ quick: 'holds' }, 'paper', 'MNIST')).toBe('unknown');
  });

  it('explains a claim only when it differs, the last word counting', () => {
    const card = filled()
      .explain('order', 'first')
      .explain('order', 'Em is close.')
      .explain('tau', 'not shown');
    const { claims } = card.result();
    expect(claims[1].reason).toBe('Em is close.');
    expect(claims[0].reason).toBe('');
  });

  it('says what testing would take', () => {
    const card = scorecard(definition());
    card.notTested('tau', 'The weights of ResNet18: put them into data/.');
    card.record(
      'order',
      [0, 1, 2].map((t) => ({ trNTK: t + 1, Em: t })),
    );
    card.notTested('identity', 'a network with one output').notTested('tau-band', 'the same');
    const { claims } = card.result();
    expect(claims[0]).toMatchObject({
      verdict: 'not tested',
      ours: null,
      reason: 'The weights of ResNet18: put them into data/.',
    });
    expect(outcome(card.result()).failures.map((r) => r.id)).toEqual(['tau', 'order']);
  });

  it('a guard without a band in the profile is not judged', () => {
    const { claims } = filled('paper').result();
    expect(claims[3]).toMatchObject({ verdict: 'not judged', rule: 'no band in this profile' });
  });

  it('takes one value for what has no seed, and some seeds when they are named', () => {
    const card = scorecard(definition());
    card.recordOne('identity', true).record('tau', [0.7, 0.72], { seeds: [0, 2] });
    card
      .record(
        'order',
        [0, 1, 2].map((t) => ({ trNTK: t + 1, Em: t })),
      )
      .recordOne('tau-band', 0.75);
    expect(card.result().claims.map((c) => c.ours?.n)).toEqual([2, 3, 1, 1]);
  });

  it.each<[string, RegExp, () => unknown]>([
    [
      'an unknown id',
      /expected one of tau, order, identity, tau-band, got “tua”/,
      () => scorecard(definition()).record('tua' as 'tau', [1, 2, 3]),
    ],
    [
      'a second result',
      /claim “tau”: expected one result, got a second one/,
      () => filled().record('tau', [1, 2, 3]),
    ],
    ['a second result by notTested', /a second one/, () => filled().notTested('tau', 'x')],
    [
      'NaN',
      /record “tau”, seed 1: .* got NaN/,
      () => scorecard(definition()).record('tau', [1, Number.NaN, 3]),
    ],
    [
      'infinity',
      /seed 2: .* got Infinity/,
      () => scorecard(definition()).record('tau', [1, 2, Number.POSITIVE_INFINITY]),
    ],
    [
      'NaN within a pair',
      /“trNTK” and “Em”.* got {"trNTK":1,"Em":"NaN"}/,
      () => scorecard(definition()).record('order', Array(3).fill({ trNTK: 1, Em: Number.NaN })),
    ],
    [
      'a wrong number of seeds',
      /3 values, one a seed \(0, 1, 2\), got 2/,
      () => scorecard(definition()).record('tau', [1, 2]),
    ],
    [
      'a foreign seed',
      /seeds out of 0, 1, 2, got 9/,
      () => scorecard(definition()).record('tau', [1], { seeds: [9] }),
    ],
    [
      'too few seeds for an error',
      /at least 2 seeds/,
      () => scorecard(definition()).recordOne('order', { trNTK: 1, Em: 0 }),
    ],
    [
      'an untold reason',
      /what it would take to test it/,
      () => scorecard(definition()).notTested('tau', ' '),
    ],
    [
      'a forgotten claim',
      /nothing for “order”, “identity”, “tau-band”/,
      () => scorecard(definition()).record('tau', [1, 2, 3]).result(),
    ],
    [
      'an id given twice',
      /“tau” twice/,
      () => scorecard({ ...definition(), claims: [definition().claims[0], definition().claims[0]] }),
    ],
    ['no seeds', /one or more different seeds/, () => scorecard({ ...definition(), seeds: [] })],
    ['no data', /the name of the data/, () => scorecard({ ...definition(), source: '' })],
    [
      'a study with no proper name',
      /joined by hyphens/,
      () => scorecard({ ...definition(), study: 'A Study' }),
    ],
  ])('names %s', (_, message, act) => {
    expect(act).toThrow(ValueError);
    expect(act).toThrow(message);
  });

  it('a result that was refused can be recorded again', () => {
    const card = scorecard(definition());
    expect(() => card.record('tau', [1, Number.NaN, 3])).toThrow();
    expect(() => card.record('tau', [1, 2, 3])).not.toThrow();
  });

  it('knows at compile time what each claim records', () => {
    const card = scorecard(definition());
    // @ts-expect-error a paired claim takes pairs
    expect(() => card.record('order', [1, 2, 3])).toThrow(ValueError);
    // @ts-expect-error a claim about truth takes booleans
    expect(() => card.recordOne('identity', 1)).toThrow(ValueError);
    // @ts-expect-error no such claim
    expect(() => card.recordOne('nothing', 1)).toThrow(ValueError);
  });
});

describe('the definition of a claim', () => {
  const good = {
    id: 'a',
    statement: 's',
    where: 'w',
    paper: '–',
    rule: atLeast(1),
    expect: 'holds' as const,
  };
  it.each([
    [{ id: 'Mlp Tau' }, /lower-case words/],
    [{ statement: '' }, /claim “a”, statement: expected some words/],
    [{ paper: '' }, /Write – where the paper gives no number/],
    [{ expect: 'perhaps' as 'holds' }, /holds, differs, not tested or unknown.*got "perhaps"/],
    [{ expect: { smoke: 'holds' } as never }, /got "smoke"/],
    [{ expect: { quick: { MNIST: 'yes' } } as never }, /expect\.quick\.MNIST/],
  ])('%o is refused', (part, message) => {
    expect(() => claim({ ...good, ...part })).toThrow(message);
  });
  it('a guard needs a band', () => {
    expect(() => guard({ id: 'g', statement: 's', band: {} })).toThrow(/a band/);
  });
});

describe('the outcome of a run', () => {
  const verdictOf = (verdict: string, expected: string, kind = 'claim') => {
    const row = { ...filled().result().claims[0], kind, verdict, expected };
    const { failures, news } = outcome({ claims: [row] } as unknown as ScorecardFile);
    return failures.length ? 'fails' : news.length ? 'news' : 'quiet';
  };
  it.each([
    ['holds', 'holds', 'quiet'],
    ['differs', 'differs', 'quiet'],
    ['not tested', 'not tested', 'quiet'],
    ['holds', 'differs', 'fails'],
    ['differs', 'holds', 'fails'],
    ['not tested', 'holds', 'fails'],
    ['not tested', 'differs', 'fails'],
    ['holds', 'not tested', 'news'],
    ['differs', 'not tested', 'news'],
    ['holds', 'unknown', 'news'],
    ['not tested', 'unknown', 'quiet'],
    ['not judged', 'holds', 'quiet'],
    ['not judged', 'not tested', 'quiet'],
  ])('a claim that %s when %s was expected: %s', (verdict, expected, result) => {
    expect(verdictOf(verdict, expected)).toBe(result);
  });
  it.each([
    ['within', 'quiet'],
    ['left', 'fails'],
    ['not tested', 'quiet'],
    ['not judged', 'quiet'],
  ])('a guard that is %s: %s', (verdict, result) => {
    expect(verdictOf(verdict, 'within', 'guard')).toBe(result);
  });
  it('is shown beside the verdict where it is a surprise, and not where nothing was known', () => {
    const shown = (verdict: string, expected: string) =>
      scorecardHtml({
        ...filled().result(),
        claims: [{ ...filled().result().claims[0], kind: 'claim', verdict, expected } as ClaimRow],
      });
    expect(shown('differs', 'holds')).toContain('✗ differs (expected holds)');
    expect(shown('holds', 'not tested')).toContain('✓ holds (expected not tested)');
    expect(shown('differs', 'unknown')).toContain('<strong>✗ differs</strong>');
    expect(shown('holds', 'holds')).toContain('<strong>✓ holds</strong>');
  });
  it('says which claim and what was expected', () => {
    const row = filled().result().claims[0];
    expect(outcomeText({ ...row, kind: 'claim', verdict: 'differs', expected: 'holds' })).toBe(
      'claim tau: differs, expected holds',
    );
    expect(outcomeText({ ...row, kind: 'guard', verdict: 'left', expected: 'within' })).toMatch(
      /guard tau left its band/,
    );
  });
});

describe('publishing', () => {
  let folder: string;
  const out = process.env.KERNELBOOK_OUT;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'scorecard-'));
    process.env.KERNELBOOK_OUT = folder;
  });
  afterEach(() => {
    if (out === undefined) delete process.env.KERNELBOOK_OUT;
    else process.env.KERNELBOOK_OUT = out;
    rmSync(folder, { recursive: true, force: true });
  });

  it('writes one whole file, which reads back as it was judged', () => {
    const published = filled().publish();
    expect(readdirSync(join(folder, 'quick'))).toEqual(['a-study.json']);
    expect(readScorecard(join(folder, 'quick', 'a-study.json'))).toEqual(published.file);
    expect(published.outcome.failures).toEqual([]);
    expect(published.outcome.news.map((r) => r.id)).toEqual(['identity']);
  });

  it('writes nothing when a claim was forgotten', () => {
    expect(() => scorecard(definition()).publish()).toThrow(ValueError);
    expect(existsSync(join(folder, 'quick'))).toBe(false);
  });

  it('leaves the earlier scorecard and no half file when it cannot write', () => {
    filled().publish();
    const path = join(folder, 'quick', 'a-study.json');
    rmSync(path);
    mkdirSync(join(path, 'in-the-way'), { recursive: true });
    expect(() => filled().publish()).toThrow(DataError);
    expect(readdirSync(join(folder, 'quick'))).toEqual(['a-study.json']);
  });

  it('shows a table whose verdicts are signs and words, and whose text says the same', () => {
    const bundle = filled().publish().toBundle();
    const html = bundle['text/html'];
    for (const part of [
      '✓ holds',
      '✗ differs',
      '✓ within',
      '.708',
      '0.7600 ± 0.0058 (n = 3)',
      'The order depends on the task.',
    ])
      expect(html, part).toContain(part);
    expect(html).toContain('trNTK − Em, less 1 se, &gt; 0');
    expect(html.match(/<tr id=/g)).toHaveLength(4);
    const text = bundle['text/plain'];
    for (const part of [
      '✓ holds',
      '✗ differs',
      'a-study, profile quick, MNIST',
      '1 of 1 guards within',
      'New: claim identity',
    ])
      expect(text, part).toContain(part);
    expect(inspect(filled().publish())).toContain('✗ differs');
    expect(
      Math.max(
        ...text
          .split('\n')
          .slice(4)
          .map((l) => l.length),
      ),
    ).toBeLessThanOrEqual(130);
  });

  it('escapes what a statement may hold', () => {
    const nasty = {
      ...definition(),
      claims: [
        claim({
          id: 'a',
          statement: 'a < b & "c"',
          where: 'w',
          paper: '<1',
          rule: everySeed(atLeast(0)),
          expect: 'unknown',
        }),
      ],
    };
    const html = scorecard(nasty).record('a', [1, 2, 3]).publish().toBundle()['text/html'];
    expect(html).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(html).not.toContain('a < b');
  });

  it.each<[string, (file: ScorecardFile) => void, RegExp]>([
    [
      'a field that is missing',
      (f) => delete (f as Partial<ScorecardFile>).library,
      /, library: expected a text, got nothing/,
    ],
    [
      'an unknown profile',
      (f) => Object.assign(f, { profile: 'fast' }),
      /smoke, quick, paper|smoke, quick or paper/,
    ],
    [
      'an unknown verdict',
      (f) => Object.assign(f.claims[0], { verdict: 'reproduced' }),
      /row 0 \(tau\), verdict: .* got "reproduced"/,
    ],
    [
      'a guard’s verdict on a claim',
      (f) => Object.assign(f.claims[0], { verdict: 'within' }),
      /row 0 \(tau\), verdict/,
    ],
    [
      'a number that is none',
      (f) => Object.assign(f.claims[1], { ours: { mean: null, se: 1, n: 3 } }),
      /row 1 \(order\), ours/,
    ],
    ['an id given twice', (f) => Object.assign(f.claims[1], { id: 'tau' }), /each id once/],
    ['rows that are none', (f) => Object.assign(f, { claims: {} }), /an array of rows/],
  ])('reading names %s', (_, spoil, message) => {
    const file = structuredClone(filled().result());
    spoil(file);
    expect(() => parseScorecard(file, 'x.json')).toThrow(DataError);
    expect(() => parseScorecard(file, 'x.json')).toThrow(message);
  });

  it('reading names a file that is missing, torn, or no scorecard', () => {
    expect(() => readScorecard(join(folder, 'none.json'))).toThrow(/Run the study first/);
    filled().publish();
    const path = join(folder, 'quick', 'a-study.json');
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 200));
    expect(() => readScorecard(path)).toThrow(/200 characters that do not parse/);
    writeFileSync(path, '[1]');
    expect(() => readScorecard(path)).toThrow(/an object, got \[1\]/);
  });

  it('a rule with a standard error is judged on the numbers recorded', () => {
    const one = (rule: ReturnType<typeof meanPlusStandardErrors>) =>
      scorecard({
        ...definition(),
        claims: [claim({ id: 'a', statement: 's', where: 'w', paper: '–', rule, expect: 'unknown' })],
      })
        .record('a', [0.65, 0.68, 0.71])
        .result().claims[0].verdict;
    expect(one(meanPlusStandardErrors(1, atLeast(0.69)))).toBe('holds');
    expect(one(meanPlusStandardErrors(1, atLeast(0.7)))).toBe('differs');
  });
});
