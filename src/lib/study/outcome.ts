/**
 * What a run's scorecard means for the run. A claim fails the run when a verdict that was expected (`holds` or
 * `differs`) did not come; a guard fails it when its band was left. A verdict that nobody expected yet (`not tested`,
 * `unknown`) is news. In the smoke profile nothing is judged, so nothing fails.
 */

import type { ScorecardFile, ScorecardRow } from './scorecard-file';

export interface Outcome {
  /** Rows that fail the run. */
  failures: ScorecardRow[];
  /** Rows whose verdict became available. */
  news: ScorecardRow[];
}

/** The rows of a scorecard that fail the run, and those that are news. */
export function outcome(file: ScorecardFile): Outcome {
  const failures = file.claims.filter((row) => fails(row));
  const news = file.claims.filter((row) => isNews(row));
  return { failures, news };
}

function fails(row: ScorecardRow): boolean {
  if (row.verdict === 'not judged') return false;
  if (row.kind === 'guard') return row.verdict === 'left';
  return (row.expected === 'holds' || row.expected === 'differs') && row.verdict !== row.expected;
}

function isNews(row: ScorecardRow): boolean {
  if (row.kind === 'guard' || (row.expected !== 'not tested' && row.expected !== 'unknown')) return false;
  return row.verdict === 'holds' || row.verdict === 'differs';
}

/** One sentence for a failure or a piece of news. */
export function outcomeText(row: ScorecardRow): string {
  if (row.kind === 'guard') return `guard ${row.id} left its band (${row.rule})`;
  return `claim ${row.id}: ${row.verdict}, expected ${row.expected}`;
}
