/**
 * The scorecard of a study: its claims and guards are given before any result, results are recorded as they come, and
 * `publish` judges them all at once. A claim that is forgotten, recorded twice or recorded under a wrong name stops
 * the notebook: a scorecard that silently loses a row would be worth nothing.
 *
 *     const card = scorecard({ study: 'trntk-surrogates', source: 'MNIST', seeds: [0, 1, 2], claims: [
 *       claim({ id: 'mlp-tau', statement: 'τ of the trNTK surrogate', where: 'table 1', paper: '.708',
 *               rule: meanIs(within(0.1).of(0.708)), expect: 'holds' }),
 *     ] });
 *     card.record('mlp-tau', [0.72, 0.83, 0.76]);
 *     display(card.publish());
 */

import { join } from 'node:path';
import { ValueError } from '../errors';
import { blas } from '../linalg';
import { outFolder, type Profile, profile as runProfile } from '../run';
import { type Claim, expectedVerdict, type Guard } from './claim';
import { outcome } from './outcome';
import { scorecardHtml, scorecardText } from './render';
import type { Ours, Rule } from './rule';
import { type ScorecardFile, type ScorecardRow, writeScorecard } from './scorecard-file';

// biome-ignore lint/suspicious/noExplicitAny: a list of claims over values of different kinds
export type Row = Claim<string, any> | Guard<string, any>;
type IdOf<R> = R extends { readonly id: infer Id extends string } ? Id : never;
type ValueOf<R, Id> = R extends Claim<infer I, infer V> | Guard<infer I, infer V>
  ? Id extends I
    ? V
    : never
  : never;

export interface ScorecardDefinition<R extends Row> {
  /** The study's name, as its files are named. */
  study: string;
  /** The data that the run uses, e.g. `MNIST`: expected verdicts may depend on it. */
  source: string;
  /** The seeds over which means and errors are taken. */
  seeds: readonly (number | string)[];
  /** Claims and guards, in the order in which the scorecard shows them. */
  claims: readonly R[];
  /** For tests: what is otherwise read from the run. */
  profile?: Profile;
}

interface Entry {
  values: unknown[] | null;
  reason: string;
}

/** Starts the scorecard of a study. Throws a ValueError for an id given twice or a missing name. */
export function scorecard<R extends Row>(definition: ScorecardDefinition<R>): Scorecard<R> {
  return new Scorecard(definition);
}

export class Scorecard<R extends Row = Row> {
  readonly study: string;
  readonly profile: Profile;
  readonly source: string;
  readonly seeds: readonly (number | string)[];
  private readonly rows = new Map<string, Row>();
  private readonly entries = new Map<string, Entry>();
  private readonly explanations = new Map<string, string>();
  private readonly started = performance.now();

