/** Between two pieces of portable work: nothing when run at once, one turn of the event loop when asynchronous. */

import type { Step } from '../steps';

export const pause: Step = {
  run: () => undefined,
  runAsync: () => new Promise((resolve) => setImmediate(resolve)),
};
