/**
 * The binary version of CIFAR-10: records of 3073 bytes, a label and three planes (red, green, blue) of 32 × 32.
 *
 * A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009, and the page of the data set.
 */

import { DataError } from '../errors';

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const RECORD = 1 + 3 * PIXELS;

export interface CifarBatch {
  /** n × 3072 bytes: rows, columns, then red, green, blue (the planes of the file are interleaved). */
  images: Uint8Array;
  labels: Uint8Array;
}

/**
 * Parses the bytes of a batch (`data_batch_1.bin`); `file` is its name in errors. Throws a DataError unless it is
 * whole records with labels of 0 … 9.
 */
export function parseCifar(bytes: Uint8Array, file: string): CifarBatch {
  const n = bytes.length / RECORD;
  if (!Number.isInteger(n) || n === 0)
    throw new DataError({
      what: file,
      expected: `whole records of ${RECORD} bytes`,
      got: `${bytes.length} bytes`,
      todo: 'The file is torn or foreign (the binary version is needed): copy it again from its source.',
    });
  const images = new Uint8Array(n * 3 * PIXELS);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    labels[i] = bytes[i * RECORD];
    if (labels[i] > 9)
      throw new DataError({
        what: `${file}, record ${i}`,
        expected: 'a label of 0 … 9',
        got: String(labels[i]),
        todo: 'The file is torn or foreign (the binary version of CIFAR-10 is needed): copy it again from its source.',
      });
    interleave(bytes, i * RECORD + 1, images, i * 3 * PIXELS);
  }
  return { images, labels };
}

function interleave(planes: Uint8Array, from: number, pixels: Uint8Array, to: number): void {
  for (let p = 0; p < PIXELS; p++)
    for (let channel = 0; channel < 3; channel++)
      pixels[to + 3 * p + channel] = planes[from + channel * PIXELS + p];
}
