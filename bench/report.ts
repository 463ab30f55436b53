/** Prints what was measured: for each row the times, the ratios against their targets, and memory. */

import type { RowResult, Side, Verdict } from './measure';

const time = (seconds: number) =>
  seconds < 0.1 ? `${(1000 * seconds).toFixed(2)} ms` : `${seconds.toFixed(seconds < 10 ? 3 : 1)} s`;
const megabytes = (bytes: number | undefined) =>
  bytes === undefined ? '—' : `${Math.round(bytes / 2 ** 20)} MB`;
const ratio = (value: number) => value.toFixed(value < 0.1 ? 3 : 2);

const verdictOf = (target: number | undefined, met: boolean | undefined) =>
  target === undefined ? '' : `${ratio(target)} ${met ? 'pass' : 'MISS'}`;

export function printRow(result: RowResult): void {
  console.log(`\n${result.title}  [${result.row}]`);
  const { ours } = result;
  const lines: string[][] = [];
  const line = (side: Side, versus: string, verdict?: Verdict) =>
    lines.push([
      `  ${side.name}`,
      time(side.seconds),
      time(side.cpu),
      megabytes(side.memory),
      versus,
      verdict ? verdictOf(verdict.target.must, verdict.must) : '',
      verdict ? verdictOf(verdict.target.stretch, verdict.stretch) : '',
    ]);
  const by = result.by === 'cpu' ? 'cpu ÷ it' : 'ours ÷ it';
  lines.push(['', 'best', 'processor', 'memory', by, 'must', 'stretch']);
  if (ours) line(ours, '');
  for (const side of result.peers) {
    const verdict = result.judged.find(({ peer }) => peer === side.name);
    line(side, ours ? ratio(ours[result.by] / side[result.by]) : '', verdict);
  }
  console.log(align(lines));
  if (result.memory)
    console.log(
      `  memory within ${result.memory.megabytes} MB: ${result.memory.met ? 'pass' : 'MISS'} (stretch)`,
    );
  if (result.parts)
    console.log(
      `  our time: ${result.parts.map(({ part, share }) => `${part} ${Math.round(100 * share)} %`).join(', ')}`,
    );
  for (const problem of result.problems) console.log(`  ! ${problem}`);
}

export function printSummary(results: RowResult[], file: string): void {
  const missed = results.flatMap((result) =>
    result.judged.filter(({ must }) => must === false).map((verdict) => ({ result, verdict })),
  );
  const judged = results.reduce(
    (sum, { judged }) => sum + judged.filter(({ must }) => must !== undefined).length,
    0,
  );
  console.log(`\n${judged - missed.length} of ${judged} musts met. All figures: ${file}`);
  for (const { result, verdict } of missed)
    console.log(
      `  missed: ${result.row} at ${result.threads} threads, ${ratio(verdict.ratio)} of ${verdict.peer} (must ${ratio(verdict.target.must!)})`,
    );
}

function align(lines: string[][]): string {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((cells) => cells[column].length)));
  return lines
    .map((cells) =>
      cells
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
