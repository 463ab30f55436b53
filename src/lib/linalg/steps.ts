/**
 * An algorithm of linear algebra as a sequence of heavy steps, written once as a generator and run in two ways: at
 * once (`now`), or with each heavy step off the main thread (`later`). What happens between the steps (checks,
 * copies, transposes) is light and runs on the main thread; everything before the first step runs inside the call,
 * so an input may be changed as soon as an asynchronous function that copies it has returned.
 *
 * The heavy steps of all asynchronous calls stand in one queue: each already uses all the threads of the library, and
 * two at a time would only be slower. A step that is over before another thread would have woken up stays on the main
 * thread when nothing stands in the queue; the event loop gets its turn every few milliseconds all the same.
 */

export interface Step {
  run(): void;
  runAsync(): Promise<void>;
  /** Takes about as long as going to another thread and back: a tenth of a millisecond. */
  readonly small?: boolean;
}

export type Steps<T> = Generator<Step, T, void>;

/** Runs all steps here and now. */
export function now<T>(steps: Steps<T>): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    next.value.run();
  }
}

let queue: Promise<void> = Promise.resolve();
let standing = 0;

/** Milliseconds of small steps between two turns of the event loop. */
const TURN = 5;
let turnStarted = 0;

/** Runs the heavy steps off the main thread, in the order in which they were asked for. */
export async function later<T>(steps: Steps<T>): Promise<T> {
  let next = steps.next();
  while (!next.done) {
    const step = next.value;
    if (step.small && standing === 0 && performance.now() - turnStarted < TURN) step.run();
    else if (step.small && standing === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      turnStarted = performance.now();
      continue;
    } else await inQueue(step);
    next = steps.next();
  }
  return next.value;
}

async function inQueue(step: Step): Promise<void> {
  standing++;
  const turn = queue.then(() => step.runAsync());
  queue = turn.catch(() => undefined); // the failure belongs to this caller, not to the next in the queue
  try {
    await turn;
  } finally {
    standing--;
  }
}
