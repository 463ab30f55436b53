/**
 * A scorecard as a table: HTML for the notebook, aligned text for everywhere else. A verdict is a sign and a word,
 * never a colour alone; the paper's number stands beside ours, with its standard error and the number of seeds.
 * No style sheet: GitHub strips it, and the table must read the same there.
 */

import { outcome, outcomeText } from './outcome';
import type { Ours } from './rule';
import type { ScorecardFile, ScorecardRow } from './scorecard-file';

const SIGN: Record<ScorecardRow['verdict'], string> = {
  holds: '✓',
  differs: '✗',
  'not tested': '–',
  'not judged': '·',
  within: '✓',
  left: '✗',
};

/** The verdict as it is shown everywhere: `✓ holds`. */
export const verdictText = (row: ScorecardRow): string => `${SIGN[row.verdict]} ${row.verdict}`;

/** `0.758 ± 0.024 (n = 5)`: the standard error with two digits, the mean to the same place. */
export function oursText(ours: Ours | null): string {
  if (ours === null) return '–';
  const measure = measureText(ours);
  return ours.text ? `${measure}; ${ours.text}` : measure;
}

function measureText({ mean, se, n }: Ours): string {
  if (se === null) return sign(plain(mean));
  const count = ` (n = ${n})`;
  if (!(se > 0)) return `${sign(plain(mean))} ± 0${count}`;
  const size = Math.max(Math.abs(mean), se);
  if (size >= 1e5 || size < 1e-3) return `${sign(mean.toExponential(2))} ± ${se.toExponential(1)}${count}`;
  const places = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(se))));
  return `${sign(mean.toFixed(places))} ± ${se.toFixed(places)}${count}`;
}

function plain(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 1e7) return String(x);
  const size = Math.abs(x);
  return size >= 1e5 || size < 1e-3 ? x.toExponential(2) : String(Number(x.toPrecision(4)));
}

const sign = (text: string): string => text.replace(/^-/, '−');

const COLUMNS = ['Verdict', 'Claim', 'Paper', 'Ours', 'Rule', 'Why'] as const;
/** Columns of sentences: as wide as lines that can be read. */
const WIDE = new Set<string>(['Claim', 'Why']);

function cells(row: ScorecardRow): string[] {
  // Where nobody knew what to expect, no verdict is a surprise to a reader.
  const surprise =
    row.kind === 'claim' && row.expected !== 'unknown' && outcomeOf(row) ? ` (expected ${row.expected})` : '';
  const name = row.kind === 'guard' ? `guard: ${row.statement}` : row.statement;
  const claim = row.where ? `${name} (${row.where})` : name;
  return [verdictText(row) + surprise, claim, row.paper, oursText(row.ours), row.rule, row.reason];
}

const outcomeOf = (row: ScorecardRow): boolean => {
  const { failures, news } = outcome({ claims: [row] } as ScorecardFile);
  return failures.length + news.length > 0;
};

function summary(file: ScorecardFile): string {
  const { failures, news } = outcome(file);
  const count = (verdict: string) => file.claims.filter((row) => row.verdict === verdict).length;
  const judged = (['holds', 'differs', 'not tested', 'not judged'] as const)
    .filter((v) => count(v) > 0)
    .map((v) => `${count(v)} ${v}`);
  const guards = file.claims.filter((row) => row.kind === 'guard').length;
  if (guards > 0 && file.profile !== 'smoke')
    judged.push(`${guards - count('left')} of ${guards} guards within`);
  const lines = [
    `${file.study}, profile ${file.profile}, ${file.source}, ${file.seeds.length === 1 ? 'seed' : 'seeds'} ${file.seeds.join(', ')}; ${file.library || 'no library named'}; ${file.elapsedSeconds} s`,
    judged.join(', '),
  ];
  if (failures.length > 0) lines.push(`Not as expected: ${failures.map(outcomeText).join('; ')}`);
  const known = news.filter((row) => row.expected !== 'unknown');
  if (known.length > 0) lines.push(`New: ${known.map(outcomeText).join('; ')}`);
  return lines.filter(Boolean).join('\n');
}

const escapeHtml = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

/** The scorecard as an HTML table, with its summary as caption; the column of reasons only where there are some. */
export function scorecardHtml(file: ScorecardFile): string {
  const shown = file.claims.some((row) => row.reason) ? COLUMNS.length : COLUMNS.length - 1;
  const left = ' style="text-align:left"';
  const head = COLUMNS.slice(0, shown)
    .map((c) => `<th scope="col" style="text-align:left${WIDE.has(c) ? ';min-width:15em' : ''}">${c}</th>`)
    .join('');
  const body = file.claims.map((row) => {
    const [verdict, ...rest] = cells(row).slice(0, shown);
    const first = `<td style="text-align:left;white-space:nowrap"><strong>${escapeHtml(verdict)}</strong></td>`;
    return `<tr id="claim-${escapeHtml(row.id)}">${first}${rest.map((c) => `<td${left}>${escapeHtml(c)}</td>`).join('')}</tr>`;
  });
  const caption = escapeHtml(summary(file)).replace(/\n/g, '<br>');
  return [
    '<table class="scorecard">',
    `<caption${left}>${caption}</caption>`,
    `<thead><tr>${head}</tr></thead>`,
    `<tbody>${body.join('\n')}</tbody>`,
    '</table>',
  ].join('\n');
}

const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
};

/** The scorecard as aligned text: one block a claim would be longer, one line would be wider than a terminal. */
export function scorecardText(file: ScorecardFile): string {
  const widths = [12, 40, 12, 26, 30];
  const line = (columns: string[]) =>
    columns
      .map((c, i) => c.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  const block = (row: ScorecardRow) => {
    const all = cells(row);
    const wrapped = all.slice(0, 5).map((cell, i) => wrap(cell, widths[i]));
    const height = Math.max(...wrapped.map((w) => w.length));
    const lines = Array.from({ length: height }, (_, k) => line(wrapped.map((w) => w[k] ?? '')));
    if (row.reason) lines.push(...wrap(row.reason, 108).map((l) => `${' '.repeat(14)}${l}`));
    return lines.join('\n');
  };
  const rule = '─'.repeat(widths.reduce((a, b) => a + b + 2, -2));
  return [summary(file), '', line(COLUMNS.slice(0, 5)), rule, ...file.claims.map(block)].join('\n');
}