  constructor(definition: ScorecardDefinition<R>) {
    const { study, source, seeds, claims } = definition;
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(study))
      throw this.wrong(
        'study',
        'a name of lower-case words joined by hyphens',
        study,
        'Name it as its notebook.',
      );
    if (source.trim() === '')
      throw this.wrong('source', 'the name of the data', 'nothing', 'Name the data that this run uses.');
    if (!Array.isArray(seeds) || seeds.length === 0 || new Set(seeds).size !== seeds.length)
      throw this.wrong('seeds', 'one or more different seeds', JSON.stringify(seeds), 'Give each seed once.');
    for (const row of claims) {
      if (this.rows.has(row.id))
        throw this.wrong('claims', 'each id once', `“${row.id}” twice`, 'Give every claim an id of its own.');
      this.rows.set(row.id, row);
    }
    this.study = study;
    this.source = source;
    this.seeds = [...seeds];
    this.profile = definition.profile ?? runProfile();
  }

  /**
   * Records what the seeds measured, one value a seed in the order of `seeds`; for a claim that ran on some of them
   * only, name those: `{ seeds: [0, 1] }`. Throws a ValueError for an unknown id, a claim recorded before, a number
   * of values other than that of the seeds, or a value that the rule cannot judge (NaN above all).
   */
  record<Id extends IdOf<R>>(
    id: Id,
    perSeed: ArrayLike<ValueOf<R, Id>>,
    { seeds = this.seeds }: { seeds?: readonly (number | string)[] } = {},
  ): this {
    const values = Array.from(perSeed);
    const foreign = seeds.filter((s) => !this.seeds.includes(s));
    if (foreign.length > 0)
      throw this.wrong(
        `record “${id}”`,
        `seeds out of ${this.seeds.join(', ')}`,
        foreign.join(', '),
        'Name seeds of this study.',
      );
    if (values.length !== seeds.length)
      throw this.wrong(
        `record “${id}”`,
        `${seeds.length} values, one a seed (${seeds.join(', ')})`,
        `${values.length}`,
        'Record every seed, name the seeds that ran, or use recordOne for what has no seed.',
      );
    return this.keep(id, values, (i) => `seed ${seeds[i]}`);
  }

  /** Records the one value of a claim that has no seed: a count, an identity, exact arithmetic. */
  recordOne<Id extends IdOf<R>>(id: Id, value: ValueOf<R, Id>): this {
    return this.keep(id, [value], () => 'the value');
  }

  /** Says that a claim or guard was not tested, and what it would take. */
  notTested<Id extends IdOf<R>>(id: Id, whatItWouldTake: string): this {
    this.open(id);
    if (whatItWouldTake.trim() === '')
      throw this.wrong(
        `notTested “${id}”`,
        'what it would take to test it',
        'nothing',
        'Say it in one sentence.',
      );
    this.entries.set(id, { values: null, reason: whatItWouldTake });
    return this;
  }

  /** Gives the reason, as far as known, that is shown if the claim differs. The last one said is kept. */
  explain<Id extends IdOf<R>>(id: Id, reason: string): this {
    this.known(id);
    this.explanations.set(id, reason);
    return this;
  }

  /** The judged scorecard. Throws a ValueError that names every claim that was neither recorded nor `notTested`. */
  result(): ScorecardFile {
    const forgotten = [...this.rows.keys()].filter((id) => !this.entries.has(id));
    if (forgotten.length > 0)
      throw this.wrong(
        'publish',
        'every claim and guard recorded, or notTested with what it would take',
        `nothing for ${forgotten.map((id) => `“${id}”`).join(', ')}`,
        'Record them, or say why they were not tested.',
      );
    return {
      study: this.study,
      profile: this.profile,
      source: this.source,
      seeds: [...this.seeds],
      // Name and version; what follows (build options, processor) differs between machines without changing a verdict.
      library: blas.name.split(' ').slice(0, 2).join(' '),
      elapsedSeconds: Math.round((performance.now() - this.started) / 100) / 10,
      claims: [...this.rows.values()].map((row) => this.judged(row)),
    };
  }

  /** Judges everything and writes `<study>.json` into the run's out folder, whole or not at all. */
  publish(): PublishedScorecard {
    const file = this.result();
    const path = join(outFolder(this.profile), `${this.study}.json`);
    writeScorecard(path, file);
    return new PublishedScorecard(file);
  }

  private judged(row: Row): ScorecardRow {
    const { values, reason } = this.entries.get(row.id) as Entry;
    const judging = this.profile !== 'smoke';
    const common = { id: row.id, statement: row.statement, where: row.where };
    if (row.kind === 'guard') {
      const band = this.profile === 'smoke' ? undefined : row.bands[this.profile];
      const reader = this.ruleOf(row);
      const verdict = !judging
        ? 'not judged'
        : values === null
          ? 'not tested'
          : !band
            ? 'not judged'
            : band.judge(values)
              ? 'within'
              : 'left';
      const rule = band?.text ?? 'no band in this profile';
      return {
        ...common,
        kind: 'guard',
        paper: '–',
        ours: oursOf(reader, values),
        rule,
        verdict,
        expected: 'within',
        reason,
      };
    }
    const verdict = !judging
      ? 'not judged'
      : values === null
        ? 'not tested'
        : row.rule.judge(values)
          ? 'holds'
          : 'differs';
    const why = verdict === 'differs' ? (this.explanations.get(row.id) ?? row.reason) : reason;
    const expected = expectedVerdict(row.expect, this.profile, this.source);
    const ours = oursOf(row.rule, values);
    return {
      ...common,
      kind: 'claim',
      paper: row.paper,
      ours,
      rule: row.rule.text,
      verdict,
      expected,
      reason: why,
    };
  }

  private ruleOf(row: Row): Rule<unknown> {
    if (row.kind === 'claim') return row.rule;
    const band = this.profile === 'smoke' ? undefined : row.bands[this.profile];
    return (band ?? row.bands.quick ?? row.bands.paper) as Rule<unknown>;
  }

  private keep(id: string, values: unknown[], name: (i: number) => string): this {
    const row = this.open(id);
    const rule = this.ruleOf(row);
    values.forEach((value, i) => {
      const mismatch = rule.mismatch(value);
      if (mismatch !== null)
        throw this.wrong(
          `record “${id}”, ${name(i)}`,
          `${mismatch}, from which the rule “${rule.text}” gets a finite number`,
          shown(value),
          'Find out where it comes from: a scorecard takes no NaN and no infinity.',
        );
    });
    if (this.profile !== 'smoke' && values.length < rule.needs)
      throw this.wrong(
        `record “${id}”`,
        `at least ${rule.needs} seeds for the rule “${rule.text}”`,
        `${values.length}`,
        'A standard error needs more than one seed.',
      );
    this.entries.set(id, { values, reason: '' });
    return this;
  }

  private open(id: string): Row {
    const row = this.known(id);
    if (this.entries.has(id))
      throw this.wrong(
        `${row.kind} “${id}”`,
        'one result',
        'a second one',
        'A result is recorded once; to run a cell again, run the cell that makes the scorecard first.',
      );
    return row;
  }

  private known(id: string): Row {
    const row = this.rows.get(id);
    if (row) return row;
    throw this.wrong(
      'the id',
      `one of ${[...this.rows.keys()].join(', ')}`,
      `“${id}”`,
      'Define the claim first, or mend its name.',
    );
  }

  private wrong(what: string, expected: string, got: string, todo: string): ValueError {
    return new ValueError({
      what: `scorecard${this.study ? ` ${this.study}` : ''}, ${what}`,
      expected,
      got,
      todo,
    });
  }
}

/** A scorecard that was written: `display` shows it as a table, the console as text. */
export class PublishedScorecard {
  constructor(readonly file: ScorecardFile) {}

  /** Failures and news of the run. */
  get outcome(): ReturnType<typeof outcome> {
    return outcome(this.file);
  }

  /** The MIME bundle that a notebook shows. */
  toBundle(): { 'text/html': string; 'text/plain': string } {
    return { 'text/html': scorecardHtml(this.file), 'text/plain': scorecardText(this.file) };
  }

  toString(): string {
    return scorecardText(this.file);
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function oursOf(rule: Rule<unknown>, values: unknown[] | null): Ours | null {
  return values === null ? null : rule.summary(values);
}

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value !== 'object') return String(value);
  // JSON writes NaN as null; the reader must see NaN.
  return JSON.stringify(value, (_, v) =>
    typeof v === 'number' && !Number.isFinite(v) ? String(v) : v,
  ).slice(0, 120);
}
