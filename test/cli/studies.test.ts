import { describe, expect, test } from 'vitest';
import { parseRequest, summary } from '../../src/cli/reproduce';
import { findStudy, listStudies } from '../../src/cli/studies';
import { Checkout, root } from './checkout';

const study = (stem: string) => ({
  stem,
  number: stem.slice(0, 2),
  name: stem.slice(3),
  source: `notebooks/${stem}.ts`,
});
const studies = ['01-kryptonite', '02-trntk-surrogates', '03-ck-regression', '12-spectral-evolution'].map(
  study,
);

describe('a study', () => {
  test.each([
    ['trntk', '02-trntk-surrogates'],
    ['trntk-surrogates', '02-trntk-surrogates'],
    ['02-trntk-surrogates', '02-trntk-surrogates'],
    ['notebooks/02-trntk-surrogates.ts', '02-trntk-surrogates'],
    ['02', '02-trntk-surrogates'],
    ['2', '02-trntk-surrogates'],
    ['12', '12-spectral-evolution'],
    ['1', '01-kryptonite'],
    ['surr', '02-trntk-surrogates'],
    ['REGRESSION', '03-ck-regression'],
    ['k', '01-kryptonite'],
  ])('is found by “%s”', (word, stem) => {
    expect(findStudy(word, studies).stem).toBe(stem);
  });

  test.each([
    ['s', '"s" could be 02-trntk-surrogates or 12-spectral-evolution; write more of it.'],
    ['pca', 'there is no study "pca"; the studies are 01-kryptonite, 02-trntk-surrogates,'],
    ['', 'there is no study ""'],
    ['egression', 'there is no study "egression"'],
  ])('is not found by “%s”, with a clear word', (word, sentence) => {
    expect(() => findStudy(word, studies)).toThrow(sentence);
  });

  test('is every numbered notebook of notebooks/, in order', () => {
    const checkout = Checkout.bare({
      'notebooks/10-later.ts': '',
      'notebooks/02-early.ts': '',
      'notebooks/draft.ts': '',
      'notebooks/02-early.ipynb': '{}',
    });
    expect(listStudies(checkout.folder).map(({ stem }) => stem)).toEqual(['02-early', '10-later']);
    checkout.remove();
  });
});

describe('a request to reproduce', () => {
  const parse = (args: string[], env = {}) => parseRequest(args, root, env);

  test('without a study means all, in the quick profile', () => {
    const { studies, profile } = parse([]);
    expect(profile).toBe('quick');
    expect(studies).toEqual(listStudies(root));
  });

  test('takes the profile from --profile before KERNELBOOK_PROFILE', () => {
    expect(parse([], { KERNELBOOK_PROFILE: 'paper' }).profile).toBe('paper');
    expect(parse(['--profile', 'smoke'], { KERNELBOOK_PROFILE: 'paper' }).profile).toBe('smoke');
    expect(parse(['--profile=smoke']).profile).toBe('smoke');
  });

  test('runs a study once, however often it is named', () => {
    expect(parse(['trntk', '02']).studies).toHaveLength(1);
  });

  test.each([
    [['--profile', 'huge'], 'there is no profile "huge"; the profiles are smoke, quick, paper.'],
    [['--timeout', 'soon'], '--timeout is the seconds for one cell, and "soon" is no such number.'],
    [['--porfile', 'quick'], "Unknown option '--porfile'. Usage: npm run reproduce -- [study…]"],
    [['--profile'], 'Usage: npm run reproduce'],
  ])('%j is refused with a clear word', (args, sentence) => {
    expect(() => parse(args)).toThrow(sentence);
  });
});

test('the summary has a line for each claim and guard, verdicts beside what was expected', () => {
  const row = { statement: 's', where: 'w', rule: 'r', reason: '', ours: { mean: 0.72, se: 0.01, n: 3 } };
  const text = summary([
    {
      study: 'trntk-surrogates',
      profile: 'quick',
      source: 'MNIST',
      seeds: [0],
      library: '',
      elapsedSeconds: 1,
      claims: [
        { ...row, kind: 'claim', id: 'mlp-tau', paper: '.708', verdict: 'holds', expected: 'differs' },
        { ...row, kind: 'guard', id: 'tau-band', paper: '–', verdict: 'left', expected: 'within' },
      ],
    },
  ]);
  expect(text.split('\n')).toHaveLength(3);
  expect(text).toMatch(/^study +row +verdict +expected +paper +ours$/m);
  expect(text).toMatch(/mlp-tau +✓ holds +differs +\.708 +0\.720 ± 0\.010 \(n = 3\)/);
  expect(text).toMatch(/tau-band +✗ left +within/);
});
