/** Pictures of a chart as numbers, by the PNG format's rules and not by the code that wrote them. */
import { inflateSync } from 'node:zlib';
import { expect } from 'vitest';

/** Size, channels and pixels of a PNG of 8 bits; checks its chunks on the way. */
export function decode(file: Buffer) {
  expect(file.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const body = file.subarray(at + 4, at + 8 + length);
    // CRC-32 bit by bit (polynomial 0xedb88320).
    let crc = 0xffffffff;
    for (const byte of body) {
      crc ^= byte;
      for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
    expect(file.readUInt32BE(at + 8 + length)).toBe((crc ^ 0xffffffff) >>> 0);
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  const header = chunks.get('IHDR') as Buffer;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = header[9] === 2 ? 3 : 1; // an index is one byte, as a grey
  const lines = inflateSync(chunks.get('IDAT') as Buffer);
  expect(lines.length).toBe(height * (width * channels + 1));
  const pixels: number[] = [];
  for (let y = 0; y < height; y++) {
    expect(lines[y * (width * channels + 1)]).toBe(0);
    pixels.push(...lines.subarray(y * (width * channels + 1) + 1, (y + 1) * (width * channels + 1)));
  }
  expect(chunks.has('IEND')).toBe(true);
  if (header[9] !== 3) return { width, height, channels, pixels };
  const palette = chunks.get('PLTE') as Buffer;
  return {
    width,
    height,
    channels: 3,
    pixels: pixels.flatMap((i) => [...palette.subarray(3 * i, 3 * i + 3)]),
  };
}

/** The pictures inside an SVG. */
export const pictures = (svg: string) =>
  [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)].map((m) => decode(Buffer.from(m[1], 'base64')));
