/**
 * `npm run publish-results`: copies what runs left in `out/` to where it is committed and read: the executed quick
 * notebooks to notebooks/, the chart of each notebook's cell tagged `cover` to notebooks/results/<study>.svg, the
 * scorecards of the quick and the paper profile to notebooks/results/<study>.<profile>.json (the smoke profile judges
 * nothing); then writes README's table of studies. A notebook that must not be published is named with the reason,
 * and the command fails; the others are copied.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readScorecard } from '../lib/study/scorecard-file';
import type { Invocation } from './program';
import { withStudiesTable } from './readme';
import { listStudies, type Study } from './studies';

const PUBLISHED_PROFILES = ['quick', 'paper'];
const LARGEST = 2 * 2 ** 20;

/** Under a temporary name in the same folder, then renamed: never half a file. */
function writeWhole(to: string, content: string | Buffer): void {
  mkdirSync(path.dirname(to), { recursive: true });
  const temporary = `${to}.${process.pid}`;
  writeFileSync(temporary, content);
  renameSync(temporary, to);
}

interface ExecutedCell {
  metadata: { tags?: string[] };
  outputs?: { data?: Record<string, string | string[]> }[];
}

/** The SVG of the cell that the notebook tags as its cover; `null` if it has none. */
export function coverOf(executed: string): string | null {
  const { cells } = JSON.parse(readFileSync(executed, 'utf8')) as { cells: ExecutedCell[] };
  const cell = cells.find(({ metadata }) => metadata.tags?.includes('cover'));
  const svg = cell?.outputs?.map(({ data }) => data?.['image/svg+xml']).find((picture) => picture);
  return svg ? [svg].flat().join('') : null;
}

/** What src/cli/notebooks.py says of an executed notebook. */
export interface Check {
  sameSource: boolean;
  complete: boolean;
  errors: number;
}

/** Holds executed notebooks against their sources. */
export function checkNotebooks(
  pairs: readonly { source: string; executed: string }[],
  { root, python }: Pick<Invocation, 'root' | 'python'>,
): Check[] {
  if (pairs.length === 0) return [];
  const script = path.join(root, 'src', 'cli', 'notebooks.py');
  const files = pairs.flatMap(({ source, executed }) => [source, executed]);
  return JSON.parse(execFileSync(python, ['-B', script, 'check', ...files], { encoding: 'utf8' }));
}

/** Why an executed notebook must not be published; `null` if it may. */
function objection(executed: string, { sameSource, complete, errors }: Check, root: string): string | null {
  const text = readFileSync(executed, 'utf8');
  const bytes = Buffer.byteLength(text);
  if (bytes > LARGEST) return `is ${(bytes / 2 ** 20).toFixed(1)} MiB, more than 2: show less`;
  for (const place of [root, os.homedir()]) {
    if (place.length > 1 && text.includes(place)) return `holds a path of this machine (${place})`;
  }
  if (!sameSource) return 'was run from another version of its source: run it again';
  if (errors > 0) return `has ${errors === 1 ? 'a cell' : `${errors} cells`} with an error`;
  if (!complete) return 'was not run to its end';
  return null;
}

export async function run(invocation: Invocation): Promise<number> {
  const { root } = invocation;
  const out = path.resolve(process.env.KERNELBOOK_OUT ?? path.join(root, 'out'));
  let copied = 0;
  let refused = 0;
  const publish = (content: string | Buffer, to: string) => {
    writeWhole(to, content);
    console.log(path.relative(root, to));
    copied += 1;
  };
  const studies = listStudies(root);
  const executedOf = ({ stem }: Study) => path.join(out, 'quick', `${stem}.ipynb`);
  const ran = studies.filter((study) => existsSync(executedOf(study)));
  const checks = checkNotebooks(
    ran.map((study) => ({ source: study.source, executed: executedOf(study) })),
    invocation,
  );
  for (const study of studies) {
    const check = checks[ran.indexOf(study)];
    if (check) {
      const executed = executedOf(study);
      const why = objection(executed, check, root);
      if (why) {
        console.error(`kernelbook: not published: ${study.stem}.ipynb ${why}.`);
        refused += 1;
      } else {
        publish(readFileSync(executed), path.join(root, 'notebooks', `${study.stem}.ipynb`));
        const cover = coverOf(executed);
        if (cover) publish(cover, path.join(root, 'notebooks', 'results', `${study.name}.svg`));
      }
    }
    for (const profile of PUBLISHED_PROFILES) {
      const card = path.join(out, profile, `${study.name}.json`);
      if (!existsSync(card)) continue;
      readScorecard(card); // a file that is none stops here, by its name
      publish(readFileSync(card), path.join(root, 'notebooks', 'results', `${study.name}.${profile}.json`));
    }
  }
  const readme = path.join(root, 'README.md');
  if (copied > 0) writeWhole(readme, withStudiesTable(readFileSync(readme, 'utf8'), root));
  if (copied + refused === 0)
    console.log('There is nothing in out/ to publish: run npm run reproduce first.');
  return refused > 0 ? 1 : 0;
}
