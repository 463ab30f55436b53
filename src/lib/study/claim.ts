/**
 * A claim judges one statement of a paper by a rule written from the paper; a guard is a band around our own measured
 * value that catches regressions. Both are defined before the result is known: the definition holds no number of ours
 * except, for guards, the band. A statement that holds in one case and fails in another is two claims.
 */

import { ValueError } from '../errors';
import type { Condition } from './condition';
import { asRule, type Rule } from './rule';

/** What a run can say about a claim. */
export type Verdict = 'holds' | 'differs' | 'not tested';
/** What a definition expects: a verdict, or `unknown` where nobody has measured it yet (never a failure). */
export type Expected = Verdict | 'unknown';
/** The profiles in which verdicts are given; in `smoke` nothing is judged. */
export type JudgedProfile = 'quick' | 'paper';

/**
 * The expected verdict: one for all, or one per profile, or one per profile and data source, as
 * `{ quick: { MNIST: 'holds', generated: 'not tested' }, paper: 'holds' }`. What is not named is `unknown`.
 */
export type Expectation = Expected | { [P in JudgedProfile]?: Expected | { [source: string]: Expected } };

/** A claim; V is what one seed records. */
export interface Claim<Id extends string = string, V = unknown> {
  readonly kind: 'claim';
  readonly id: Id;
  readonly statement: string;
  readonly where: string;
  readonly paper: string;
  readonly rule: Rule<V>;
  readonly expect: Expectation;
  readonly reason: string;
}

/** A guard; V is what one seed records. A profile without a band is not judged. */
export interface Guard<Id extends string = string, V = unknown> {
  readonly kind: 'guard';
  readonly id: Id;
  readonly statement: string;
  readonly where: string;
  readonly bands: { readonly [P in JudgedProfile]?: Rule<V> };
}

export interface ClaimDefinition<Id extends string, V> {
  /** Kebab case, unique in the study: `mlp-tau`. */
  id: Id;
  /** The paper's statement, in our words, as one sentence. */
  statement: string;
  /** Section, table, figure or equation; `beyond the paper` where the claim is ours. */
  where: string;
  /** The paper's number or words beside which ours is shown; `–` where it gives none. */
  paper: string;
  /** The rule, from the paper. A bare condition judges the mean over seeds. */
  rule: Rule<V> | Condition;
  /** The verdict we expect, which a later run must not change unnoticed. */
  expect: Expectation;
  /** Why it differs, as far as known; shown when the verdict is `differs`. */
  reason?: string;
}

export interface GuardDefinition<Id extends string, V> {
  /** Kebab case, unique in the study. */
  id: Id;
  /** What is measured. */
  statement: string;
  /** Where the measured number is discussed, e.g. a section of the notebook. */
  where?: string;
  /** The band around our own value, for every profile or by profile. A bare condition judges the mean over seeds. */
  band: Rule<V> | Condition | { [P in JudgedProfile]?: Rule<V> | Condition };
}

/** Defines a claim. Throws a ValueError for a malformed id or an empty sentence. */
export function claim<Id extends string, V = number>(definition: ClaimDefinition<Id, V>): Claim<Id, V> {
  const { id, statement, where, paper, rule, expect, reason = '' } = definition;
  checkWords('claim', id, { statement, where, paper });
  checkExpectation(id, expect);
  return { kind: 'claim', id, statement, where, paper, rule: asRule(rule), expect, reason };
}

/** Defines a guard. Throws a ValueError for a malformed id or an empty sentence. */
export function guard<Id extends string, V = number>(definition: GuardDefinition<Id, V>): Guard<Id, V> {
  const { id, statement, where = 'our own value', band } = definition;
  checkWords('guard', id, { statement, where });
  const lift = (r?: Rule<V> | Condition) => (r === undefined ? undefined : asRule(r));
  const one = 'text' in band ? asRule(band) : null;
  const bands = one
    ? { quick: one, paper: one }
    : { quick: lift((band as { quick?: Rule<V> }).quick), paper: lift((band as { paper?: Rule<V> }).paper) };
  if (!bands.quick && !bands.paper)
    throw new ValueError({
      what: `guard “${id}”`,
      expected: 'a band, for every profile or for quick or paper',
      got: 'none',
      todo: 'Give band: between(low, high), or { quick: between(…), paper: between(…) }.',
    });
  return { kind: 'guard', id, statement, where, bands };
}

/** The expected verdict for a profile and data source; `unknown` where the definition names none. */
export function expectedVerdict(expect: Expectation, profile: string, source: string): Expected {
  if (typeof expect === 'string') return expect;
  const here = expect[profile as JudgedProfile] ?? 'unknown';
  return typeof here === 'string' ? here : (here[source] ?? 'unknown');
}

const VERDICTS: readonly string[] = ['holds', 'differs', 'not tested', 'unknown'];

function checkExpectation(id: string, expect: Expectation): void {
  const bad = (where: string, got: unknown) =>
    new ValueError({
      what: `claim “${id}”, expect${where}`,
      expected: 'holds, differs, not tested or unknown, for all or by profile (quick, paper) and data source',
      got: JSON.stringify(got) ?? String(got),
      todo: 'Set the verdict you expect before the run.',
    });
  const isVerdict = (v: unknown) => typeof v === 'string' && VERDICTS.includes(v);
  if (isVerdict(expect)) return;
  if (typeof expect !== 'object' || expect === null) throw bad('', expect);
  for (const [profile, here] of Object.entries(expect)) {
    if (profile !== 'quick' && profile !== 'paper') throw bad('', profile);
    if (isVerdict(here)) continue;
    if (typeof here !== 'object' || here === null) throw bad(`.${profile}`, here);
    for (const [source, verdict] of Object.entries(here))
      if (!isVerdict(verdict)) throw bad(`.${profile}.${source}`, verdict);
  }
}

function checkWords(kind: string, id: string, words: Record<string, string>): void {
  if (typeof id !== 'string' || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))
    throw new ValueError({
      what: `the id of a ${kind}`,
      expected: 'lower-case words joined by hyphens, as mlp-tau',
      got: JSON.stringify(id) ?? String(id),
      todo: 'Name it as the study names the statement.',
    });
  for (const [name, text] of Object.entries(words))
    if (typeof text !== 'string' || text.trim() === '')
      throw new ValueError({
        what: `${kind} “${id}”, ${name}`,
        expected: 'some words',
        got: JSON.stringify(text) ?? String(text),
        todo: name === 'paper' ? 'Write – where the paper gives no number.' : 'Say it in one sentence.',
      });
}
