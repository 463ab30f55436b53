/**
 * The IDX format of MNIST and its kin: a magic number that says the type and the number of axes, the axes' lengths as
 * big-endian 32-bit integers, then the values. Gzip is undone where the file begins like one.
 *
 * Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", the page of the data set.
 */

import { gunzipSync } from 'node:zlib';
import { DataError, shapeText } from '../errors';

export interface Idx {
  shape: number[];
  /** Unsigned bytes, the last index running fastest. */
  data: Uint8Array;
}

const UNSIGNED_BYTES = 8;

/**
 * Parses the bytes of an IDX file of unsigned bytes; `file` is its name in errors. Throws a DataError when it is torn,
 * of another type, or longer or shorter than its header says.
 */
export function parseIdx(bytes: Uint8Array, file: string): Idx {
  const content = gunzipped(bytes, file);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  if (view.byteLength < 4 || view.getUint16(0) !== 0)
    throw wrong(file, 'an IDX file', `${view.byteLength} bytes of something else`);
  const [type, axes] = [view.getUint8(2), view.getUint8(3)];
  if (type !== UNSIGNED_BYTES || axes === 0)
    throw wrong(file, 'unsigned bytes (type 8) of one or more axes', `type ${type} with ${axes} axes`);
  const start = 4 + 4 * axes;
  if (view.byteLength < start) throw wrong(file, `a header of ${start} bytes`, `${view.byteLength} bytes`);
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  const count = shape.reduce((product, n) => product * n, 1);
  if (view.byteLength - start !== count)
    throw wrong(file, `${count} bytes for ${shapeText(shape)} values`, `${view.byteLength - start}`);
  return { shape, data: content.subarray(start) };
}

/** The bytes themselves, or what is inside where they are a gzip file. Throws a DataError when that is torn. */
export function gunzipped(bytes: Uint8Array, file: string): Uint8Array {
  if (!(bytes[0] === 0x1f && bytes[1] === 0x8b)) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: 2 ** 31 - 1 });
  } catch (cause) {
    throw wrong(file, 'a whole gzip file', (cause as Error).message, cause);
  }
}

function wrong(what: string, expected: string, got: string, cause?: unknown): DataError {
  return new DataError(
    {
      what,
      expected,
      got,
      todo: 'The file is torn or foreign: copy it again from its source (data/README.md).',
    },
    { cause },
  );
}
