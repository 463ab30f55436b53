/**
 * Pixels as a PNG, so that a picture is a few hundred bytes of text in a notebook instead of a rectangle a pixel.
 * Eight bits a pixel for grey or a palette, or eight a channel for RGB; the format's chunks around Node's own zlib
 * (PNG specification, third edition, sections 5 and 11).
 */

import { crc32, deflateSync } from 'node:zlib';
import { ShapeError } from '../errors';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** The PNG of width × height pixels, row after row, of 1 (grey) or 3 (red, green, blue) bytes each. */
export function png(width: number, height: number, channels: 1 | 3, pixels: Uint8Array): Buffer {
  return encoded(width, height, channels, pixels, channels === 1 ? GREY : RGB);
}

/** The PNG of width × height indices into a palette of at most 256 colours: a third of the size of the same in RGB. */
export function indexedPng(
  width: number,
  height: number,
  palette: readonly (readonly [number, number, number])[],
  indices: Uint8Array,
): Buffer {
  const largest = indices.reduce((a, b) => Math.max(a, b), 0);
  if (palette.length > 256 || largest >= palette.length)
    throw new ShapeError({
      what: 'indexedPng',
      expected: `at most 256 colours, and indices below their number`,
      got: `${palette.length} colours and the index ${largest}`,
      todo: 'Give a colour for each index.',
    });
  return encoded(width, height, 1, indices, PALETTE, chunk('PLTE', Buffer.from(palette.flat())));
}

/** A PNG as a `data:` address, for an image inside an SVG or a specification. */
export const dataUrl = (file: Buffer): string => `data:image/png;base64,${file.toString('base64')}`;

// Colour types of the format.
const GREY = 0;
const RGB = 2;
const PALETTE = 3;

function encoded(
  width: number,
  height: number,
  bytes: 1 | 3,
  pixels: Uint8Array,
  colourType: number,
  ...before: Buffer[]
): Buffer {
  if (!(width > 0 && height > 0) || pixels.length !== width * height * bytes)
    throw new ShapeError({
      what: 'png',
      expected: `${width} × ${height} × ${bytes} = ${width * height * bytes} bytes, at least one`,
      got: `${pixels.length}`,
      todo: 'Give one byte for each pixel and channel.',
    });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8; // bits a channel, or an index
  header[9] = colourType; // the last three bytes (compression, filter, interlace) stay 0
  const stride = width * bytes;
  const lines = Buffer.alloc((stride + 1) * height); // each line begins with its filter, 0: none
  for (let y = 0; y < height; y++)
    lines.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    ...before,
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
