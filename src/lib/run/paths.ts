/**
 * Where things lie. The root of the project is found from this module's own place, so that a notebook, a test and a
 * command started in any folder mean the same files. Each folder can be moved by a variable of the environment; a
 * relative path in one is relative to the root.
 */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DataError } from '../errors';
import { type Profile, profile } from './profile';

/** The folder of the project's package.json. */
export function projectRoot(): string {
  return (root ??= findRoot(dirname(fileURLToPath(import.meta.url))));
}

/** Where a run writes: `out/<profile>/`; KERNELBOOK_OUT names another folder than `out`. The folder need not exist. */
export function outFolder(of: Profile = profile()): string {
  return join(folder('KERNELBOOK_OUT', 'out'), of);
}

/** Where results are kept to be resumed: `.cache/`, or KERNELBOOK_CACHE. The folder need not exist. */
export function cacheFolder(): string {
  return folder('KERNELBOOK_CACHE', '.cache');
}

/** Where data files lie: `data/`, or KERNELBOOK_DATA. */
export function dataFolder(): string {
  return folder('KERNELBOOK_DATA', 'data');
}

let root: string | undefined;

function findRoot(start: string): string {
  for (let at = start; ; at = dirname(at)) {
    const file = join(at, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'kernelbook') return at;
    if (dirname(at) === at)
      throw new DataError({
        what: 'The root of the project',
        expected: 'a package.json of the name "kernelbook" above the library',
        got: `none above ${start}`,
        todo: 'Keep src/lib inside its checkout.',
      });
  }
}

function folder(variable: string, otherwise: string): string {
  return resolve(projectRoot(), process.env[variable] || otherwise);
}
