/**
 * The stop button of a notebook. The kernel ends an interrupted cell at once, but it cannot end what the cell
 * awaited: a training would go on computing behind the cells that follow. So the kernel puts an AbortSignal for each
 * cell on `globalThis.__tslabInterrupt`, and everything long in the library listens to it, unless it is given a
 * signal of its own. This file alone knows the name.
 */

import { InterruptedError } from '../errors';

/**
 * The signal of the cell that runs now, aborted when the user interrupts it; undefined outside a notebook. Ask at the
 * beginning of a computation and keep it: the next cell has another one.
 */
export function interruption(): AbortSignal | undefined {
  return (globalThis as { __tslabInterrupt?: AbortSignal }).__tslabInterrupt;
}

/**
 * A check to call between the pieces of a long computation: throws an InterruptedError that names `what` once `signal`
 * (the running cell's unless given) is aborted. What is under way then must be awaited before.
 */
export function heedInterruption(what: string, signal = interruption()): () => void {
  return () => {
    if (signal?.aborted)
      throw new InterruptedError(
        {
          what,
          expected: 'to run to its end',
          got: 'an interrupt',
          todo: 'Call it again: it starts from the beginning.',
        },
        { cause: signal.reason },
      );
  };
}
