/**
 * NumPy's .npy files, read and written synchronously. Own code rather than npyjs 1.2.0, which was tried: it does not
 * compare the length of the data with the shape (a torn file reads as a shorter array), needs the whole file twice in
 * memory to write, leaves Fortran order and big-endian data to the caller, and brings an HTTP client.
 *
 * Format: NEP 1 and numpy/lib/format.py, versions 1.0, 2.0 and 3.0.
 */

import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DataError, ShapeError, shapeText } from '../errors';
import { type DType, Matrix, zeros } from '../linalg/matrix';

export type NpyData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** The type of one value, in numpy's letters: kind and bytes. `b1` (booleans) is held as 0 and 1 in a Uint8Array. */
export type NpyType = 'f4' | 'f8' | 'i1' | 'u1' | 'i2' | 'u2' | 'i4' | 'u4' | 'i8' | 'u8' | 'b1';

/** An array as the file holds it, in C (row-major) order. */
export interface Npy {
  shape: number[];
  type: NpyType;
  data: NpyData;
}

const ARRAYS: Record<NpyType, { new (length: number): NpyData; readonly BYTES_PER_ELEMENT: number }> = {
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  b1: Uint8Array,
};
const MAGIC = '\x93NUMPY';
/** The system takes less than 2 GiB at once. */
const CHUNK = 1 << 30;

/**
 * Reads a .npy file: numbers and booleans, either byte order, C order or Fortran's (put in C order). Throws a
 * DataError that names the file when it is missing, torn, of another format or of a type without numbers.
 */
export function readNpy(path: string): Npy {
  const file = open(path);
  try {
    const size = fstatSync(file).size;
    const { descr, fortran, shape, offset } = readHeader(path, file, size);
    const match = /^([<>|=])([fiub])(\d+)$/.exec(descr);
    const type = match ? (`${match[2]}${match[3]}` as NpyType) : undefined;
    if (!match || !type || !Object.hasOwn(ARRAYS, type))
      throw new DataError({
        what: path,
        expected: `values of type ${Object.keys(ARRAYS).join(', ')}`,
        got: `"${descr}"`,
        todo: 'Save it anew from numpy, e.g. np.save(path, a.astype("float64")).',
      });
    const length = shape.reduce((product, n) => product * n, 1);
    const bytes = length * ARRAYS[type].BYTES_PER_ELEMENT;
    if (size - offset !== bytes)
      throw new DataError({
        what: path,
        expected: `${bytes} bytes of data for ${shapeText(shape)} values of type ${type}`,
        got: String(size - offset),
        todo: 'The file is torn or was changed: copy it again from its source.',
      });
    const data = new ARRAYS[type](length);
    const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (let at = 0; at < bytes; ) {
      const read = readSync(file, view, at, Math.min(CHUNK, bytes - at), offset + at);
      if (read === 0) throw torn(path, `it ended after ${at} of ${bytes} bytes of data`);
      at += read;
    }
    if (match[1] !== '|' && match[1] !== '=' && (match[1] === '<') !== LITTLE_ENDIAN)
      swap(view, data.BYTES_PER_ELEMENT);
    return { shape, type, data: fortran && shape.length > 1 ? toRowMajor(data, shape, type) : data };
  } finally {
    closeSync(file);
  }
}

/**
 * Reads a .npy file of one or two axes as a Matrix (one axis: a single column), in its own precision, integers and
 * booleans as float64, or in `dtype`. Throws a DataError for other shapes.
 */
export function readMatrix(path: string, dtype?: DType): Matrix {
  const { shape, data } = readNpy(path);
  if (shape.length < 1 || shape.length > 2)
    throw new DataError({
      what: path,
      expected: 'one or two axes',
      got: `the shape (${shape.join(', ')})`,
      todo: 'Reshape it in numpy: an example is a row.',
    });
  const [rows, cols = 1] = shape;
  const values =
    data instanceof Float32Array || data instanceof Float64Array
      ? data
      : Float64Array.from(data as Iterable<number | bigint>, Number);
  const matrix = new Matrix(rows, cols, values);
  return dtype ? matrix.as(dtype) : matrix;
}

/**
 * Writes a Matrix (two axes) or a typed array (one axis, or the given `shape`) as .npy, version 1.0, C order. The file
 * appears whole or not at all: it is written under another name beside its place, then renamed. Makes the folder.
 */
