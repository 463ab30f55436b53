/**
 * The colours of the book, and the two measures they are chosen by: contrast (WCAG 2.2, relative luminance) on white
 * and on #111, JupyterLab's dark page, because a chart is transparent and cannot know which it lies on; and the
 * distance between two colours as readers with each kind of colour blindness see them (Machado, Oliveira and
 * Fernandes 2009, severity 1; distance in CIELAB). A test computes both.
 */

/** Linear light of red, green and blue, 0 … 1. */
function linear(hex: string): [number, number, number] {
  const channel = (at: number) => {
    const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** WCAG's contrast ratio of two colours `#rrggbb`, 1 … 21. */
export function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r, g, blue] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

export type Vision = 'normal' | 'deuteranopia' | 'protanopia' | 'tritanopia';

const MACHADO: Record<Vision, readonly (readonly number[])[]> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Distance of two colours in CIELAB (ΔE 1976) as a reader with that vision sees them; 2 is just noticeable. */
export function colourDistance(a: string, b: string, vision: Vision = 'normal'): number {
  const seen = (hex: string) => {
    const light = linear(hex);
    const [r, g, blue] = MACHADO[vision].map((row) =>
      Math.min(1, Math.max(0, row[0] * light[0] + row[1] * light[1] + row[2] * light[2])),
    );
    const f = (t: number) => (t > 216 / 24389 ? Math.cbrt(t) : (24389 / 27 / 116) * t + 16 / 116);
    const x = f((0.4124 * r + 0.3576 * g + 0.1805 * blue) / 0.9505);
    const y = f(0.2126 * r + 0.7152 * g + 0.0722 * blue);
    const z = f((0.0193 * r + 0.1192 * g + 0.9505 * blue) / 1.089);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  const [p, q] = [seen(a), seen(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

/**
 * Series, in order: blue, orange, green, plum, brown, periwinkle. Okabe and Ito's hues, moved until each has a
 * contrast of 3 : 1 or more on white and on #111 and any two stay apart for every kind of colour vision.
 */
export const PALETTE: readonly string[] = ['#3a6fd8', '#db7c01', '#48a571', '#8f5586', '#9b4b1b', '#898fcd'];

/**
 * The ink of pictures that cannot know their page's colour. White and #111 are 18.9 : 1 apart, so no colour reaches
 * the 4.5 : 1 of WCAG AA on both (that takes 20.25 : 1); this grey reaches the most there is, √18.9 = 4.35 on each.
 * Interactive charts need no such compromise: they draw in `currentColor`, the page's own.
 */
export const INK = '#797979';

/** From least to most: nine steps of matplotlib's cividis, made for colour-blind readers (Nuñez et al. 2018). */
export const SEQUENTIAL: readonly string[] = [
  '#00224e',
  '#123570',
  '#3b496c',
  '#575d6d',
  '#707173',
  '#8a8678',
  '#a59c74',
  '#c3b369',
  '#fee838',
];

/** From negative through white to positive: blue to orange, apart for every kind of colour vision. */
export const DIVERGING: readonly string[] = [
  '#134b85',
  '#3474b8',
  '#77a7d6',
  '#b9d3ea',
  '#f5f4f2',
  '#f6d3ad',
  '#e8a05c',
  '#c46f1c',
  '#84440a',
];

/** The colour at t (0 … 1) of evenly spaced steps, as [red, green, blue] of 0 … 255. */
export function colourAt(steps: readonly string[], t: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, t)) * (steps.length - 1);
  const i = Math.min(steps.length - 2, Math.floor(at));
  const mix = (from: number) => {
    const a = Number.parseInt(steps[i].slice(from, from + 2), 16);
    const b = Number.parseInt(steps[i + 1].slice(from, from + 2), 16);
    return Math.round(a + (b - a) * (at - i));
  };
  return [mix(1), mix(3), mix(5)];
}
