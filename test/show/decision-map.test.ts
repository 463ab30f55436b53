import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { productGrid, uniformGrid } from '../../src/lib/data';
import { ShapeError, ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import { chartBundle, type DecisionPanel, decisionMap, type Spec } from '../../src/lib/show';
import { contrast } from '../../src/lib/show/colours';
import { pictures } from './png-decoder';

let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

const description = 'What four classifiers make of the plane, and where they are wrong.';
const canvas = productGrid(uniformGrid(-1, 1, 80), uniformGrid(-1, 1, 60));
const taught = productGrid(uniformGrid(-1, 1, 11), uniformGrid(-1, 1, 7));
const on = (X: Matrix, f: (a: number, b: number) => number) =>
  Float64Array.from({ length: X.rows }, (_, i) => f(X.get(i, 0), X.get(i, 1)));
const curve = (a: number, b: number) => 4 * a ** 2 - 3 * a + 5 * b - 1;
const circle = (a: number, b: number) => Math.exp(2 * (a * a + b * b)) - Math.E;
const labelsOf = (f: typeof curve) => on(taught.inputs, f).map((v) => Number(v > 0));
const training = { inputs: taught.inputs, labels: labelsOf(curve) };
const panel = (name: string, f: typeof curve): DecisionPanel => ({
  name,
  logits: on(canvas.inputs, f),
  predicted: labelsOf(f),
});
const map = (panels: readonly DecisionPanel[], options: object = {}) =>
  decisionMap(panels, { grid: canvas, training, truth: on(canvas.inputs, curve), title: 'Maps', ...options });

type Row = Record<string, number | string>;
interface View {
  width: number;
  height: number;
  layer: {
    mark: { type: string; url?: string };
    data: { name?: string; values?: Row[] };
    encoding: Record<string, { scale: { range: string[] } }>;
  }[];
}
const views = (spec: Spec) => spec.concat as View[];
const datasets = (spec: Spec) => spec.datasets as Record<string, Row[]>;
const lineOf = ({ layer }: View) => layer.find(({ mark }) => mark.type === 'line')?.data.values as Row[];
const picture = async (spec: Spec) => (await chartBundle(spec, { description }))['image/svg+xml'] as string;
const count = (svg: string, words: string) => svg.split(`>${words}<`).length - 1;

describe('a decision map', () => {
  const four = map([
    panel('a line', (a, b) => a - 2 * b),
    panel('the truth', (a, b) => 20 * curve(a, b)),
    panel('a circle', circle),
    panel('nothing', () => -0.25),
  ]);

  it('colours each cell by the probability there, label 1 upwards in orange, the first row the uppermost', async () => {
    const grid = productGrid(uniformGrid(0, 2, 2), uniformGrid(0, 3, 3));
    const sign = (a: number, b: number) => (a > 0.5 && b > 1.5 ? 800 : a < 1.5 && b < 1.5 ? -800 : 0);
    const spec = decisionMap([{ name: 'p', logits: on(grid.inputs, sign) }], { grid, title: 'Cells' });
    const [{ width, height, pixels }] = pictures(await picture(spec));
    expect([width, height]).toEqual([2, 3]);
    // Σ p over the corners of a cell, by hand; ψ = ±800 is 1 or 0, without an overflow.
    const p = [
      [3, 4],
      [1.5, 2.5],
      [0, 1],
    ].map((row) => row.map((sum) => sum / 4));
    const [red, blue] = [0, 2].map((k) => p.map((_, r) => [0, 1].map((c) => pixels[3 * (2 * r + c) + k])));
    const order = p.flat().map((_, k) => k);
    const by = (of: number[][]) => [...order].sort((i, j) => of.flat()[i] - of.flat()[j]);
    const redLessBlue = red.map((row, r) => row.map((v, c) => v - blue[r][c]));
    expect(by(redLessBlue)).toEqual(by(p));
    // On which side of the pale grey of 1/2, #f5f4f2.
    expect(redLessBlue.flat().map((v) => v > 3)).toEqual(p.flat().map((v) => v > 0.5));
    expect(redLessBlue[0][1]).toBeGreaterThan(80);
    expect(redLessBlue[2][0]).toBeLessThan(-60);
  });

  it('draws the boundary where ψ is 0, to a fifth of a pixel, with few points', () => {
    const [line, truth, ring, nothing] = views(four);
    expect(lineOf(line)).toHaveLength(2);
    for (const { x, y } of lineOf(line)) expect(Number(x)).toBeCloseTo(2 * Number(y), 12);
    expect(lineOf(nothing)).toEqual([]);
    expect(lineOf(ring).length).toBeLessThan(80);
    const pixel = 2 / ring.width;
    const radius = Math.sqrt(0.5);
    for (const { x, y } of lineOf(ring))
      expect(Math.abs(Math.hypot(Number(x), Number(y)) - radius)).toBeLessThan(0.2 * pixel);
    expect(lineOf(ring)[0]).toMatchObject({ line: 0, order: 0 });
    // The same boundary from ψ and from 20 ψ.
    const scaled = lineOf(truth).map(({ x, y }) => [x, y]);
    expect(scaled.flat()).toBeAllclose(datasets(four).truth.flatMap(({ x, y }) => [x, y]) as number[], {
      rtol: 1e-9,
      atol: 1e-12,
    });
  });

  it('shows the training nodes once for all, and a ring where a panel is wrong', async () => {
    const { nodes } = datasets(four);
    expect(nodes).toHaveLength(96);
    nodes.forEach(({ x, y, label }, k) => {
      expect([x, y]).toEqual([...taught.inputs.row(k)]);
      expect(label).toBe(`label ${training.labels[k]}`);
    });
    const rings = views(four).map(({ layer }) => layer.at(-2)?.data.values ?? []);
    const wrong = (f: typeof curve) => labelsOf(f).filter((label, k) => label !== training.labels[k]).length;
    expect(rings.map((at) => at.length)).toEqual([
      wrong((a, b) => a - 2 * b),
      0,
      wrong(circle),
      wrong(() => -1),
    ]);
    for (const { x, y } of rings[0])
      expect(curve(Number(x), Number(y)) > 0).not.toBe(Number(x) - 2 * Number(y) > 0);
    const svg = await picture(four);
    expect(warn).not.toHaveBeenCalled();
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    for (const words of [
      'label 0',
      'label 1',
      'boundary, ψ = 0',
      'true boundary',
      'predicted wrongly',
      'a circle',
    ])
      expect(count(svg, words), words).toBe(1);
    expect(svg).toContain('probability of label 1');
  });

  it('names only what is there, and what it is given', async () => {
    const plain = await picture(
      decisionMap([{ name: 'alone', logits: new Matrix(canvas.inputs.rows, 1, on(canvas.inputs, circle)) }], {
        grid: canvas,
        title: 'One',
        classes: ['setosa', 'virginica'],
        x: 'length',
        y: 'width',
      }),
    );
    expect(warn).not.toHaveBeenCalled();
    expect(plain).not.toMatch(/NaN|undefined|Infinity/);
    for (const words of ['true boundary', 'predicted wrongly', 'setosa']) expect(count(plain, words)).toBe(0);
    for (const words of ['length', 'width', 'alone', 'boundary, ψ = 0', 'probability of virginica'])
      expect(count(plain, words)).toBe(1);
    expect(count(await picture(map([panel('right', curve)], { classes: ['a', 'b'] })), 'b')).toBe(1);
  });

  it('has panels in the shape of the plane, two by two where they are four', () => {
    expect(four.columns).toBe(2);
    const wide = productGrid(uniformGrid(0, 4, 8), uniformGrid(0, 1, 4));
    const flat = decisionMap([{ name: 'p', logits: new Float64Array(45) }], { grid: wide, title: 'Flat' });
    expect(views(flat)[0].width / views(flat)[0].height).toBeCloseTo(4, 1);
    expect(map([panel('p', curve)], { width: 123, height: 45 }).concat).toMatchObject([
      { width: 123, height: 45 },
    ]);
  });

  it('is pale enough for dark marks on any page, at every probability', () => {
    const { scale } = views(four)[0].layer[0].encoding.color;
    expect(scale.range).toHaveLength(9);
    for (const colour of scale.range) expect(contrast(colour, '#111111')).toBeGreaterThan(7);
  });

  it('of four classifiers is smaller than 60 kB, and its picture than 70 kB', async () => {
    const bundle = await chartBundle(four, { description });
    expect(JSON.stringify(bundle['application/vnd.vegalite.v5+json']).length).toBeLessThan(60_000);
    expect((bundle['image/svg+xml'] as string).length).toBeLessThan(70_000);
  });

  it.each<[string, readonly DecisionPanel[], object, RegExp]>([
    ['no panels', [], {}, /panels: expected one or more, got none/],
    [
      'logits of another grid',
      [{ name: 'p', logits: [1, 2] }],
      {},
      /logits of “p”: expected 4941 values, one for each node of the grid, got 2 × 1/,
    ],
    ['two columns of logits', [{ name: 'p', logits: Matrix.zeros(4941, 2) }], {}, /got 4941 × 2/],
    ['another truth', [panel('p', curve)], { truth: [1] }, /truth: expected 4941 values/],
    [
      'labels of another number',
      [{ name: 'p', logits: new Float64Array(4941) }],
      { training: { inputs: taught.inputs, labels: [0, 1] } },
      /inputs n × 2 and n labels, got 96 × 2 and 2/,
    ],
    [
      'predictions of another number',
      [{ ...panel('p', curve), predicted: [1] }],
      {},
      /predicted of “p”: expected 96, one for each training node, got 1/,
    ],
    [
      'one node',
      [{ name: 'p', logits: [1, 2] }],
      { grid: { axes: [{ nodes: [0] }, { nodes: [0, 1] }] } },
      /2 nodes or more, got 1/,
    ],
  ])('refuses %s', (_, panels, options, message) => {
    expect(() => map(panels, options)).toThrow(ShapeError);
    expect(() => map(panels, options)).toThrow(message);
  });

  it('refuses NaN by panel and node, labels that are neither 0 nor 1, and nodes at unequal distances', () => {
    const broken = on(canvas.inputs, curve);
    broken[7] = Number.NaN;
    expect(() => map([{ name: 'p', logits: broken }])).toThrow(
      /logits of “p”, node 7: expected a finite number, got NaN/,
    );
    const signs = { inputs: taught.inputs, labels: training.labels.map((v) => 2 * v - 1) };
    expect(() => map([{ name: 'p', logits: canvas.weights }], { training: signs })).toThrow(
      /expected 0 or 1, got -1/,
    );
    const uneven = { axes: [{ nodes: [0, 1, 3] }, { nodes: [0, 1] }] };
    expect(() => map([{ name: 'p', logits: new Float64Array(6) }], { grid: uneven })).toThrow(ValueError);
    expect(() => map([{ name: 'p', logits: new Float64Array(6) }], { grid: uneven })).toThrow(
      /rise in equal steps/,
    );
  });
});
