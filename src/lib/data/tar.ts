/**
 * The regular files of a tar archive in memory (POSIX ustar), by base name. Only what reading CIFAR-10's archive
 * needs; whether the contents are right is for checksums to say.
 */

import { basename } from 'node:path';
import { DataError } from '../errors';
import { gunzipped } from './idx';

const BLOCK = 512;

/** The files of an archive, gzipped or not. Throws a DataError naming `file` when it is torn or no archive. */
export function untar(bytes: Uint8Array, file: string): Map<string, Uint8Array> {
  const archive = Buffer.from(gunzipped(bytes, file));
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + BLOCK <= archive.length && archive[at] !== 0; ) {
    const header = archive.subarray(at, at + BLOCK);
    const size = Number.parseInt(header.toString('latin1', 124, 136), 8);
    const start = at + BLOCK;
    if (header.toString('latin1', 257, 262) !== 'ustar' || !(size >= 0) || start + size > archive.length)
      throw new DataError({
        what: file,
        expected: 'a whole tar archive',
        got: `no file header that fits at byte ${at}`,
        todo: 'The file is torn or foreign: copy it again from its source.',
      });
    const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '');
    const kind = String.fromCharCode(header[156]);
    if (kind === '0' || kind === '\0') files.set(basename(name), archive.subarray(start, start + size));
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}
