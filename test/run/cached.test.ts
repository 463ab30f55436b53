import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';
import { cached, cacheKey, isCached } from '../../src/lib/run';

const base = mkdtempSync(join(tmpdir(), 'kernelbook-cache-'));
afterAll(() => rmSync(base, { recursive: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(base, 'test-'));
});

const value = () => ({
  zeta: 1,
  alpha: [true, null, 'text', -0, Number.POSITIVE_INFINITY, 0.1 + 0.2, 12345678901234567890n],
  K: Matrix.from([
    [1, 2],
    [3, 4.5],
  ]),
  single: Matrix.from([[1.5]], 'float32'),
  labels: Uint8Array.of(1, 0, 255),
  ids: BigInt64Array.of(1n << 60n),
  nested: [{ curve: Float32Array.of(0.1, 0.2) }, []],
  $odd: { '': 1 },
});

test('what comes back is what was computed: matrices, typed arrays, bigints, infinities, −0, order of keys', async () => {
  const compute = vi.fn(value);
  const first = await cached('kinds', { seed: 1 }, compute, { folder });
  const again = await cached('kinds', { seed: 1 }, compute, { folder });
  expect(compute).toHaveBeenCalledTimes(1);
  for (const result of [first, again]) {
    expect(result).toEqual(value());
    expect(Object.keys(result)).toEqual(Object.keys(value()));
    expect(Object.is(result.alpha[3], -0)).toBe(true);
    expect(result.K).toBeInstanceOf(Matrix);
    expect(result.single.dtype).toBe('float32');
  }
  expect(again).not.toBe(first);
});

describe('the key', () => {
  const K = Matrix.from([[1, 2]]);
  const inputs = { version: 2, seed: 1, dtype: 'float32', K, weights: Float32Array.of(1, 2), sizes: [3, 4] };
  const key = cacheKey('a', inputs);

  test('does not depend on the order of keys, on what is undefined, or on where numbers lie in memory', () => {
    const { seed, ...rest } = inputs;
    const view = new Matrix(1, 2, Float64Array.of(9, 1, 2).subarray(1));
    expect(cacheKey('a', { ...rest, seed, none: undefined })).toBe(key);
    expect(cacheKey('a', { ...inputs, K: view })).toBe(key);
  });

  test.each([
    ['another name', 'b', inputs],
    ['another version', 'a', { ...inputs, version: 3 }],
    ['a seed as text', 'a', { ...inputs, seed: '1' }],
    ['one more input', 'a', { ...inputs, profile: 'quick' }],
    ['one entry of a matrix', 'a', { ...inputs, K: Matrix.from([[1, 2 + 1e-15]]) }],
    ['the shape of a matrix', 'a', { ...inputs, K: K.reshape(2, 1) }],
    ['the precision of a matrix', 'a', { ...inputs, K: K.as('float32') }],
    ['a vector for a matrix', 'a', { ...inputs, K: K.data }],
    ['the kind of an array', 'a', { ...inputs, weights: Float64Array.of(1, 2) }],
    ['the order of a list', 'a', { ...inputs, sizes: [4, 3] }],
    ['a list for its text', 'a', { ...inputs, sizes: '[3,4]' }],
  ] as const)('changes with %s', (_, name, other) => {
    expect(cacheKey(name, other)).not.toBe(key);
  });

  test('never comes from what cannot be hashed', () => {
    const refused: [unknown, RegExp][] = [
      [{ f: () => 1 }, /^inputs\.f: .*function/],
      [{ x: Number.NaN }, /^inputs\.x: .*NaN/],
      [{ x: [Float32Array.of(1, Number.NaN)] }, /x\[0\], value 1/],
      [{ d: new Date(0) }, /Date/],
      [{ m: new Map() }, /Map/],
      [{ s: Symbol('s') }, /symbol/],
      [[undefined], /undefined/],
    ];
    for (const [input, message] of refused) {
      expect(() => cacheKey('a', input)).toThrow(ValueError);
      expect(() => cacheKey('a', input)).toThrow(message);
    }
  });
});

test('values that could not come back are refused and nothing is kept', async () => {
  for (const wrong of [Number.NaN, undefined, { f() {} }, new Date(0), Matrix.from([[Number.NaN]])])
    await expect(cached('wrong', {}, () => wrong, { folder })).rejects.toThrow(ValueError);
  expect(isCached('wrong', {}, { folder })).toBe(false);
});

test('what fails is not kept, and is tried again', async () => {
  let tries = 0;
  const compute = async () => {
    if (++tries === 1) throw new Error('first');
    return tries;
  };
  await expect(cached('fails', 1, compute, { folder })).rejects.toThrow('first');
  expect(await cached('fails', 1, compute, { folder })).toBe(2);
  expect(await cached('fails', 1, compute, { folder })).toBe(2);
});

