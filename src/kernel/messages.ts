/** What the two threads of the kernel say to each other. */
import type { Json } from './wire';

/** From the server (which talks to Jupyter) to the session (which runs cells). */
export type ToSession =
  | { type: 'execute'; id: string; code: string; count: number; silent: boolean }
  | { type: 'complete'; id: string; code: string; cursor: number }
  | { type: 'inspect'; id: string; code: string; cursor: number }
  | { type: 'isComplete'; id: string; code: string }
  /** Stop the cell `id`. Answered by `heard` as soon as the event loop turns. */
  | { type: 'interrupt'; id: string }
  | { type: 'shutdown' };

/** From the session to the server; `id` is always the request's. */
export type ToServer =
  | { type: 'ready' }
  /** The cell is compiled and its code starts: from here on it may be stopped from outside. */
  | { type: 'running'; id: string }
  | { type: 'heard'; id: string }
  | { type: 'publish'; id: string; kind: string; content: Json }
  | { type: 'reply'; id: string; content: Json };
