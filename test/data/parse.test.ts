import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseCifar, parseIdx } from '../../src/lib/data';
import { untar } from '../../src/lib/data/tar';
import { DataError } from '../../src/lib/errors';
import { random } from '../../src/lib/random';

/** An IDX file of bytes, by the format's description. */
function idx(shape: number[], data: ArrayLike<number>): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header[2] = 8;
  header[3] = shape.length;
  for (const [axis, n] of shape.entries()) header.writeUInt32BE(n, 4 + 4 * axis);
  return Buffer.concat([header, Uint8Array.from(data)]);
}

const images = idx(
  [3, 2, 4],
  Array.from({ length: 24 }, (_, i) => 10 * i),
);

describe('IDX', () => {
  test.each([
    ['plain', images],
    ['gzipped', gzipSync(images)],
  ])('%s', (_, bytes) => {
    const { shape, data } = parseIdx(bytes, 'images');
    expect(shape).toEqual([3, 2, 4]);
    expect(Array.from(data)).toEqual(Array.from({ length: 24 }, (_, i) => (10 * i) % 256));
  });

  test.each([
    ['empty', Buffer.alloc(0), /an IDX file/],
    ['text', Buffer.from('<html>not found</html>'), /something else/],
    ['floats', Buffer.from([0, 0, 13, 1, 0, 0, 0, 1, 0, 0, 0, 0]), /type 13/],
    ['no axes', Buffer.from([0, 0, 8, 0]), /0 axes/],
    ['a huge shape', idx([2 ** 31, 2 ** 31, 4], [1]), /bytes for 2147483648 × 2147483648 × 4/],
    ['one byte too many', Buffer.concat([images, Buffer.alloc(1)]), /24 bytes.*got 25/],
    ['half a gzip file', gzipSync(images).subarray(0, 30), /whole gzip file/],
  ])('%s is refused with its name', (_, bytes, message) => {
    expect(() => parseIdx(bytes, 'some-file')).toThrow(DataError);
    expect(() => parseIdx(bytes, 'some-file')).toThrow(/^some-file/);
    expect(() => parseIdx(bytes, 'some-file')).toThrow(message);
  });
});

describe('CIFAR', () => {
  const record = (label: number) =>
    Buffer.from([label, ...Array.from({ length: 3072 }, (_, i) => Math.floor(i / 1024) * 100 + (i % 90))]);

  test('the planes of a record become pixels of red, green and blue', () => {
    const { images, labels } = parseCifar(Buffer.concat([record(3), record(9)]), 'batch');
    expect(labels).toEqual(Uint8Array.of(3, 9));
    expect(images.length).toBe(2 * 3072);
    for (const p of [0, 1, 89, 90, 1023])
      expect(Array.from(images.subarray(3072 + 3 * p, 3072 + 3 * p + 3))).toEqual(
        [p % 90, 100 + ((1024 + p) % 90), 200 + ((2048 + p) % 90)].map((v) => v % 256),
      );
  });

  test('torn records and labels above 9 are refused with the name', () => {
    expect(() => parseCifar(record(3).subarray(1), 'batch.bin')).toThrow(/^batch\.bin: .*3072 bytes/);
    expect(() => parseCifar(Buffer.alloc(0), 'batch.bin')).toThrow(DataError);
    expect(() => parseCifar(Buffer.concat([record(3), record(10)]), 'batch.bin')).toThrow(
      /^batch\.bin, record 1: .*got 10/,
    );
  });
});

/** A ustar archive of files in a folder. */
function tar(files: Record<string, Uint8Array>): Buffer {
  const blocks: Uint8Array[] = [];
  for (const [name, data] of Object.entries(files)) {
    const header = Buffer.alloc(512);
    header.write(`folder/${name}`);
    header.write(data.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    header.write('ustar\x0000', 257);
    blocks.push(header, data, Buffer.alloc((512 - (data.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

test('an archive gives its files by name, gzipped or not', () => {
  const files = {
    'a.bin': Uint8Array.of(1, 2, 3),
    'b.bin': new Uint8Array(512).fill(7),
    'c.bin': new Uint8Array(0),
  };
  for (const bytes of [tar(files), gzipSync(tar(files))])
    expect(
      Object.fromEntries(Array.from(untar(bytes, 'x.tar'), ([name, data]) => [name, Uint8Array.from(data)])),
    ).toEqual(files);
});

test('readers of torn and corrupted files give what the header says or a DataError with the name', () => {
  const rng = random('parsers');
  const archive = tar({ 'a.bin': images });
  for (let round = 0; round < 4000; round++) {
    const [read, whole] = [
      [(b: Buffer) => parseIdx(b, 'the-file'), images],
      [(b: Buffer) => parseIdx(b, 'the-file'), gzipSync(images)],
      [(b: Buffer) => untar(b, 'the-file'), archive],
      [(b: Buffer) => parseCifar(b, 'the-file'), Buffer.alloc(3073)],
    ][rng.integer(4)] as [(b: Buffer) => unknown, Buffer];
    const bytes = Buffer.from(
      whole.subarray(0, rng.bernoulli(0.5) ? whole.length : rng.integer(whole.length + 1)),
    );
    for (let k = rng.integer(4); k > 0 && bytes.length > 0; k--)
      bytes[rng.integer(Math.min(64, bytes.length))] = rng.integer(256);
    try {
      const result = read(bytes) as ReturnType<typeof parseIdx>;
      if (result.shape) expect(result.data.length).toBe(result.shape.reduce((product, n) => product * n, 1));
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).toMatch(/^the-file/);
    }
  }
});
