/**
 * Values as text: JSON in which matrices and typed arrays stand as references. What is hashed into a
 * key and what is stored are made here, so both accept the same values and refuse the same: NaN, functions, and
 * objects of a class that JSON would quietly turn into something else.
 */

import { createHash } from 'node:crypto';
import { ValueError } from '../errors';
import { Matrix } from '../linalg/matrix';
import type { NpyData } from './npy';

/** What can be hashed and stored: JSON, with matrices, typed arrays, bigints and infinities anywhere in it. */
export type Storable =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Matrix
  | NpyData
  | readonly Storable[]
  | { readonly [key: string]: Storable };

/** What stands in the text for a matrix or a typed array. */
export type Reference = { readonly [key: `$${string}`]: unknown };

/**
 * `value` as JSON data, keys in their order or sorted, each matrix and typed array replaced by what `refer` gives for it. Properties
 * that are undefined are left out. Throws a ValueError that names the place of anything else.
 */
export function encode(
  what: string,
  value: unknown,
  refer: (array: Matrix | NpyData) => Reference,
  { sorted = false } = {},
): unknown {
  const visit = (v: unknown, place: string): unknown => {
    if (v === null || typeof v === 'boolean' || typeof v === 'string') return v;
    if (typeof v === 'number') {
      if (Number.isNaN(v)) throw refused(place, 'a number', 'NaN');
      return Number.isFinite(v) && !Object.is(v, -0) ? v : { $number: Object.is(v, -0) ? '-0' : String(v) };
    }
    if (typeof v === 'bigint') return { $bigint: String(v) };
    if (v instanceof Matrix || isArray(v)) {
      checkArray(place, v instanceof Matrix ? v.data : v);
      return refer(v);
    }
    if (Array.isArray(v)) return v.map((item, i) => visit(item, `${place}[${i}]`));
    if (isPlain(v)) {
      const keys = Object.keys(v).filter((key) => v[key] !== undefined);
      const entries = (sorted ? keys.sort() : keys).map(
        (key) => [key, visit(v[key], `${place}.${key}`)] as const,
      );
      return entries.some(([key]) => key.startsWith('$'))
        ? { $entries: entries }
        : Object.fromEntries(entries);
    }
    const got = typeof v === 'object' && v ? `an object of class ${v.constructor?.name}` : `${typeof v}`;
    throw refused(place, 'JSON, a Matrix or a typed array', got);
  };
  return visit(value, what);
}

/** The value that `encode` was given, its arrays fetched by `load`. */
export function decode(encoded: unknown, load: (reference: Reference) => Matrix | NpyData): unknown {
  if (encoded === null || typeof encoded !== 'object') return encoded;
  if (Array.isArray(encoded)) return encoded.map((item) => decode(item, load));
  const object = encoded as Record<string, unknown>;
  if ('$number' in object) return Number(object.$number);
  if ('$bigint' in object) return BigInt(object.$bigint as string);
  const entries = '$entries' in object ? (object.$entries as [string, unknown][]) : undefined;
  if (!entries && Object.keys(object).some((key) => key.startsWith('$'))) return load(object as Reference);
  return Object.fromEntries((entries ?? Object.entries(object)).map(([key, v]) => [key, decode(v, load)]));
}

/** SHA-256, in hexadecimal, of `value` with its arrays taken by their contents. */
export function hashOf(what: string, value: unknown): string {
  const refer = (array: Matrix | NpyData) => {
    const data = array instanceof Matrix ? array.data : array;
    const shape = array instanceof Matrix ? array.shape : [array.length];
    return { $array: [data[Symbol.toStringTag], ...shape, digest(bytesOf(data))] };
  };
  const text = encode(what, value, refer, { sorted: true });
  return digest(JSON.stringify(text));
}

/** SHA-256 in hexadecimal. */
export function digest(bytes: string | Uint8Array): string {
  const hash = createHash('sha256');
  // A single update takes less than 2 GiB.
  const step = 1 << 30;
  if (typeof bytes === 'string') hash.update(bytes);
  else for (let at = 0; at < bytes.length; at += step) hash.update(bytes.subarray(at, at + step));
  return hash.digest('hex');
}

export function bytesOf(data: NpyData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function isArray(v: unknown): v is NpyData {
  return ArrayBuffer.isView(v) && !(v instanceof DataView) && !(v instanceof Uint8ClampedArray);
}

/** Whether a value is an object as `{}` makes it. */
export function isPlain(v: unknown): v is Record<string, unknown> {
  if (typeof v !== 'object' || v === null) return false;
  const prototype = Object.getPrototypeOf(v);
  // An object of another realm (a notebook's cell) has another Object.prototype, which itself has no prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function checkArray(place: string, data: NpyData): void {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) return;
  for (let i = 0; i < data.length; i++)
    if (Number.isNaN(data[i])) throw refused(`${place}, value ${i}`, 'a number', 'NaN');
}

function refused(what: string, expected: string, got: string): ValueError {
  return new ValueError({
    what,
    expected,
    got,
    todo:
      got === 'NaN'
        ? 'Find where it was made; a NaN is never kept.'
        : 'Only values that come back from a file as they were can be hashed and kept.',
  });
}
