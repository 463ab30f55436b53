/**
 * The scorecard as a file: what a run writes to `out/<profile>/<study>.json`, what the command line sums up, and what
 * the book prints. Reading checks every field, because the file is the only thing that passes between a notebook's
 * process and the rest, and a file of an older form must be named rather than half understood.
 */

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DataError } from '../errors';
import { type Profile, profiles } from '../run';
import type { Expected, Verdict } from './claim';
import type { Ours } from './rule';

export type ClaimVerdict = Verdict | 'not judged';
export type GuardVerdict = 'within' | 'left' | 'not tested' | 'not judged';

interface RowBase {
  id: string;
  statement: string;
  /** Section, table, figure or equation of the paper. */
  where: string;
  /** The paper's number, as it prints it. */
  paper: string;
  /** Mean and standard error over n seeds; null when nothing was recorded. */
  ours: Ours | null;
  /** The rule's text. */
  rule: string;
  /** Why it differs, or what testing it would take; empty otherwise. */
  reason: string;
}
export interface ClaimRow extends RowBase {
  kind: 'claim';
  verdict: ClaimVerdict;
  expected: Expected;
}
export interface GuardRow extends RowBase {
  kind: 'guard';
  verdict: GuardVerdict;
  expected: 'within';
}
export type ScorecardRow = ClaimRow | GuardRow;

export interface ScorecardFile {
  study: string;
  profile: Profile;
  /** The data that were used, e.g. `MNIST`. */
  source: string;
  seeds: (number | string)[];
  /** The linear algebra library, e.g. `OpenBLAS 0.3.34`. */
  library: string;
  elapsedSeconds: number;
  claims: ScorecardRow[];
}

/** Reads and checks a scorecard. Throws a DataError that names the file and the field. */
export function readScorecard(path: string): ScorecardFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const todo = 'Run the study first: npm run reproduce -- <study>.';
    throw new DataError(
      { what: `scorecard ${path}`, expected: 'a file', got: (cause as Error).message, todo },
      { cause },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const got = `${text.length} characters that do not parse (${(cause as Error).message})`;
    throw new DataError(
      { what: `scorecard ${path}`, expected: 'JSON', got, todo: 'Delete the file and run the study again.' },
      { cause },
    );
  }
  return parseScorecard(json, path);
}

/** Writes a scorecard under a temporary name in the same folder and renames it, so that no half file is ever seen. */
export function writeScorecard(path: string, file: ScorecardFile): void {
  const text = `${JSON.stringify(parseScorecard(file, path), null, 2)}\n`;
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `.scorecard-${randomBytes(6).toString('hex')}.tmp`);
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, path);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw new DataError(
      {
        what: `scorecard ${path}`,
        expected: 'a place to write to',
        got: (cause as Error).message,
        todo: 'Make room or set KERNELBOOK_OUT to a folder that can be written.',
      },
      { cause },
    );
  }
}

type Check = (v: unknown) => boolean;
const isText: Check = (v) => typeof v === 'string';
const isName: Check = (v) => typeof v === 'string' && v !== '';
const isNumber: Check = (v) => typeof v === 'number' && Number.isFinite(v);
const oneOf =
  (...words: string[]): Check =>
  (v) =>
    words.includes(v as string);
const isOurs: Check = (v) => {
  if (v === null) return true;
  if (typeof v !== 'object') return false;
  const { mean, se, n, text } = v as Record<string, unknown>;
  const good = isNumber(mean) && (se === null || (isNumber(se) && (se as number) >= 0));
  return good && Number.isInteger(n) && (n as number) >= 1 && (text === undefined || isText(text));
};

const FILE: Record<string, [Check, string]> = {
  study: [isName, 'a name'],
  profile: [oneOf(...profiles), 'smoke, quick or paper'],
  source: [isName, 'a name'],
  seeds: [(v) => Array.isArray(v) && v.every((s) => isNumber(s) || isName(s)), 'an array of seeds'],
  library: [isText, 'a text'],
  elapsedSeconds: [(v) => isNumber(v) && (v as number) >= 0, 'a number of seconds'],
  claims: [(v) => Array.isArray(v), 'an array of rows'],
};
const ROW: Record<string, [Check, string]> = {
  id: [isName, 'a name'],
  kind: [oneOf('claim', 'guard'), 'claim or guard'],
  statement: [isName, 'a sentence'],
  where: [isText, 'a text'],
  paper: [isText, 'a text'],
  ours: [isOurs, '{ mean, se, n } or null'],
  rule: [isName, 'a text'],
  reason: [isText, 'a text'],
};
const VERDICT: Record<string, Record<string, [Check, string]>> = {
  claim: {
    verdict: [
      oneOf('holds', 'differs', 'not tested', 'not judged'),
      'holds, differs, not tested or not judged',
    ],
    expected: [oneOf('holds', 'differs', 'not tested', 'unknown'), 'holds, differs, not tested or unknown'],
  },
  guard: {
    verdict: [oneOf('within', 'left', 'not tested', 'not judged'), 'within, left, not tested or not judged'],
    expected: [oneOf('within'), 'within'],
  },
};

/** Checks a parsed scorecard and returns it. Throws a DataError that names the file and the field. */
export function parseScorecard(json: unknown, path: string): ScorecardFile {
  const fail = (field: string, expected: string, got: unknown): never => {
    throw new DataError({
      what: `scorecard ${path}${field}`,
      expected,
      got: got === undefined ? 'nothing' : (JSON.stringify(got) ?? String(got)).slice(0, 80),
      todo: 'Run the study again, or write the file as notebook scorecards are written.',
    });
  };
  const check = (object: Record<string, unknown>, fields: Record<string, [Check, string]>, at: string) => {
    for (const [name, [good, expected]] of Object.entries(fields))
      if (!good(object[name])) fail(`${at}, ${name}`, expected, object[name]);
  };
  const isObject = (v: unknown) => typeof v === 'object' && v !== null && !Array.isArray(v);
  if (!isObject(json)) fail('', 'an object', json);
  check(json as Record<string, unknown>, FILE, '');
  const file = json as ScorecardFile;
  const ids = new Set<string>();
  for (const [i, row] of file.claims.entries()) {
    if (!isObject(row)) fail(`, row ${i}`, 'an object', row);
    const at = `, row ${i}${isName(row.id) ? ` (${row.id})` : ''}`;
    check(row as unknown as Record<string, unknown>, ROW, at);
    check(row as unknown as Record<string, unknown>, VERDICT[row.kind], at);
    if (ids.has(row.id)) fail(at, 'each id once', row.id);
    ids.add(row.id);
  }
  return file;
}
