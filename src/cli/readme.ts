/**
 * The table of studies in README.md, made from the committed scorecards: it stands between two marks, and
 * `npm run publish-results` writes it anew, so that the page never promises what a scorecard does not say.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readScorecard, type ScorecardFile } from '../lib/study/scorecard-file';
import { UsageError } from './program';
import { listStudies, type Study } from './studies';

const BEGIN = '<!-- studies: written by npm run publish-results -->';
const END = '<!-- /studies -->';

/** `11 hold, 1 differs`; a guard that was left is named too. */
function verdicts({ claims }: ScorecardFile): string {
  const count = (verdict: string) => claims.filter((row) => row.verdict === verdict).length;
  const differ = count('differs');
  const parts = [
    `${count('holds')} hold`,
    `${differ} ${differ === 1 ? 'differs' : 'differ'}`,
    ...(count('not tested') > 0 ? [`${count('not tested')} not tested`] : []),
    ...(count('left') > 0 ? [`${count('left')} guards left`] : []),
  ];
  return parts.join(', ');
}

/** The notebook's heading without its number: `trNTK surrogates: a kernel that explains a network`. */
function heading({ source, name }: Study): string {
  const first = /^\/\/ # (?:\d\d · )?(.+)$/m.exec(readFileSync(source, 'utf8'));
  return first ? first[1].trim() : name;
}

/** The table, one row a study; a profile without a committed scorecard has a dash. */
export function studiesTable(root: string): string {
  const rows = listStudies(root).map((study) => {
    const cell = (profile: string) => {
      const file = path.join(root, 'notebooks', 'results', `${study.name}.${profile}.json`);
      return existsSync(file) ? verdicts(readScorecard(file)) : '–';
    };
    const link = `[${heading(study)}](notebooks/${study.stem}.ipynb)`;
    return `| ${study.number} | ${link} | ${cell('quick')} | ${cell('paper')} |`;
  });
  return ['| | study | claims, quick profile | claims, paper profile |', '|---|---|---|---|', ...rows].join(
    '\n',
  );
}

/** README's text with the present table between its marks. Throws a UsageError when the marks are gone. */
export function withStudiesTable(readme: string, root: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin)
    throw new UsageError(`README.md has lost the marks of its table: put "${BEGIN}" and "${END}" back.`);
  return `${readme.slice(0, begin)}${BEGIN}\n${studiesTable(root)}\n${readme.slice(end)}`;
}
