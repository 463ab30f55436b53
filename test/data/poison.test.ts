import { describe, expect, test } from 'vitest';
import { type PoisonOptions, poisoned, type Trigger, withTrigger } from '../../src/lib/data';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { type DType, Matrix } from '../../src/lib/linalg';
import { random } from '../../src/lib/random';

const noise = (rows: number, cols: number, dtype: DType = 'float32') => {
  const images = Matrix.zeros(rows, cols, dtype);
  random('images').fill(images.data, 'uniform');
  return images;
};
const corner: Trigger = { top: 24, left: 24, height: 3, width: 3, value: 1 };

describe('a trigger', () => {
  test.each<DType>(['float32', 'float64'])(
    'is on every image, at its pixels and nowhere else (%s)',
    (dtype) => {
      const images = noise(5, 784, dtype);
      const before = images.copy();
      const out = withTrigger(images, corner);
      expect(out.dtype).toBe(dtype);
      expect(images.data).toEqual(before.data);
      for (let i = 0; i < 5; i++)
        for (let row = 0; row < 28; row++)
          for (let column = 0; column < 28; column++) {
            const within = row >= 24 && row < 27 && column >= 24 && column < 27;
            expect(out.get(i, row * 28 + column)).toBe(within ? 1 : images.get(i, row * 28 + column));
          }
    },
  );

  test('has a colour on an oblong image whose channels come last', () => {
    const shape = [4, 6, 3] as const;
    const images = noise(2, 72);
    const red = [1, 0.25, 0];
    const out = withTrigger(
      images,
      { top: 1, left: 4, height: 2, width: 1, value: red },
      { imageShape: shape },
    );
    for (let row = 0; row < 4; row++)
      for (let column = 0; column < 6; column++)
        for (let c = 0; c < 3; c++) {
          const at = (row * 6 + column) * 3 + c;
          const within = (row === 1 || row === 2) && column === 4;
          expect(out.get(1, at)).toBe(within ? red[c] : images.get(1, at));
        }
  });

  test('put on twice is the trigger put on once, unless it is see-through', () => {
    const images = noise(3, 16);
    const mask = Matrix.zeros(4, 4);
    mask.set(0, 1, 1);
    mask.set(3, 2, 0.25);
    const once = withTrigger(images, { mask, value: 0 });
    expect(once.get(2, 1)).toBe(0);
    expect(once.get(2, 14)).toBe(Math.fround(0.75 * images.get(2, 14)));
    expect(Array.from(once.row(2)).filter((v, k) => v !== images.get(2, k))).toHaveLength(2);
    const twice = withTrigger(once, { mask, value: 0 });
    expect(twice.get(2, 14)).toBeAllclose(0.5625 * images.get(2, 14), { rtol: 1e-6 });
  });

  test('as a mask of ones is the rectangle', () => {
    const images = noise(3, 784);
    const mask = Matrix.zeros(28, 28);
    for (let row = 24; row < 27; row++) for (let column = 24; column < 27; column++) mask.set(row, column, 1);
    expect(withTrigger(images, { mask, value: 1 }).data).toEqual(withTrigger(images, corner).data);
  });

  test.each<[string, Trigger, object, RegExp]>([
    [
      'below the image',
      { ...corner, top: 26 },
      {},
      /within an image of 28 × 28, got 3 × 3 at row 26, column 24/,
    ],
    ['right of it', { ...corner, left: 26 }, {}, /at row 24, column 26/],
    ['above it', { ...corner, top: -1 }, {}, /at row -1/],
    ['without pixels', { ...corner, width: 0 }, {}, /got 3 × 0/],
    ['between pixels', { ...corner, top: 0.5 }, {}, /whole pixels/],
    ['of no number', { ...corner, value: Number.NaN }, {}, /trigger.value: expected finite numbers, got NaN/],
    [
      'of three channels on grey images',
      { ...corner, value: [1, 0, 0] },
      {},
      /or 1, one for each channel, got 3/,
    ],
    [
      'with a mask of another size',
      { mask: Matrix.zeros(4, 4), value: 1 },
      {},
      /28 × 28, as the images, got 4 × 4/,
    ],
    ['on another image shape', corner, { imageShape: [28, 28, 3] }, /images of 784 values, got 28 × 28 × 3/],
    ['on a shape of fractions', corner, { imageShape: [1.75, 448, 1] }, /imageShape/],
  ])('%s is refused', (_, trigger, options, message) => {
    expect(() => withTrigger(noise(2, 784), trigger, options)).toThrow(message);
  });

  test('is refused on images that are not square, without their shape, and with a weight beyond 1', () => {
    expect(() => withTrigger(noise(2, 3072), corner)).toThrow(/not square with one channel/);
    const mask = Matrix.zeros(28, 28);
    for (const bad of [1.5, -0.1, Number.NaN]) {
      mask.set(2, 9, bad);
      const ask = () => withTrigger(noise(2, 784), { mask, value: 1 });
      expect(ask).toThrow(ValueError);
      expect(ask).toThrow(`row 2, column 9: expected a weight from 0 to 1, got ${bad}`);
    }
  });
});

