/**
 * Arenas for the tiles of a running product, kept for the next one: making one (a WebAssembly memory and an instance
 * of the module) costs more than a small Gram. Runs that overlap in time each hold one of their own.
 */

import { Arena } from '../linalg/elementwise';

const idle: Arena[] = [];
/** How many are kept: a gram and a cross under way at once. */
const KEPT = 2;

/** Runs `work` with an arena of at least `bytes` bytes, empty, that is its own until the promise settles. */
export async function withArena<T>(bytes: number, work: (arena: Arena) => Promise<T>): Promise<T> {
  const found = idle.findIndex((arena) => arena.capacity >= bytes);
  const arena = found < 0 ? new Arena(bytes) : idle.splice(found, 1)[0];
  try {
    return await work(arena);
  } finally {
    arena.reset();
    idle.push(arena);
    if (idle.length > KEPT) {
      idle.sort((a, b) => b.capacity - a.capacity);
      idle.pop();
    }
  }
}
