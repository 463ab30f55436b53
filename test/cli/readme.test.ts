import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { studiesTable, withStudiesTable } from '../../src/cli/readme';
import { type ScorecardRow, writeScorecard } from '../../src/lib/study/scorecard-file';

const root = path.resolve(import.meta.dirname, '..', '..');

describe("README's table of studies", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'kernelbook-readme-'));
    mkdirSync(path.join(folder, 'notebooks', 'results'), { recursive: true });
    writeFileSync(
      path.join(folder, 'notebooks', '03-parity.ts'),
      '// %% [markdown]\n// # 03 · Parity: a study\n',
    );
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const row = (id: string, verdict: 'holds' | 'differs' | 'not tested'): ScorecardRow => ({
    id,
    kind: 'claim',
    statement: 'It does',
    where: 'section 1',
    paper: '–',
    ours: verdict === 'not tested' ? null : { mean: 1, se: null, n: 1 },
    rule: '≥ 0',
    verdict,
    expected: 'unknown',
    reason: verdict === 'not tested' ? 'It would take a year.' : '',
  });

  it('counts the verdicts of each committed scorecard and shows a dash for a profile without one', () => {
    writeScorecard(path.join(folder, 'notebooks', 'results', 'parity.quick.json'), {
      study: 'parity',
      profile: 'quick',
      source: 'generated',
      seeds: [0],
      library: 'none',
      elapsedSeconds: 1,
      claims: [row('a', 'holds'), row('b', 'holds'), row('c', 'differs'), row('d', 'not tested')],
    });
    expect(studiesTable(folder).split('\n').at(-1)).toBe(
      '| 03 | [Parity: a study](notebooks/03-parity.ipynb) | 2 hold, 1 differs, 1 not tested | – |',
    );
  });

  it('replaces what stands between its marks and nothing else, and does so twice alike', () => {
    const marks = ['<!-- studies: written by npm run publish-results -->', '<!-- /studies -->'];
    const once = withStudiesTable(`before\n${marks[0]}\nold\n${marks[1]}\nafter\n`, folder);
    expect(once).toMatch(/^before\n/);
    expect(once).toMatch(/\nafter\n$/);
    expect(once).not.toContain('old');
    expect(withStudiesTable(once, folder)).toBe(once);
  });

  it('says which marks are missing', () => {
    expect(() => withStudiesTable('no marks', folder)).toThrow(/lost the marks of its table/);
  });

  it('is in step with the committed scorecards', () => {
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    expect(withStudiesTable(readme, root)).toBe(readme);
  });
});