export function writeNpy(
  path: string,
  array: Matrix | NpyData,
  { shape, type }: { shape?: readonly number[]; type?: 'b1' } = {},
): void {
  const data = array instanceof Matrix ? array.data : array;
  const axes = shape ?? (array instanceof Matrix ? array.shape : [data.length]);
  if (axes.reduce((product, n) => product * n, 1) !== data.length)
    throw new ShapeError({
      what: `writeNpy(${path})`,
      expected: `${data.length} values in all`,
      got: `the shape ${shapeText(axes)}`,
      todo: 'Give the shape of the array.',
    });
  mkdirSync(dirname(path), { recursive: true });
  const temporary = join(
    dirname(path),
    `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}`,
  );
  const file = openSync(temporary, 'wx');
  try {
    try {
      writeAll(file, header(data, axes, type));
      writeAll(file, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new DataError(
      {
        what: path,
        expected: 'a .npy file that can be read',
        got: (cause as NodeJS.ErrnoException).code ?? String(cause),
        todo: 'Check the path.',
      },
      { cause },
    );
  }
}

function readHeader(path: string, file: number, size: number) {
  const start = Buffer.alloc(12);
  const got = readSync(file, start, 0, 12, 0);
  if (got < 10 || start.toString('latin1', 0, 6) !== MAGIC)
    throw new DataError({
      what: path,
      expected: 'a .npy file',
      got: got === 0 ? 'an empty file' : 'another format, or the beginning of one',
      todo: 'Write it with np.save (not np.savez, which makes an archive of several).',
    });
  const version = start[6];
  if (version < 1 || version > 3) throw torn(path, `its format version is ${version}.${start[7]}`);
  const prefix = version === 1 ? 10 : 12;
  if (got < prefix) throw torn(path, 'it ends within its header');
  const length = version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (prefix + length > size) throw torn(path, 'it ends within its header');
  const bytes = Buffer.alloc(length);
  if (readSync(file, bytes, 0, length, prefix) !== length) throw torn(path, 'it ends within its header');
  const text = bytes.toString(version === 3 ? 'utf8' : 'latin1');
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const shapeList = /'shape'\s*:\s*\(((?:\s*\d+L?\s*,)*(?:\s*\d+L?\s*)?)\)/.exec(text)?.[1];
  if (/'descr'\s*:\s*\[/.test(text)) throw torn(path, 'it holds records, not numbers');
  if (descr === undefined || order === undefined || shapeList === undefined)
    throw torn(path, 'its header lacks the type, the order or the shape');
  const shape = shapeList
    .split(',')
    .map((n) => n.trim())
    .filter(Boolean)
    .map((n) => Number.parseInt(n, 10));
  return { descr, fortran: order === 'True', shape, offset: prefix + length };
}

function torn(path: string, got: string): DataError {
  return new DataError({
    what: path,
    expected: 'a whole .npy file of numbers (format 1.0 to 3.0)',
    got,
    todo: 'The file is torn or foreign: copy it again from its source.',
  });
}

function swap(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  if (width === 4) bytes.swap32();
  if (width === 8) bytes.swap64();
}

/** The values of an array in Fortran order (the first index runs fastest), in C order (the last does). */
function toRowMajor(data: NpyData, shape: readonly number[], type: NpyType): NpyData {
  const out = new ARRAYS[type](data.length);
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, n) => product * n, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

function header(data: NpyData, shape: readonly number[], type?: 'b1'): Buffer {
  const kind = type ?? (Object.keys(ARRAYS) as NpyType[]).find((t) => data instanceof ARRAYS[t]);
  const order = data.BYTES_PER_ELEMENT === 1 ? '|' : LITTLE_ENDIAN ? '<' : '>';
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${order}${kind}', 'fortran_order': False, 'shape': (${axes}), }`;
  // The data begins at a multiple of 64 bytes.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const out = Buffer.from(`${MAGIC}\x01\x00\0\0${dictionary.padEnd(length - 1)}\n`, 'latin1');
  out.writeUInt16LE(length, 8);
  return out;
}

/** What stands before the values of a Matrix in its file: for files whose values come piece by piece. */
export function matrixHeader(rows: number, cols: number, dtype: DType): Uint8Array {
  return header(zeros(0, dtype), [rows, cols]);
}

function writeAll(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(CHUNK, bytes.length - at));
}