describe('a poisoned training set', () => {
  const n = 200;
  const images = noise(n, 784);
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 10);
  const options: PoisonOptions = { share: 0.1, target: 3, trigger: corner, rng: random('poison') };
  const fresh = (seed: string) => ({ ...options, rng: random(seed) });

  test('has the trigger and the target label on exactly the share that it names, and the rest as it was', () => {
    const out = poisoned(images, labels, fresh('a'));
    const marked = withTrigger(images, corner);
    expect(out.isPoisoned.reduce((a, b) => a + b, 0)).toBe(20);
    expect(out.labels).toBeInstanceOf(Uint8Array);
    for (let i = 0; i < n; i++) {
      const is = out.isPoisoned[i] === 1;
      expect(out.images.row(i)).toEqual((is ? marked : images).row(i));
      expect(out.labels[i]).toBe(is ? 3 : labels[i]);
    }
  });

  test('leaves what it was given as it was', () => {
    const [before, labelsBefore] = [images.copy(), labels.slice()];
    poisoned(images, labels, fresh('a'));
    expect(images.data).toEqual(before.data);
    expect(labels).toEqual(labelsBefore);
  });

  test('is a function of the generator, which takes each image as often as any other', () => {
    const flags = (seed: string) => poisoned(images, labels, fresh(seed)).isPoisoned;
    expect(flags('a')).toEqual(flags('a'));
    expect(flags('a')).not.toEqual(flags('b'));
    const small = noise(10, 4);
    const trigger = { top: 0, left: 0, height: 1, width: 1, value: 1 };
    const counts = new Float64Array(10);
    const rng = random('many');
    for (let draw = 0; draw < 2000; draw++)
      poisoned(small, labels.slice(0, 10), { share: 0.3, target: 3, trigger, rng }).isPoisoned.forEach(
        (is, i) => {
          counts[i] += is;
        },
      );
    // 600 each, with a standard deviation of 20.5.
    for (const count of counts) expect(Math.abs(count - 600)).toBeLessThan(90);
  });

  test('can be the whole set, of labels of another kind', () => {
    const out = poisoned(
      images,
      Int32Array.from(labels, (v) => v - 5),
      { ...fresh('c'), share: 1, target: -2 },
    );
    expect(new Set(out.labels)).toEqual(new Set([-2]));
    expect(out.images.data).toEqual(withTrigger(images, corner).data);
  });

  test.each<[string, Partial<PoisonOptions>, RegExp]>([
    ['a share of none', { share: 0 }, /share: expected .*above 0, up to 1, got 0/],
    ['a share so small that it is none', { share: 0.001 }, /of at least one/],
    ['a share beyond all', { share: 1.1 }, /got 1.1/],
    ['a share in per cent', { share: 10 }, /Write a tenth as 0.1/],
    ['a target that does not occur', { target: 12 }, /target: expected a label that occurs, got 12/],
    [
      'a trigger beside the image',
      { trigger: { ...corner, left: 30 } },
      /poisoned, trigger: expected a rectangle/,
    ],
  ])('refuses %s', (_, change, message) => {
    expect(() => poisoned(images, labels, { ...options, ...change })).toThrow(ValueError);
    expect(() => poisoned(images, labels, { ...options, ...change })).toThrow(message);
  });

  test('refuses labels of another number', () => {
    expect(() => poisoned(images, labels.slice(1), options)).toThrow(ShapeError);
  });
});
