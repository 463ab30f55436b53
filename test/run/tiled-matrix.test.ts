import {
  appendFileSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DataError } from '../../src/lib/errors';
import { type DType, Matrix } from '../../src/lib/linalg';
import { random } from '../../src/lib/random';
import { freeBytes, readMatrix, TiledMatrix, type TiledMatrixOptions, writeNpy } from '../../src/lib/run';

const folder = mkdtempSync(join(tmpdir(), 'kernelbook-tiles-'));
afterAll(() => rmSync(folder, { recursive: true }));
let folders = 0;
const fresh = () => join(folder, String(folders++));

const spans = (...edges: number[]) => edges.slice(1).map((end, k) => ({ start: edges[k], end }));

/** A 7 × 7 symmetric matrix, or a 7 × 5 one, and how it is cut. */
function example(symmetric: boolean, dtype: DType = 'float32') {
  const rows = spans(0, 3, 6, 7);
  const columns = symmetric ? rows : spans(0, 2, 5);
  const cols = symmetric ? 7 : 5;
  const K = Matrix.zeros(7, cols, dtype);
  random('entries').fill(K.data, 'normal');
  if (symmetric) for (let i = 0; i < 7; i++) for (let j = 0; j < i; j++) K.set(j, i, K.get(i, j));
  const options: TiledMatrixOptions = { rows, columns, dtype, symmetric, about: { kernel: 'k', of: 'abc' } };
  const tile = (i: number, j: number) => {
    const out = Matrix.zeros(rows[i].end - rows[i].start, columns[j].end - columns[j].start, dtype);
    for (let r = 0; r < out.rows; r++)
      out.row(r).set(K.row(rows[i].start + r).subarray(columns[j].start, columns[j].end));
    return out;
  };
  return { K, options, tile };
}

async function written(at: string, { options, tile }: ReturnType<typeof example>): Promise<TiledMatrix> {
  const matrix = await TiledMatrix.open(at, options);
  for (const [i, j] of matrix.missing) await matrix.write(i, j, tile(i, j), { tile: `${i}, ${j}` });
  return matrix;
}

describe.each(['float32', 'float64'] as const)('a matrix of tiles, in %s', (dtype) => {
  it.each([
    ['symmetric', true, 6],
    ['of two sets', false, 6],
  ] as const)('is whole when all its tiles are written, and a .npy file: %s', async (_, symmetric, tiles) => {
    const its = example(symmetric, dtype);
    const at = fresh();
    const matrix = await TiledMatrix.open(at, its.options);
    expect(matrix.missing).toHaveLength(tiles);
    expect(matrix.missingBytes).toBe(its.K.data.byteLength);
    await written(at, its);
    const again = await TiledMatrix.open(at, its.options);
    expect(again.missing).toEqual([]);
    expect(again.missingBytes).toBe(0);
    expect(again.shape).toEqual(its.K.shape);
    expect(again.read({ start: 0, end: 7 })).toEqual(its.K);
    expect(again.read({ start: 2, end: 4 })).toEqual(
      new Matrix(2, its.K.cols, its.K.slice(2, 4).data.slice()),
    );
    expect(readMatrix(again.path)).toEqual(its.K);
    expect(again.note(2, 0)).toEqual({ tile: '2, 0' });
  });

  it('has the bytes that writing it whole would have', async () => {
    const its = example(true, dtype);
    const matrix = await written(fresh(), its);
    const whole = join(fresh(), 'whole.npy');
    writeNpy(whole, its.K);
    expect(readFileSync(matrix.path)).toEqual(readFileSync(whole));
  });
});