test('calls for one key at once compute once, and get objects of their own', async () => {
  const compute = vi.fn(async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { K: Matrix.identity(2) };
  });
  const results = await Promise.all([1, 2, 3].map(() => cached('once', {}, compute, { folder })));
  expect(compute).toHaveBeenCalledTimes(1);
  results[0].K.set(0, 0, 99);
  expect(results[1].K.get(0, 0)).toBe(1);
});

test('of calls for one key at once, a failure is left to the one that met it', async () => {
  let tries = 0;
  const compute = async () => {
    await null;
    if (++tries === 1) throw new Error('first');
    return tries;
  };
  const results = await Promise.allSettled([1, 2, 3].map(() => cached('shared', {}, compute, { folder })));
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  expect(tries).toBe(2);
});

test('refresh computes anew and replaces', async () => {
  await cached('fresh', {}, () => 1, { folder });
  expect(await cached('fresh', {}, () => 2, { folder, refresh: true })).toBe(2);
  expect(await cached('fresh', {}, () => 3, { folder })).toBe(2);
});

describe('a damaged entry is noticed and made anew', () => {
  const make = () => ({
    a: 'é1',
    K: new Matrix(20, 10, random(1).fill(new Float32Array(200), 'normal')),
    n: [1, 2, 3],
  });
  const entry = () => join(folder, 'damaged', readdirSync(join(folder, 'damaged'))[0]);
  const check = async () => {
    const compute = vi.fn(make);
    const result = await cached('damaged', {}, compute, { folder });
    expect(result).toEqual(make());
    expect(readdirSync(join(folder, 'damaged'))).toHaveLength(1);
    return compute.mock.calls.length;
  };

  test.each(['value.json', '0.npy'])('truncated at any length: %s', async (file) => {
    await check();
    const size = statSync(join(entry(), file)).size;
    for (let length = 0; length < size; length += 1 + Math.floor(size / 40)) {
      truncateSync(join(entry(), file), length);
      expect(await check()).toBe(1);
      expect(await check()).toBe(0);
    }
  });

  test.each(['value.json', '0.npy'])('any byte changed: %s', async (file) => {
    await check();
    const whole = readFileSync(join(entry(), file));
    const rng = random(file);
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(whole);
      bytes[rng.integer(bytes.length)] ^= 1 + rng.integer(255);
      writeFileSync(join(entry(), file), bytes);
      // Padding in a header and white space mean nothing: the entry may still be whole, never wrong.
      await check();
    }
  });

  test.each(['value.json', '0.npy'])('without its %s', async (file) => {
    await check();
    rmSync(join(entry(), file));
    expect(await check()).toBe(1);
  });

  test('an empty folder, and a file in its place', async () => {
    await check();
    const at = entry();
    rmSync(at, { recursive: true });
    mkdirSync(at);
    expect(await check()).toBe(1);
    rmSync(at, { recursive: true });
    writeFileSync(at, 'not a folder');
    expect(await check()).toBe(1);
  });

  test('a matrix of another entry in its place', async () => {
    await check();
    const at = entry();
    await cached('other', {}, () => Matrix.zeros(20, 10, 'float32'), { folder });
    const other = join(folder, 'other', readdirSync(join(folder, 'other'))[0]);
    writeFileSync(join(at, '0.npy'), readFileSync(join(other, '0.npy')));
    expect(await check()).toBe(1);
  });
});

test('what a killed writer left is swept once it is old, and a living writer’s is not', async () => {
  await cached('swept', 1, () => 1, { folder });
  const at = join(folder, 'swept');
  const old = new Date(Date.now() - 3_600_000);
  const dead = 2 ** 22 + 1; // above any pid that Linux gives
  for (const name of [`k.tmp-${dead}-aa`, `k.tmp-${process.ppid}-bb`, `k.tmp-${dead}-young`]) {
    mkdirSync(join(at, name));
    if (!name.endsWith('young')) utimesSync(join(at, name), old, old);
  }
  await cached('swept', 2, () => 2, { folder });
  const left = readdirSync(at).filter((name) => name.includes('.tmp-'));
  expect(left.sort()).toEqual([`k.tmp-${dead}-young`, `k.tmp-${process.ppid}-bb`].sort());
});

test('a cache that cannot be written costs a warning, not the result', async () => {
  const blocked = join(folder, 'blocked');
  writeFileSync(blocked, 'a file where the folder should be');
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  expect(await cached('name', {}, () => 7, { folder: blocked })).toBe(7);
  expect(warn).toHaveBeenCalledOnce();
  expect(String(warn.mock.calls[0][0])).toContain('could not be kept');
  warn.mockRestore();
});

test('names that are no folder names are refused', async () => {
  for (const name of ['', '../up', '/root', 'a//b', 'a b', '.hidden'])
    await expect(cached(name, {}, () => 1, { folder })).rejects.toThrow(ValueError);
  expect(await cached('trntk/gram-0.1', {}, () => 1, { folder })).toBe(1);
});
