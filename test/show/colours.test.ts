import { describe, expect, it } from 'vitest';
import {
  colourAt,
  colourDistance,
  contrast,
  DIVERGING,
  INK,
  PALETTE,
  SEQUENTIAL,
  type Vision,
} from '../../src/lib/show/colours';

const LIGHT = '#ffffff';
const DARK = '#111111';

describe('contrast', () => {
  it('is WCAG’s ratio', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 10);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.478, 3); // WebAIM's checker: 4.48
    expect(contrast('#ff0000', '#ffffff')).toBeCloseTo(3.998, 3);
    expect(contrast('#123456', '#123456')).toBe(1);
  });
  it('of the ink is the best that one colour can have on white and on #111', () => {
    const best = Math.sqrt(contrast(LIGHT, DARK));
    expect(best).toBeLessThan(4.5);
    expect(best).toBeGreaterThan(4.3);
    expect(Math.min(contrast(INK, LIGHT), contrast(INK, DARK))).toBeGreaterThan(best - 0.03);
  });
  it.each(PALETTE)('of %s is 3 : 1 or more on white and on #111', (colour) => {
    expect(contrast(colour, LIGHT)).toBeGreaterThanOrEqual(3);
    expect(contrast(colour, DARK)).toBeGreaterThanOrEqual(3);
  });
});

describe('the palette', () => {
  it.each<Vision>(['normal', 'deuteranopia', 'protanopia', 'tritanopia'])(
    'stays apart for %s vision',
    (vision) => {
      for (const [i, a] of PALETTE.entries())
        for (const b of PALETTE.slice(0, i))
          expect(colourDistance(a, b, vision), `${a} and ${b}`).toBeGreaterThan(19);
    },
  );
  it('distance is zero for one colour, and CIELAB’s 100 from black to white', () => {
    expect(colourDistance('#3a6fd8', '#3a6fd8', 'deuteranopia')).toBe(0);
    expect(colourDistance('#000000', '#ffffff')).toBeCloseTo(100, 1);
  });
  it('red and green meet for a deuteranope, blue and orange do not', () => {
    const loss = (a: string, b: string) => colourDistance(a, b, 'deuteranopia') / colourDistance(a, b);
    expect(loss('#c04040', '#608040')).toBeLessThan(0.5);
    expect(loss(PALETTE[0], PALETTE[1])).toBeGreaterThan(0.8);
  });
});

describe('a scale of colours', () => {
  it('grows lighter all along, for every kind of vision', () => {
    const black = '#000000';
    for (const vision of ['normal', 'deuteranopia', 'protanopia', 'tritanopia'] as const)
      for (let i = 1; i < SEQUENTIAL.length; i++) {
        const lighter = contrast(SEQUENTIAL[i], black) / contrast(SEQUENTIAL[i - 1], black);
        expect(lighter, `${vision}, step ${i}`).toBeGreaterThan(1.1);
        expect(colourDistance(SEQUENTIAL[i], SEQUENTIAL[i - 1], vision)).toBeGreaterThan(5);
      }
  });
  it('of two signs is lightest in the middle and as dark at both ends', () => {
    const light = DIVERGING.map((c) => contrast(c, '#000000'));
    expect(Math.max(...light)).toBe(light[4]);
    for (let i = 0; i < 4; i++) {
      expect(light[i]).toBeLessThan(light[i + 1]);
      expect(light[8 - i]).toBeLessThan(light[7 - i]);
    }
    for (const vision of ['deuteranopia', 'protanopia', 'tritanopia'] as const)
      expect(colourDistance(DIVERGING[1], DIVERGING[7], vision)).toBeGreaterThan(40);
  });
  it('passes through its steps and keeps to its ends', () => {
    expect(colourAt(['#000000', '#ffffff'], 0.5)).toEqual([128, 128, 128]);
    expect(colourAt(['#000000', '#102030', '#ffffff'], 0.5)).toEqual([16, 32, 48]);
    expect(colourAt(['#000000', '#0000ff'], -3)).toEqual([0, 0, 0]);
    expect(colourAt(['#000000', '#0000ff'], 3)).toEqual([0, 0, 255]);
  });
});
