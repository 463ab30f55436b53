/**
 * Work on the other cores: an exported function of a module runs in a worker thread, while this one goes on with
 * something else. It pays for loops that are long and have little to send, above all for fits that go one example at a
 * time and so cannot be given to a threaded matrix product: several of them run side by side, one a core.
 *
 *     const fits = await Promise.all(alphas.map((alpha) => inThread(file, 'fit', [X.data, y, { alpha }])));
 *
 * Arguments and results are copied (structured clone): typed arrays and plain objects, no instances of classes. A
 * function may be a generator; what it yields arrives at `onProgress`. Threads are kept for the next call, and do not
 * keep a process alive.
 */

import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { InterruptedError, ValueError } from '../errors';
import { interruption } from './interruption';
import { type PackedError, unpacked } from './thread-error';

export interface ThreadOptions<P = unknown> {
  /** Ends the thread and the call, with an InterruptedError, when it is aborted. Default: the stop button. */
  signal?: AbortSignal;
  /** What a generator yields, but for undefined. */
  onProgress?: (progress: P) => void;
  /** Whose work it is, in the error of an interrupt; the function's name otherwise. */
  what?: string;
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

/**
 * Calls the function that the module `file` (an absolute path) exports as `name`, in a thread, and resolves to what it
 * returns. Throws what it throws, errors of the library with their class; an InterruptedError when `signal` stopped
 * it (the thread then ends wherever it is), and an Error when the thread died.
 */
export async function inThread<R, P = unknown>(
  file: string,
  name: string,
  args: readonly unknown[],
  { signal = interruption(), onProgress, what = name }: ThreadOptions<P> = {},
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
    if (signal?.aborted) throw stopped();
    return await call<R, P>({ file, name, args }, signal, stopped, onProgress);
  } finally {
    // The place goes to who waits longest, or is free.
    const next = waiting.shift();
    if (next) next();
    else busy--;
  }
}

function call<R, P>(
  request: { file: string; name: string; args: readonly unknown[] },
  signal: AbortSignal | undefined,
  stopped: () => Error,
  onProgress?: (progress: P) => void,
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
    const abort = () => {
      end();
      void worker.terminate();
      reject(stopped());
    };
    const answered = ({ progress, error, value }: Answer) => {
      if (progress !== undefined) return onProgress?.(progress as P);
      keep();
      if (error) reject(unpacked(error));
      else resolve(value as R);
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
  const worker = new Worker(entry);
  worker.on('exit', () => {
    if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
  });
  return worker;
}