describe('a matrix of tiles that is opened again', () => {
  const its = example(true);
  const whole = fresh();
  const copied = async () => {
    if (!existsSync(whole)) await written(whole, its);
    const at = fresh();
    cpSync(whole, at, { recursive: true });
    return { at, path: join(at, 'matrix.npy'), lines: join(at, 'tiles.jsonl') };
  };
  const missing = async (at: string) => (await TiledMatrix.open(at, its.options)).missing;

  it('has the tiles that were written before, and no other', async () => {
    const at = fresh();
    const first = await TiledMatrix.open(at, its.options);
    await first.write(1, 0, its.tile(1, 0));
    await first.write(2, 2, its.tile(2, 2), [1, 2]);
    const again = await TiledMatrix.open(at, its.options);
    expect(again.missing).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
    expect(again.note(2, 2)).toEqual([1, 2]);
    expect(again.note(1, 0)).toBeNull();
    expect(again.note(1, 1)).toBeUndefined();
  });

  it.each([
    ['in its own place', 3 * 7 + 1, [1, 0]],
    ['in its mirror image', 1 * 7 + 4, [1, 0]],
    ['on the diagonal', 7 * 7 - 1, [2, 2]],
  ] as const)('misses a tile one bit of which was changed, %s, and that one only', async (_, entry, tile) => {
    const { at, path } = await copied();
    const byte = readFileSync(path).length - its.K.data.byteLength + 4 * entry;
    const file = openSync(path, 'r+');
    writeSync(file, Uint8Array.of(readFileSync(path)[byte] ^ 1), 0, 1, byte);
    closeSync(file);
    expect(await missing(at)).toEqual([tile]);
  });

  it('misses the tiles of a part that was cut off, and is of its full size again', async () => {
    const { at, path } = await copied();
    const { length } = readFileSync(path);
    truncateSync(path, length - 4 * 7);
    expect(await missing(at)).toEqual([
      [2, 0],
      [2, 1],
      [2, 2],
    ]);
    expect(readFileSync(path)).toHaveLength(length);
    truncateSync(path, 20);
    expect(await missing(at)).toHaveLength(6);
    rmSync(path);
    expect(await missing(at)).toHaveLength(6);
  });

  it('misses a tile whose line is torn, whose note was changed, or which has none; lines after a torn one count', async () => {
    const { at, lines } = await copied();
    const text = readFileSync(lines, 'utf8').split('\n');
    expect(text).toHaveLength(7);
    text[2] = text[2].slice(0, -9);
    text[3] = text[3].replace('"1, 1"', '"1, 2"');
    text.splice(5, 1);
    text.push('7', '{"tile":[3,1],"sha256":"","note":null}'); // of no tile
    writeFileSync(lines, text.join('\n'));
    expect(await missing(at)).toEqual([
      [1, 0],
      [1, 1],
      [2, 1],
    ]);
  });

  it('takes the last line of a tile that was written twice', async () => {
    const { at, lines } = await copied();
    const before = readFileSync(lines, 'utf8');
    appendFileSync(lines, `\n{"tile":[0,0],"sha256":"0","note":null}`);
    expect(await missing(at)).toEqual([[0, 0]]);
    const matrix = await TiledMatrix.open(at, its.options);
    await matrix.write(0, 0, its.tile(0, 0), { tile: '0, 0' });
    expect(await missing(at)).toEqual([]);
    expect(readFileSync(lines, 'utf8').length).toBeGreaterThan(before.length);
  });

  it('is not hurt by a manifest that was torn', async () => {
    const { at } = await copied();
    writeFileSync(join(at, 'manifest.json'), '{"format":1,');
    expect(await missing(at)).toEqual([]);
    expect(JSON.parse(readFileSync(join(at, 'manifest.json'), 'utf8')).about).toEqual(its.options.about);
  });

  it('is written by several at once without harm', async () => {
    const at = fresh();
    const all = await Promise.all([written(at, its), written(at, its), written(at, its)]);
    for (const matrix of all) expect(matrix.read({ start: 0, end: 7 })).toEqual(its.K);
    expect(await missing(at)).toEqual([]);
  });
});

describe('a matrix of tiles refuses', () => {
  const its = example(true);
  const open = (at: string, changes: Partial<TiledMatrixOptions> = {}) =>
    TiledMatrix.open(at, { ...its.options, ...changes });

  it('a folder with another matrix, says what differs, and leaves it as it was', async () => {
    const at = fresh();
    await written(at, its);
    const before = readFileSync(join(at, 'matrix.npy'));
    await expect(open(at, { about: { kernel: 'k', of: 'another' } })).rejects.toThrow(
      /another \(about\.of\)/,
    );
    await expect(open(at, { dtype: 'float64' })).rejects.toThrow(/dtype/);
    await expect(open(at, { rows: spans(0, 4, 7), columns: spans(0, 4, 7) })).rejects.toThrow(
      /rows, columns/,
    );
    await expect(open(at, { symmetric: false })).rejects.toThrow(DataError);
    expect(readFileSync(join(at, 'matrix.npy'))).toEqual(before);
    expect((await open(at)).missing).toEqual([]);
  });

  it('a folder in which a matrix.npy of somebody else lies', async () => {
    const at = fresh();
    mkdirSync(at);
    writeNpy(join(at, 'matrix.npy'), its.K);
    const before = readFileSync(join(at, 'matrix.npy'));
    await expect(open(at)).rejects.toThrow(/without a manifest/);
    expect(readFileSync(join(at, 'matrix.npy'))).toEqual(before);
  });

  it('a place where no folder can be', async () => {
    const at = fresh();
    writeFileSync(at, 'a file');
    await expect(open(join(at, 'below'))).rejects.toThrow(DataError);
    await expect(open(join(at, 'below'))).rejects.toThrow(/room, and the right to write/);
  });

  it('a disk that does not take a tile: what was written before stays', async () => {
    const at = fresh();
    const matrix = await open(at);
    await matrix.write(0, 0, its.tile(0, 0));
    rmSync(join(at, 'tiles.jsonl'));
    mkdirSync(join(at, 'tiles.jsonl'));
    await expect(matrix.write(1, 0, its.tile(1, 0))).rejects.toThrow(DataError);
    expect(matrix.has(1, 0)).toBe(false);
    expect(matrix.has(0, 0)).toBe(true);
    rmSync(join(at, 'matrix.npy'));
    await expect(matrix.write(1, 0, its.tile(1, 0))).rejects.toThrow(/ENOENT/);
  });

  it('to read what was cut off after it was opened', async () => {
    const matrix = await written(fresh(), its);
    truncateSync(matrix.path, 200);
    expect(() => matrix.read({ start: 0, end: 7 })).toThrow(DataError);
    expect(() => matrix.read({ start: 0, end: 7 })).toThrow(/200 bytes/);
  });
});

it('free bytes are those of the disk, also for a folder that is not there yet', () => {
  expect(freeBytes(join(folder, 'not', 'there'))).toBeGreaterThan(0);
  expect(Math.abs(freeBytes(join(folder, 'not', 'there')) - freeBytes(folder))).toBeLessThan(2 ** 31);
});
