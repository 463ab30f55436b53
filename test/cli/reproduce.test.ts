import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Checkout, type Run } from './checkout';

interface Notebook {
  cells: {
    id: string;
    source: string[];
    outputs?: { output_type: string; name?: string; text?: string[]; ename?: string }[];
    execution_count?: number | null;
  }[];
  metadata: Record<string, unknown>;
}

const HEADER = `// ---
// jupyter:
//   jupytext:
//     formats: ipynb,ts:percent
//     text_representation:
//       extension: .ts
//       format_name: percent
//       format_version: '1.3'
//   kernelspec:
//     display_name: TypeScript (Kernelbook)
//     language: typescript
//     name: tslab
// ---
`;

const notebook = (...cells: string[]) =>
  `${HEADER}\n// %% [markdown]\n// A study\n${cells.map((cell) => `\n// %%\n${cell}\n`).join('')}`;

/** A cell that writes a scorecard, as the library's does. */
const scorecard = (study: string, rows: object[]) => {
  const base = {
    statement: 's',
    where: 'w',
    paper: '1',
    rule: '≥ 1',
    reason: '',
    ours: { mean: 1, se: 0.1, n: 3 },
  };
  const file = {
    study,
    source: 'made',
    seeds: [0],
    library: '',
    elapsedSeconds: 1,
    claims: rows.map((row) => ({ ...base, ...row })),
  };
  return `import { mkdirSync, writeFileSync } from 'node:fs';
const profile = process.env.KERNELBOOK_PROFILE ?? 'none';
mkdirSync('../out/' + profile, { recursive: true });
writeFileSync('../out/' + profile + '/${study}.json', JSON.stringify({ ...${JSON.stringify(file)}, profile }));`;
};

const good = [
  { kind: 'claim', id: 'as-told', verdict: 'holds', expected: 'holds' },
  { kind: 'claim', id: 'at-last', verdict: 'holds', expected: 'not tested' },
  { kind: 'guard', id: 'band', verdict: 'within', expected: 'within' },
];
const smoke = (id: string) => [{ kind: 'claim', id, verdict: 'not judged', expected: 'holds' }];

const STUDIES = {
  'notebooks/01-good.ts': notebook(
    "import { Matrix } from '#lib';\n// Two by two\nconst m = Matrix.zeros(2, 2);\nm.rows",
    scorecard('good', good),
  ),
  'notebooks/02-throws.ts': notebook(
    "console.log('before');\n'kept'",
    "throw new Error('in the middle')",
    "'never'",
  ),
  'notebooks/03-dies.ts': notebook("console.log('alive')", 'process.exit(9)', "'never'"),
  'notebooks/04-changed.ts': notebook(
    scorecard('changed', [
      { kind: 'claim', id: 'turned', verdict: 'differs', expected: 'holds' },
      { kind: 'guard', id: 'fence', verdict: 'left', expected: 'within' },
    ]),
  ).replace('// A study', '// ## Under a heading'),
  'notebooks/05-silent.ts': notebook("'no scorecard'"),
};

let checkout: Checkout;
const read = (file: string) => JSON.parse(readFileSync(checkout.path(file), 'utf8')) as Notebook;
const outputs = (file: string) =>
  read(file)
    .cells.filter(({ outputs }) => outputs)
    .map(({ outputs }) => outputs?.map(({ output_type }) => output_type));
const state = () => {
  const folder = checkout.path('notebooks');
  return readdirSync(folder).map((file) => [file, statSync(`${folder}/${file}`).mtimeMs]);
};

beforeAll(() => {
  checkout = Checkout.ready(STUDIES);
});
afterAll(() => checkout?.remove());

