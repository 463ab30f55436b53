/**
 * Many independent computations (seeds × sizes × kernels), each a pure function of a JSON description and each kept in
 * the cache by itself: a run that is killed at any point goes on where it was, and ends with the same results.
 */

import { setImmediate } from 'node:timers/promises';
import { InterruptedError } from '../errors';
import { type CacheOptions, cached } from './cached';
import { interruption } from './interruption';
import { progress as startProgress } from './progress';

/** A description of a job: JSON. All that its result depends on stands in it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface JobOptions extends CacheOptions {
  /** Show how far the jobs are: true, or what to call them (default: their name). Default: true. */
  progress?: boolean | string;
  /** Stops between jobs, and is handed to them to stop sooner. Default: the stop button of the notebook. */
  signal?: AbortSignal;
}

/**
 * The results of `compute(description)` for each description, in their order, one at a time; equal descriptions are
 * computed once. Between jobs the event loop runs, so that a notebook answers. `compute` must depend on nothing but its
 * description: make random numbers from a seed in it, and put in it a version that is counted up when the code
 * changes results. Results as in `cached`.
 *
 * Throws what a job throws, and an InterruptedError when `signal` stopped it; the jobs finished until then are kept.
 */
export async function runJobs<D extends Json, R>(
  name: string,
  descriptions: readonly D[],
  compute: (description: D, context: { signal?: AbortSignal }) => R | Promise<R>,
  { progress = true, signal = interruption(), ...cache }: JobOptions = {},
): Promise<R[]> {
  const shown = progress
    ? startProgress(descriptions.length, progress === true ? name : progress)
    : undefined;
  const results: R[] = [];
  try {
    for (const description of descriptions) {
      await setImmediate();
      if (signal?.aborted) throw interrupted(name, results.length, descriptions.length, signal);
      let computed = false;
      const work = () => {
        computed = true;
        return compute(description, { signal });
      };
      results.push(await cached(name, description, work, cache));
      if (computed) shown?.tick();
      else shown?.skip();
    }
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
