import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { DataError, ShapeError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg/matrix';
import { random } from '../../src/lib/random';
import { type NpyData, readMatrix, readNpy, writeNpy } from '../../src/lib/run';
import fixture from '../fixtures/run-npy.json';

const folder = mkdtempSync(join(tmpdir(), 'kernelbook-npy-'));
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, bytes: Uint8Array) => {
  const path = join(folder, `${name.replaceAll(/\W/g, '-')}.npy`);
  writeFileSync(path, bytes);
  return path;
};
const fromBase64 = (text: string) => Buffer.from(text, 'base64');

test.each(fixture.cases)(
  'numpy’s file of $name is read as numpy reads it',
  ({ name, shape, values, file }) => {
    const npy = readNpy(put(name, fromBase64(file)));
    expect(npy.shape).toEqual(shape);
    expect(
      Array.from(npy.data as Iterable<number | bigint>, (v) =>
        typeof values[0] === 'string' ? String(v) : v,
      ),
    ).toEqual(values);
  },
);

describe('written files are numpy’s, byte for byte', () => {
  const cases: [keyof typeof fixture.written, Matrix | NpyData, { shape?: number[]; type?: 'b1' }?][] = [
    [
      'f8',
      Matrix.from([
        [0, 1, 2],
        [3, 4, 5],
      ]),
    ],
    [
      'f4',
      Matrix.from(
        [
          [0, 1, 2],
          [3, 4, 5],
        ],
        'float32',
      ),
    ],
    ['i8', BigInt64Array.of(0n, 1n, 2n)],
    ['i4', Int32Array.of(0, 1, 2)],
    ['u1', Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7), { shape: [2, 2, 2] }],
    ['b1', Uint8Array.of(1, 0, 1), { type: 'b1' }],
  ];
  test.each(cases)('%s', (name, array, options) => {
    const path = join(folder, 'deep', 'er', `${name}.npy`);
    writeNpy(path, array, options);
    expect(readFileSync(path)).toEqual(fromBase64(fixture.written[name]));
    expect(readdirSync(join(folder, 'deep', 'er')).filter((file) => file.startsWith('.'))).toEqual([]);
  });
});

test.each(['float32', 'float64'] as const)(
  'a %s matrix comes back as it was, views and empty ones too',
  (dtype) => {
    const path = join(folder, 'matrix.npy');
    const matrix = new Matrix(37, 5, random(1).fill(Matrix.zeros(37, 5, dtype).data, 'cauchy'));
    for (const m of [matrix, matrix.slice(3, 9), Matrix.zeros(0, 4, dtype)]) {
      writeNpy(path, m);
      expect(readMatrix(path)).toEqual(m.copy());
    }
    expect(readMatrix(path, 'float64').dtype).toBe('float64');
  },
);

test('integers become a float64 column', () => {
  const labels = join(folder, 'labels.npy');
  writeNpy(labels, BigInt64Array.of(1n, 0n, 1n));
  expect(readMatrix(labels)).toEqual(Matrix.from([[1], [0], [1]]));
  writeNpy(labels, new Float32Array(8), { shape: [2, 2, 2] });
  expect(() => readMatrix(labels)).toThrow(/one or two axes.*\(2, 2, 2\)/);
});

test.each(Object.entries(fixture.wrong))('%s are refused by name', (name, file) => {
  const path = put(name, fromBase64(file));
  expect(() => readNpy(path)).toThrow(DataError);
  expect(() => readNpy(path)).toThrow(path);
});

test('missing, empty, foreign and torn files give a DataError that names them', () => {
  expect(() => readNpy(join(folder, 'nowhere.npy'))).toThrow(/nowhere\.npy.*ENOENT/);
  expect(() => readNpy(put('empty', new Uint8Array(0)))).toThrow(/an empty file/);
  expect(() => readNpy(put('zip', Buffer.from('PK\x03\x04 something else')))).toThrow(/np\.save/);
  const whole = fromBase64(fixture.cases[0].file);
  for (let length = 1; length < whole.length; length++) {
    const path = put('torn', whole.subarray(0, length));
    expect(() => readNpy(path)).toThrow(DataError);
  }
  expect(() => readNpy(put('longer', Buffer.concat([whole, Buffer.alloc(8)])))).toThrow(
    /torn or was changed/,
  );
});

test('a header with anything in it reads whole or gives a DataError, and never asks for memory the file does not fill', () => {
  const rng = random('npy fuzz');
  let read = 0;
  for (let round = 0; round < 800; round++) {
    const bytes = Buffer.from(fromBase64(fixture.cases[rng.integer(fixture.cases.length)].file));
    for (let k = 1 + rng.integer(3); k > 0; k--)
      bytes[rng.integer(Math.min(bytes.length, 100))] = rng.integer(256);
    const path = put('fuzz', bytes);
    try {
      const { data, shape } = readNpy(path);
      expect(data.length).toBe(shape.reduce((product, n) => product * n, 1));
      read++;
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).toContain(path);
    }
  }
  expect(read).toBeGreaterThan(10);
});

test('a shape that does not hold the data is refused, and nothing is written', () => {
  expect(() => writeNpy(join(folder, 'never.npy'), new Float32Array(5), { shape: [2, 3] })).toThrow(
    ShapeError,
  );
  expect(readdirSync(folder)).not.toContain('never.npy');
});
