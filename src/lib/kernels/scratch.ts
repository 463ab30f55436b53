/**
 * Arenas for the passes and the tiles of a running Gram, kept for the next one: making one (a WebAssembly memory and an
 * instance of the module) costs more than a small Gram, and fresh memory has to be cleared page by page. Runs that
 * overlap in time each hold their own.
 */

import { Arena } from '../linalg/elementwise';

const idle: Arena[] = [];
/** How many are kept: passes and tiles of a gram and of a cross under way at once. */
const KEPT = 4;
/** Larger ones are given back: what is kept must not matter beside what a notebook holds. */
const LARGEST_KEPT = 1 << 26;

/** Runs `work` with an arena of at least `bytes` bytes, empty, that is its own until the promise settles. */
export async function withArena<T>(bytes: number, work: (arena: Arena) => Promise<T>): Promise<T> {
  // The smallest that is large enough (they stand in that order).
  const found = idle.findIndex((arena) => arena.capacity >= bytes);
  const arena = found < 0 ? new Arena(bytes) : idle.splice(found, 1)[0];
  try {
    return await work(arena);
  } finally {
    arena.reset();
    if (arena.capacity <= LARGEST_KEPT) idle.push(arena);
    idle.sort((a, b) => a.capacity - b.capacity);
    if (idle.length > KEPT) idle.shift();
  }
}
