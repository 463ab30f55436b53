/**
 * Work on the other cores: an exported function of a module runs in a worker thread, while this one goes on with
 * something else. It pays for loops that are long and have little to send, above all for fits that go one example at a
 * time, and trainings of small networks, which a threaded matrix product cannot help: several of them run side by side,
 * one a core.
 *
 *     const fits = await Promise.all(alphas.map((alpha) => inThread(file, 'fit', [X, y, { alpha }])));
 *
 * Arguments and results are copied: typed arrays, matrices and plain objects, no instances of other classes. A function
 * may be a generator, whose yields arrive at `onProgress`; an asynchronous one finds in its last argument, a
 * ThreadContext, how to report. Threads are kept for the next call, and do not keep a process alive.
 *
 * A thread is one core: while any is at work, the products of all of them, and of this one, have one thread (linalg's
 * `oneThread`).
 */

import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InterruptedError, ValueError } from '../errors';
import { oneThread } from '../linalg/blas';
import { interruption } from './interruption';
import { type PackedError, unpacked } from './thread-error';
import { packedValue, unpackedValue } from './thread-value';

export interface ThreadOptions<P = unknown> {
  /** Ends the thread and the call, with an InterruptedError, when it is aborted. Default: the stop button. */
  signal?: AbortSignal;
  /**
   * The function heeds the signal in its ThreadContext: the thread is not ended then, and the call ends as the function
   * does. Default: false.
   */
  heedsSignal?: boolean;
  /** Gets what a generator yields, and what is reported, but for undefined. What this throws ends the thread and the call. */
  onProgress?: (progress: P) => void;
  /** Whose work it is, in the error of an interrupt; the function's name otherwise. */
  what?: string;
}

/** What a function that is called by `inThread` gets after its arguments. */
export interface ThreadContext<P = unknown> {
  /** Aborted when the call's is, where its option `heedsSignal` says so, once the function gives way to the event loop. */
  readonly signal: AbortSignal;
  /** Sends something to the call's `onProgress`, which it reaches while the function goes on. */
  report(progress: P): void;
}

/** How many calls run at once: the cores, or KERNELBOOK_THREADS. Further calls wait for their turn. */
export function threads(): number {
  const asked = process.env.KERNELBOOK_THREADS;
  if (asked === undefined || asked === '') return availableParallelism();
  const count = Number(asked);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new ValueError({
    what: 'KERNELBOOK_THREADS',
    expected: 'a whole number from 1',
    got: asked,
    todo: 'Leave it out for one thread a core.',
  });
}

interface Answer {
  readonly progress?: unknown;
  readonly value?: unknown;
  readonly error?: PackedError;
}

const entry = join(dirname(fileURLToPath(import.meta.url)), 'thread.cjs');
const idle: Worker[] = [];
const waiting: (() => void)[] = [];
let busy = 0;
/** While a call is under way: gives the library its threads back. */
let release: Promise<() => void> | undefined;

/**
 * Calls the function that the module `file` (an absolute path) exports as `name`, in a thread, with these arguments and a
 * ThreadContext, and resolves to what it returns. Throws what it throws, errors of the library with their class; an
 * InterruptedError when `signal` stopped it (before it began, or wherever the thread was), and an Error when the thread died.
 */
export async function inThread<R, P = unknown>(
  file: string,
  name: string,
  args: readonly unknown[],
  { signal = interruption(), what = name, ...options }: ThreadOptions<P> = {},
): Promise<R> {
  const stopped = () =>
    new InterruptedError(
      {
        what,
        expected: 'to run to its end',
        got: 'an interrupt',
        todo: 'Call it again: it starts from the beginning.',
      },
      { cause: signal?.reason },
    );
  if (busy >= threads()) await new Promise<void>((resolve) => waiting.push(resolve));
  else busy++;
  try {
    release ??= oneThread();
    await release;
    if (signal?.aborted) throw stopped();
    return await call<R, P>({ file, name, args: packedValue(args) }, signal, stopped, options);
  } finally {
    // The place goes to who waits longest, or is free.
    const next = waiting.shift();
    if (next) next();
    else if (--busy === 0) {
      void release?.then((end) => end());
      release = undefined;
    }
  }
}

function call<R, P>(
  request: { file: string; name: string; args: unknown },
  signal: AbortSignal | undefined,
  stopped: () => Error,
  { onProgress, heedsSignal = false }: ThreadOptions<P>,
): Promise<R> {
  const worker = idle.pop() ?? started();
  worker.ref();
  return new Promise<R>((resolve, reject) => {
    const end = () => {
      signal?.removeEventListener('abort', abort);
      worker.off('message', answered);
      worker.off('error', reject);
      worker.off('exit', ended);
    };
    const keep = () => {
      end();
      worker.unref();
      idle.push(worker);
    };
    const endThread = (reason: unknown) => {
      end();
      void worker.terminate();
      reject(reason);
    };
    const abort = () => {
      if (heedsSignal) worker.postMessage({ abort: true });
      else endThread(stopped());
    };
    const progressed = (progress: unknown) => {
      try {
        onProgress?.(unpackedValue(progress) as P);
      } catch (error) {
        endThread(error);
      }
    };
    const answered = ({ progress, error, value }: Answer) => {
      if (progress !== undefined) return progressed(progress);
      keep();
      if (error) reject(unpacked(error));
      else resolve(unpackedValue(value) as R);
    };
    const ended = (code: number) => {
      end();
      reject(new Error(`The thread of ${request.name} ended with ${code} before it answered.`));
    };
    signal?.addEventListener('abort', abort);
    worker.on('message', answered);
    worker.on('error', reject); // an exit follows
    worker.on('exit', ended);
    try {
      worker.postMessage(request);
    } catch (error) {
      keep();
      reject(error); // something that cannot be cloned
    }
  });
}

function started(): Worker {
  // A thread is one core, for its own products and calls of `inThread` too.
  const worker = new Worker(entry, { env: { ...process.env, KERNELBOOK_THREADS: '1' } });
  worker.on('exit', () => {
    if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
  });
  return worker;
}
