/**
 * Many independent computations (seeds × sizes × kernels), each a pure function of a JSON description and each kept in
 * the cache by itself: a run that is killed at any point goes on where it was, and ends with the same results.
 */

import { setImmediate } from 'node:timers/promises';
import { InterruptedError, ValueError } from '../errors';
import { type CacheOptions, cached, cacheKey } from './cached';
import { interruption } from './interruption';
import { progress as startProgress } from './progress';

/** A description of a job: JSON. All that its result depends on stands in it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface JobOptions extends CacheOptions {
  /**
   * How many jobs are under way at a time (default 1). More pay where jobs wait for threads (`inThread`), as fits do
   * that go one example at a time; jobs that compute in this thread only take turns.
   */
  atOnce?: number;
  /** Show how far the jobs are: true, or what to call them (default: their name). Default: true. */
  progress?: boolean | string;
  /** Stops between jobs, and is handed to them to stop sooner. Default: the stop button of the notebook. */
  signal?: AbortSignal;
}

/**
 * The results of `compute(description)` for each description, in their order, `atOnce` at a time (default: one by
 * one); equal descriptions are computed once. Between jobs the event loop runs, so that a notebook answers. `compute`
 * must depend on nothing but its description: make random numbers from a seed in it, and put in it a version that is
 * counted up when the code changes results. Results as in `cached`.
 *
 * Throws what a job throws, and an InterruptedError when `signal` stopped it, once the jobs under way have ended; the
 * jobs finished until then are kept.
 */
export async function runJobs<D extends Json, R>(
  name: string,
  descriptions: readonly D[],
  compute: (description: D, context: { signal?: AbortSignal }) => R | Promise<R>,
  { progress = true, signal = interruption(), atOnce = 1, ...cache }: JobOptions = {},
): Promise<R[]> {
  if (!(Number.isInteger(atOnce) && atOnce >= 1))
    throw new ValueError({
      what: `The jobs "${name}", atOnce`,
      expected: 'a whole number from 1',
      got: String(atOnce),
      todo: 'Leave it out to run them one by one.',
    });
  const shown = progress
    ? startProgress(descriptions.length, progress === true ? name : progress)
    : undefined;
  const results = new Array<R>(descriptions.length);
  const underWay = new Map<string, Promise<unknown>>();
  let next = 0;
  let done = 0;
  let failed = false;

  const one = async (i: number) => {
    const description = descriptions[i];
    const key = cacheKey(name, description);
    // An equal description that is being computed: its result will be in the cache.
    await underWay.get(key)?.catch(() => {});
    if (failed) return;
    let computed = false;
    const work = () => {
      computed = true;
      return compute(description, { signal });
    };
    const result = cached(name, description, work, cache);
    underWay.set(key, result);
    results[i] = await result;
    done++;
    if (computed) shown?.tick();
    else shown?.skip();
  };
  const many = async () => {
    try {
      while (next < descriptions.length && !failed) {
        const i = next++;
        await setImmediate();
        if (signal?.aborted) throw interrupted(name, done, descriptions.length, signal);
        await one(i);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  try {
    const all = await Promise.allSettled(Array.from({ length: atOnce }, many));
    for (const end of all) if (end.status === 'rejected') throw end.reason;
    return results;
  } finally {
    shown?.done();
  }
}

function interrupted(name: string, done: number, total: number, signal: AbortSignal): InterruptedError {
  return new InterruptedError(
    {
      what: `The jobs "${name}"`,
      expected: `to run all ${total}`,
      got: `a stop after ${done}`,
      todo: 'Run them again: the finished ones are in the cache.',
    },
    { cause: signal.reason },
  );
}
