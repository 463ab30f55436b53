/**
 * Which backend computes. The choice is made when the first product is asked for, and stays: the library that
 * KERNELBOOK_BLAS names; else the first native library found; else plain JavaScript, with one line that says so.
 * KERNELBOOK_BLAS=none is a choice of plain JavaScript, and gets no line.
 */

import { NativeLibraryError, ValueError } from '../errors';
import type { Backend } from './backend';
import { NativeBackend } from './native/backend';
import { candidates, openLibrary } from './native/library';
import { holdToOne } from './native/threads';
import { PortableBackend } from './portable/backend';

export type BackendChoice = 'auto' | 'native' | 'portable';

let chosen: Backend | undefined;
/** Opened at most once a process: a BLAS keeps threads of its own. */
let native: NativeBackend | undefined;
let noticed = false;

/** The backend in use, for allocation-free loops over raw arrays. Throws a NativeLibraryError as `useBackend` does. */
export function backend(): Backend {
  return chosen ?? useBackend('auto');
}

/**
 * Chooses the backend: `auto` is the rule above, `native` and `portable` insist (for tests and measurements).
 * Throws a NativeLibraryError when KERNELBOOK_BLAS names a library that cannot be used, or when `native` finds none.
 */
export function useBackend(choice: BackendChoice): Backend {
  switch (choice) {
    case 'portable':
      return (chosen = new PortableBackend());
    case 'native':
      return (chosen = openNative() ?? noNative());
    case 'auto':
      return (chosen = automatic());
    default:
      throw new ValueError({
        what: 'useBackend',
        expected: "'auto', 'native' or 'portable'",
        got: `'${choice}'`,
        todo: "Leave it at 'auto' outside tests.",
      });
  }
}

/** Puts a backend in the place of the one in use, which it returns: for one that does more than compute. */
export function exchangeBackend(other: Backend): Backend {
  const before = backend();
  chosen = other;
  return before;
}

function automatic(): Backend {
  if (process.env.KERNELBOOK_BLAS?.toLowerCase() === 'none') return new PortableBackend();
  const found = openNative();
  if (found) return found;
  if (!noticed) {
    noticed = true;
    notice(
      'Kernelbook: no native BLAS found, so matrix products run in plain JavaScript, about a hundred times slower. ' +
        'Any of the npm commands installs one into .venv; or set KERNELBOOK_BLAS to the path of an OpenBLAS ' +
        '(KERNELBOOK_BLAS=none keeps JavaScript without this line).',
    );
  }
  return new PortableBackend();
}

function openNative(): NativeBackend | undefined {
  const asked = process.env.KERNELBOOK_BLAS;
  const path = asked?.toLowerCase() === 'none' ? undefined : asked;
  if (native && (!path || native.asked === path)) return native;
  const library = openLibrary(path);
  return library && (native = new NativeBackend(library, path));
}

/**
 * Gives every product of the process one thread until the function that it resolves to is called: for whoever starts
 * threads that compute. OpenBLAS has one number of threads for the whole process; with more than one, the
 * small products of two threads of ours wait for each other's, ten times as long as they take.
 */
export async function oneThread(): Promise<() => void> {
  const release = holdToOne();
  await native?.oneThread();
  return release;
}

function noNative(): never {
  throw new NativeLibraryError({
    what: 'Native BLAS',
    expected: 'one of its usual places to hold an OpenBLAS or Accelerate',
    got: `none of ${candidates().join(', ') || 'them'}`,
    todo: 'Any of the npm commands installs one into .venv; or set KERNELBOOK_BLAS to the path of an OpenBLAS.',
  });
}

let notice = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Says where notices go (the default is stderr); returns the listener before. */
export function onNotice(listener: (line: string) => void): (line: string) => void {
  const before = notice;
  notice = listener;
  return before;
}

/** The library in use, for people. */
export const blas = {
  /** What it is, such as `OpenBLAS 0.3.34 …` or `portable JavaScript`. */
  get name(): string {
    return backend().name;
  },
  /** The file that was loaded; empty for the portable path. */
  get library(): string {
    return backend().library;
  },
  /**
   * Sets (when n is given) and returns the number of threads of large operations; small products always run on one, and
   * all of them while threads of ours compute (run's `inThread`).
   * The default is the number of physical cores, or KERNELBOOK_THREADS. The portable path has one thread. Accelerate
   * settles the number itself. Throws a ValueError for anything but a whole number from 1.
   */
  threads(n?: number): number {
    return backend().threads(n);
  },
};
