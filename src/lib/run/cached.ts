/**
 * Slow results, kept on disk under a hash of what they were computed from. An entry is a folder,
 * `<cache>/<name>/<key>/`, with `value.json` and one .npy file for each matrix. It is written under another name
 * beside its place and renamed when whole, so a reader sees all of it or nothing, whatever is killed when, and
 * however many processes write. Checksums of all parts are in value.json: an entry that is torn, corrupted or
 * incomplete is noticed, put aside and made anew.
 */

import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ValueError } from '../errors';
import { Matrix } from '../linalg/matrix';
import { bytesOf, decode, digest, encode, hashOf, type Reference } from './canonical';
import { type NpyData, readNpy, writeNpy } from './npy';
import { cacheFolder } from './paths';

export interface CacheOptions {
  /** Compute anew, and replace what is kept. Default: false. */
  refresh?: boolean;
  /** Where entries lie. Default: `cacheFolder()`. */
  folder?: string;
}

/** Changes when what is stored, or how, changes: older entries are then not found. */
const FORMAT = 1;
const VALUE = 'value.json';

/**
 * The value of `compute()`, from the cache where it has been computed from equal `inputs` before.
 *
 * `inputs` must hold all that the result depends on: a version of the computation (count it up when the code changes
 * what comes out), seed, sizes, dtype, and matrices or parameters, which are taken by their contents. `name` is a
 * folder name, or several (`trntk/gram`). The value may be JSON with matrices, typed arrays, bigints and infinities
 * anywhere in it; it comes back as it was, only without properties that are undefined. Every call gives an object of
 * its own. Calls with one key in one process wait for the first; processes may both compute, and either result stays.
 *
 * Throws what `compute` throws (nothing is then kept), and a ValueError for inputs or values that cannot be kept
 * (functions, NaN). A cache that cannot be written, for want of room or rights, costs a warning, not the result.
 */
export async function cached<T>(
  name: string,
  inputs: unknown,
  compute: () => T | Promise<T>,
  { refresh = false, folder = cacheFolder() }: CacheOptions = {},
): Promise<T> {
  const entry = join(folder, checkedName(name), cacheKey(name, inputs));
  const kept = () => (refresh ? undefined : (readEntry(entry) as { value: T } | undefined));
  for (let other = underway.get(entry); other; other = underway.get(entry)) await other.catch(() => {});
  const found = kept();
  if (found) return found.value;
  const result = (async () => {
    const value = await compute();
    writeEntry(entry, value);
    return value;
  })();
  underway.set(entry, result);
  try {
    return await result;
  } finally {
    underway.delete(entry);
  }
}

/** Whether `cached` would find a whole entry for these inputs. */
export function isCached(
  name: string,
  inputs: unknown,
  { folder = cacheFolder() }: CacheOptions = {},
): boolean {
  return readEntry(join(folder, checkedName(name), cacheKey(name, inputs))) !== undefined;
}

/** The key of an entry: 32 hexadecimal digits of SHA-256 over the format, the name and the inputs. */
export function cacheKey(name: string, inputs: unknown): string {
  return digest(JSON.stringify([FORMAT, name, hashOf('inputs', inputs)])).slice(0, 32);
}

/** Computations of this process, by entry. */
const underway = new Map<string, Promise<unknown>>();

interface Stored {
  /** SHA-256 of `value` as JSON. */
  checksum: string;
  value: unknown;
}

/** What an entry holds, or undefined when there is none or it is damaged (it is then out of the way). */
function readEntry(entry: string): { value: unknown } | undefined {
  if (!existsSync(entry)) return undefined;
  try {
    const stored = JSON.parse(readFileSync(join(entry, VALUE), 'utf8')) as Stored;
    if (digest(JSON.stringify(stored.value)) !== stored.checksum) throw new Error('checksum');
    return { value: decode(stored.value, (reference) => readArray(entry, reference)) };
  } catch {
    // Whatever is wrong with it: it cannot be used, and it is not needed.
    discard(entry);
    return undefined;
  }
}

function readArray(entry: string, reference: Reference): Matrix | NpyData {
  const [file, kind, checksum] = reference.$npy as [string, 'matrix' | 'array', string];
  const { data, shape } = readNpy(join(entry, file));
  if (digest(bytesOf(data)) !== checksum) throw new Error('checksum');
  if (kind === 'array') return data;
  return new Matrix(shape[0], shape[1], data as Float32Array | Float64Array);
}

function writeEntry(entry: string, value: unknown): void {
  const temporary = `${entry}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  const arrays: [string, Matrix | NpyData][] = [];
  const encoded = encode('value', value, (array) => {
    const file = `${arrays.length}.npy`;
    arrays.push([file, array]);
    const isMatrix = array instanceof Matrix;
    return { $npy: [file, isMatrix ? 'matrix' : 'array', digest(bytesOf(isMatrix ? array.data : array))] };
  });
  try {
    mkdirSync(temporary, { recursive: true });
    sweep(join(entry, '..'));
    for (const [file, array] of arrays) writeNpy(join(temporary, file), array);
    const stored: Stored = { checksum: digest(JSON.stringify(encoded)), value: encoded };
    writeFileSync(join(temporary, VALUE), JSON.stringify(stored));
    if (existsSync(entry)) discard(entry);
    renameSync(temporary, entry);
  } catch (error) {
    if (existsSync(temporary)) rmSync(temporary, { recursive: true, force: true });
    // Another process was quicker: its entry has the same inputs, hence the same value.
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
    process.emitWarning(
      `${entry} could not be kept (${(error as Error).message}); the result is computed anew next time.`,
    );
  }
}

/** Takes an entry away in one step, then deletes it, so that no reader finds half of it. */
function discard(entry: string): void {
  const aside = `${entry}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    renameSync(entry, aside);
    rmSync(aside, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      process.emitWarning(`${entry} is damaged and could not be removed (${(error as Error).message}).`);
  }
}

/** Removes what processes that were killed while writing have left. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = Number(/\.tmp-(\d+)-/.exec(name)?.[1]);
    if (!pid || pid === process.pid || isAlive(pid)) continue;
    const path = join(folder, name);
    // A process of another machine or container may share the folder; what it writes is young.
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NaN);
    if (age > 600_000) rmSync(path, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function checkedName(name: string): string {
  if (/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*$/.test(name)) return name;
  throw new ValueError({
    what: 'The name of a cached result',
    expected: 'folder names of letters, digits, ".", "_" and "-", joined by "/"',
    got: JSON.stringify(name),
    todo: 'Name the study and the quantity, as in "trntk/gram".',
  });
}
