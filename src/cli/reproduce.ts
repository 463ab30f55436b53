/**
 * `npm run reproduce -- [study…] [--profile smoke|quick|paper]`: runs the studies' notebooks, none named means all,
 * and sums up their scorecards. Everything is written to `out/<profile>/`; notebooks/ stays as it is.
 *
 * It fails when a cell failed, a guard was left, or a verdict is not the expected one.
 */
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { outcome, outcomeText } from '../lib/study/outcome';
import { oursText, verdictText } from '../lib/study/render';
import { readScorecard, type ScorecardFile } from '../lib/study/scorecard-file';
import { type Invocation, runProgram, UsageError } from './program';
import { findStudy, listStudies, type Study } from './studies';

const PROFILES = ['smoke', 'quick', 'paper'];

interface Request {
  studies: Study[];
  profile: string;
  timeout?: string;
}

/** What the arguments ask for. @throws UsageError */
export function parseRequest(args: readonly string[], root: string, env = process.env): Request {
  const { values, positionals } = parse(args);
  const profile = values.profile ?? env.KERNELBOOK_PROFILE ?? 'quick';
  if (!PROFILES.includes(profile)) {
    throw new UsageError(`there is no profile "${profile}"; the profiles are ${PROFILES.join(', ')}.`);
  }
  if (values.timeout !== undefined && !(Number(values.timeout) > 0)) {
    throw new UsageError(`--timeout is the seconds for one cell, and "${values.timeout}" is no such number.`);
  }
  const all = listStudies(root);
  const named = positionals.map((word) => findStudy(word, all));
  const studies = positionals.length > 0 ? all.filter((study) => named.includes(study)) : all;
  return { studies, profile, timeout: values.timeout };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { profile: { type: 'string' }, timeout: { type: 'string' } },
    });
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message.split('. ')[0]}. Usage: npm run reproduce -- [study…] [--profile ${PROFILES.join('|')}] [--timeout seconds]`,
    );
  }
}

/** `| a  | b |` for the terminal: columns as wide as their widest cell, up to a limit. */
function table(rows: readonly string[][], widest: readonly number[]): string {
  const clip = (text: string, limit: number) => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);
  const clipped = rows.map((row) => row.map((text, j) => clip(text, widest[j])));
  const widths = widest.map((_, j) => Math.max(...clipped.map((row) => row[j].length)));
  return clipped
    .map((row) =>
      row
        .map((text, j) => text.padEnd(widths[j]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const COLUMNS = ['study', 'row', 'verdict', 'expected', 'paper', 'ours'];
const WIDEST = [20, 32, 14, 10, 20, 44];

/** All rows of all scorecards as one table. */
export function summary(cards: readonly ScorecardFile[]): string {
  const rows = cards.flatMap((card) =>
    card.claims.map((row) => [
      card.study,
      row.id,
      verdictText(row),
      row.expected,
      row.paper,
      oursText(row.ours),
    ]),
  );
  return table([COLUMNS, ...rows], WIDEST);
}

/** Tells how the run went, and returns the exit status for it. */
function report(studies: readonly Study[], folder: string, ranThrough: boolean): number {
  const complaints: string[] = ranThrough ? [] : ['not all cells ran'];
  const cards: ScorecardFile[] = [];
  for (const study of studies) {
    const file = path.join(folder, `${study.name}.json`);
    if (!existsSync(file)) {
      complaints.push(`${study.name} wrote no scorecard`);
      continue;
    }
    try {
      cards.push(readScorecard(file));
    } catch (error) {
      complaints.push((error as Error).message);
    }
  }
  if (cards.length > 0) console.log(`\n${summary(cards)}\n`);
  for (const { study, source, seeds } of cards)
    console.log(`${study}: data ${source}; ${seeds.length} seed${seeds.length === 1 ? '' : 's'}`);
  for (const card of cards) {
    const { failures, news } = outcome(card);
    for (const row of news) console.log(`New in ${card.study}: ${outcomeText(row)}`);
    complaints.push(...failures.map((row) => `${card.study}: ${outcomeText(row)}`));
  }
  for (const complaint of complaints) console.error(`kernelbook: ${complaint}.`);
  return complaints.length > 0 ? 1 : 0;
}

export async function run({ root, python, args }: Invocation): Promise<number> {
  const { studies, profile, timeout } = parseRequest(args, root);
  if (studies.length === 0) throw new UsageError('there are no notebooks in notebooks/ yet.');
  const out = path.resolve(process.env.KERNELBOOK_OUT ?? path.join(root, 'out'));
  const folder = path.join(out, profile);
  // A scorecard of an earlier run must not stand for this one.
  for (const { name } of studies) rmSync(path.join(folder, `${name}.json`), { force: true });
  const status = await runProgram(
    python,
    [
      path.join(root, 'src', 'cli', 'notebooks.py'),
      'run',
      ...['--profile', profile, '--out', folder],
      ...(timeout ? ['--timeout', timeout] : []),
      ...studies.map(({ source }) => source),
    ],
    { cwd: root, env: { PYTHONDONTWRITEBYTECODE: '1', KERNELBOOK_PROFILE: profile } },
  );
  console.log(`The executed notebooks are in ${path.relative(process.cwd(), folder) || '.'}.`);
  if (status === 130) return status;
  return report(studies, folder, status === 0);
}