describe('reproduce', { timeout: 240_000 }, () => {
  let run: Run;
  let before: unknown;
  beforeAll(async () => {
    before = state();
    checkout.write({ 'out/quick/silent.json': '{ "stale": true }' });
    run = await checkout.run(['reproduce']);
  }, 240_000);

  test('tells each cell in a line, with its title and its time', () => {
    expect(run.stdout).toContain('01-good (quick)\n');
    expect(run.stdout).toMatch(/^ {2}\[1\/2\] Two by two {2}\d+\.\d s$/m);
    expect(run.stdout).toMatch(/^ {2}\[1\/1\] Under a heading {2}\d+\.\d s$/m);
    expect(run.stdout).toMatch(/^ {2}\[2\/3\] throw new Error\('in the middle'\) {2}\d+\.\d s {2}FAILED$/m);
  });

  test('writes the executed notebook to out/, and leaves notebooks/ as it was', () => {
    expect(outputs('out/quick/01-good.ipynb')).toEqual([['execute_result'], []]);
    expect(state()).toEqual(before);
  });

  test('keeps what a failing notebook computed, and goes on with the next', () => {
    expect(outputs('out/quick/02-throws.ipynb')).toEqual([['stream', 'execute_result'], ['error'], []]);
    expect(run.stderr).toContain('Error: in the middle');
    expect(run.stdout).toContain('03-dies (quick)');
  });

  test('says that a kernel died, and goes on', () => {
    expect(run.stderr).toContain('The kernel died');
    expect(outputs('out/quick/03-dies.ipynb')).toEqual([['stream'], [], []]);
    expect(run.stdout).toContain('05-silent (quick)');
  });

  test('shows all scorecards as one table', () => {
    expect(run.stdout).toMatch(/^good +as-told +✓ holds +holds +1 +1\.00 ± 0\.10 \(n = 3\)$/m);
    expect(run.stdout).toMatch(/^changed +fence +✗ left +within/m);
  });

  test('fails, and names each reason', () => {
    expect(run.status).toBe(1);
    const reasons = run.stderr.split('\n').filter((line) => line.startsWith('kernelbook: '));
    expect(reasons).toEqual([
      'kernelbook: not all cells ran.',
      'kernelbook: throws wrote no scorecard.',
      'kernelbook: dies wrote no scorecard.',
      'kernelbook: silent wrote no scorecard.',
      'kernelbook: changed: claim turned: differs, expected holds.',
      'kernelbook: changed: guard fence left its band (≥ 1).',
    ]);
  });

  test('tells which data each study used', () => {
    expect(run.stdout).toMatch(/^good: data \S.*; \d+ seeds?$/m);
  });

  test('tells a new verdict as news', () => {
    expect(run.stdout).toContain('New in good: claim at-last: holds, expected not tested');
  });

  test('succeeds when all is as expected, runs the source as it is now, and gives the same file again', async () => {
    const source = checkout.path('notebooks/05-silent.ts');
    writeFileSync(source, notebook("console.log('edited');", scorecard('silent', smoke('claim'))));
    const { status, stderr } = await checkout.run(['reproduce', 'good', '5', '--profile', 'smoke']);
    writeFileSync(source, STUDIES['notebooks/05-silent.ts']);
    expect([status, stderr]).toEqual([0, '']);
    expect(read('out/smoke/05-silent.ipynb').cells[1].outputs?.[0].text).toEqual(['edited\n']);
    const first = readFileSync(checkout.path('out/quick/01-good.ipynb'), 'utf8');
    expect(readFileSync(checkout.path('out/smoke/01-good.ipynb'), 'utf8')).toBe(first);
    expect(first).not.toContain(checkout.folder);
    const { metadata, cells } = read('out/quick/01-good.ipynb');
    expect(metadata.kernelspec).toEqual({
      name: 'tslab',
      language: 'typescript',
      display_name: 'TypeScript (Kernelbook)',
    });
    expect(cells.every((cell) => !('execution' in ((cell as { metadata?: object }).metadata ?? {})))).toBe(
      true,
    );
  });

  test('ends the kernel on Ctrl-C and keeps what was computed', async () => {
    checkout.write({
      'notebooks/06-long.ts': notebook(
        "console.log('pid ' + process.pid);",
        "// Waits\nimport { writeFileSync } from 'node:fs';\nwriteFileSync('../out/waits', '');\nawait new Promise(() => {});",
        "'never'",
      ),
      'notebooks/07-next.ts': notebook("'not reached'"),
    });
    const child = checkout.start(['reproduce', 'long', 'next']);
    while (!existsSync(checkout.path('out/waits')) && child.exitCode === null) await delay(50);
    child.kill('SIGTERM'); // Ctrl-C reaches all processes of a terminal; here the command passes it on
    const { status, stdout } = await child.ended;
    expect(status).toBe(130);
    expect(stdout).toMatch(/\[2\/3\] Waits.* interrupted$/m);
    expect(stdout).not.toContain('07-next');
    const [first] = read('out/quick/06-long.ipynb').cells.slice(1);
    const pid = Number(first.outputs?.[0].text?.[0].slice(4));
    expect(pid).toBeGreaterThan(1);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  test('ends a cell that runs longer than --timeout, and says so', async () => {
    const { status, stderr, stdout } = await checkout.run(['reproduce', 'long', '--timeout', '1']);
    expect(status).toBe(1);
    expect(stdout).toContain('TIMED OUT');
    expect(stderr).toContain('A cell ran longer than 1 s.');
  });

  test('refuses a study that does not exist, before anything runs', async () => {
    const { status, stderr, stdout } = await checkout.run(['reproduce', 'nothing']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^kernelbook: there is no study "nothing"; the studies are 01-good, .*\.\n$/);
  });
});

describe('publish-results', { timeout: 240_000 }, () => {
  test('copies whole notebooks and scorecards, and refuses the others by name', async () => {
    // Runs of the same cells with other outputs: too much, and a path of this machine.
    for (const [stem, text] of [
      ['08-large', 'x'.repeat(3e6)],
      ['09-local', checkout.path('notebooks')],
    ]) {
      const executed = read('out/quick/01-good.ipynb');
      executed.cells[1].outputs = [{ output_type: 'stream', name: 'stdout', text: [text] }];
      checkout.write({
        [`notebooks/${stem}.ts`]: STUDIES['notebooks/01-good.ts'],
        [`out/quick/${stem}.ipynb`]: JSON.stringify(executed),
      });
    }
    checkout.write({ 'notebooks/05-silent.ts': `${STUDIES['notebooks/05-silent.ts']}// edited since\n` });
    const { status, stdout, stderr } = await checkout.run(['publish-results']);
    expect(status).toBe(1);
    expect(stdout.split('\n').filter(Boolean)).toEqual([
      'notebooks/01-good.ipynb',
      'notebooks/results/good.quick.json',
      'notebooks/04-changed.ipynb',
      'notebooks/results/changed.quick.json',
    ]);
    expect(stderr.split('\n').filter(Boolean)).toEqual([
      'kernelbook: not published: 02-throws.ipynb has a cell with an error.',
      'kernelbook: not published: 03-dies.ipynb was not run to its end.',
      'kernelbook: not published: 05-silent.ipynb was run from another version of its source: run it again.',
      expect.stringMatching(/06-long\.ipynb (was not run to its end|has a cell with an error)\.$/),
      expect.stringMatching(/08-large\.ipynb is [\d.]+ MiB, more than 2: show less\.$/),
      expect.stringMatching(/09-local\.ipynb holds a path of this machine \(.*\)\.$/),
    ]);
    expect(readFileSync(checkout.path('notebooks/01-good.ipynb'))).toEqual(
      readFileSync(checkout.path('out/quick/01-good.ipynb')),
    );
  });
});
