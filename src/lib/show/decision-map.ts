/**
 * What classifiers of two numbers have learnt, side by side: for each the probability of label 1 as a picture, its
 * boundary ψ = 0 as a line, the true boundary dashed, and the training nodes. The picture is a PNG, as that of a heat
 * map; it is pale and opaque, so that marks and lines are dark on it whatever the colour of the page. Labels differ in
 * shape as well as in colour, lines in width and dash.
 */

import { ShapeError, shapeText, ValueError } from '../errors';
import { Matrix } from '../linalg';
import type { NodeValues } from '../metrics';
import type { ChartLook } from './channel';
import type { Spec } from './chart';
import { colourAt, DIVERGING, PALETTE } from './colours';
import { contourLines, simplified } from './contour';
import { axesAt, gridOf, sideBySide } from './facets';
import { dataUrl, indexedPng } from './png';
import { PAGE_INK } from './theme';

/** One classifier. */
export interface DecisionPanel {
  /** Over its panel, as `network: 84 %`. */
  name: string;
  /** ψ at the nodes of the grid (a vector, or a Matrix of one column); its sigmoid is the probability of label 1. */
  logits: NodeValues;
  /** The labels that it gives to the training nodes: where they are wrong, the node gets a ring. */
  predicted?: ArrayLike<number>;
}

export interface DecisionMapOptions extends ChartLook {
  /** The grid of the picture, as `productGrid` makes it: values are in its order, the second axis running fastest. */
  grid: { readonly axes: readonly [GridAxis, GridAxis] };
  /** The training nodes: inputs, n × 2, and labels, 0 or 1. */
  training?: Training;
  /** At the nodes of the grid, a function that is 0 on the true boundary. */
  truth?: NodeValues;
  /** What the labels 0 and 1 are called (default `label 0` and `label 1`). */
  classes?: readonly [string, string];
  /** Titles of the axes (default x₁ and x₂). */
  x?: string;
  y?: string;
  /** Panels in a row (default: up to 3; of four, 2). */
  columns?: number;
}

interface GridAxis {
  readonly nodes: ArrayLike<number>;
}

interface Training {
  readonly inputs: Matrix;
  readonly labels: ArrayLike<number>;
}

/** On the picture, which is pale on every page. */
const DARK = '#111111';
const SHAPES = ['circle', 'triangle-up'] as const;
/** The share of the diverging colours that is pale enough, and how many shades of it. */
const PALE = 0.42;
const SHADES = 65;
/** The default width of a panel goes no further, in pixels. */
const WIDEST = 250;
/** How far a line may be from where it is, in pixels. */
const TOLERANCE = 0.15;

const paleColour = (p: number) => colourAt(DIVERGING, 0.5 + PALE * (p - 0.5));

/**
 * The specification, for `chart`. `width` and `height` are those of a panel. Throws a ShapeError when sizes do not fit
 * or there is no panel, a ValueError for NaN, infinity, and labels other than 0 and 1.
 */
export function decisionMap(panels: readonly DecisionPanel[], options: DecisionMapOptions): Spec {
  const { training, truth, classes = ['label 0', 'label 1'] } = options;
  if (panels.length === 0)
    throw new ShapeError({
      what: 'decisionMap, panels',
      expected: 'one or more',
      got: 'none',
      todo: 'Draw after the classifiers are there.',
    });
  const [x, y] = options.grid.axes.map(({ nodes }) => evenNodes(nodes));
  const nodes = x.length * y.length;
  const psis = panels.map(({ name, logits }) => valuesOf(`decisionMap, logits of “${name}”`, logits, nodes));
  const field = truth && valuesOf('decisionMap, truth', truth, nodes);
  if (training) checkTraining(training, panels);
  const ends = [x, y].map((axis) => [axis[0], axis[axis.length - 1]]);
  const [wide, high] = ends.map(([from, to]) => to - from);
  const room = gridOf(panels.length, { ...options, widest: WIDEST });
  const grid = { ...room, height: options.height ?? Math.round((room.width * high) / wide) };
  const scale = [grid.width / wide, grid.height / high] as const;
  const boundaryOf = (values: ArrayLike<number>) =>
    contourLines(values, x, y).flatMap((line, k) => {
      const few = simplified(line, TOLERANCE, scale);
      return Array.from(few.x, (at, order) => ({ x: at, y: few.y[order], line: k, order }));
    });
  const axis = (of: 'x' | 'y', title: string, domain: readonly number[]): Spec => ({
    field: of,
    type: 'quantitative',
    title,
    scale: { domain, nice: false, zero: false },
    axis: { grid: false, tickCount: 5 },
  });

  const lines = field ? BOTH_LINES : BOTH_LINES.slice(0, 1);
  const views = panels.map(({ name, predicted }, i) => {
    const { x: across, y: up } = axesAt(grid.place(i), grid.width);
    const place = {
      x: across(axis('x', options.x ?? 'x₁', ends[0])),
      y: up(axis('y', options.y ?? 'x₂', ends[1])),
    };
    const layer: Spec[] = [
      scaleLayer(place, ends, classes[1]),
      pictureLayer(psis[i], x.length, y.length, grid),
      lineLayer({ values: boundaryOf(psis[i]) }, 0, lines, place),
    ];
    if (field) layer.push(lineLayer({ name: 'truth' }, 1, lines, place));
    if (training) layer.push(nodeLayer({ name: 'nodes' }, classes, place));
    if (training && predicted) {
      const wrong = nodesOf(training, classes).filter((_, k) => predicted[k] !== training.labels[k]);
      if (wrong.length > 0) layer.push(ringLayer({ values: wrong }, place));
    }
    return { name, data: { values: [] }, layer };
  });
  return {
    ...sideBySide(views, grid, options),
    // What every panel shows is written once.
    datasets: {
      ...(field ? { truth: boundaryOf(field) } : {}),
      ...(training ? { nodes: nodesOf(training, classes) } : {}),
    },
  };
}

/** Carries the scales and the legend of the colours; the picture is not a mark of theirs. */
function scaleLayer(place: Spec, [[x0, x1], [y0, y1]]: readonly (readonly number[])[], one: string): Spec {
  const stops = DIVERGING.map((_, i) => i / (DIVERGING.length - 1));
  const hex = (p: number) =>
    `#${paleColour(p)
      .map((v) => v.toString(16).padStart(2, '0'))
      .join('')}`;
  return {
    data: {
      values: [
        { x: x0, y: y0, p: 0 },
        { x: x1, y: y1, p: 1 },
      ],
    },
    mark: { type: 'point', opacity: 0, tooltip: null },
    encoding: {
      ...place,
      color: {
        field: 'p',
        type: 'quantitative',
        title: `probability of ${one}`,
        scale: { domain: stops, range: stops.map(hex) },
        legend: {
          type: 'gradient',
          values: [0, 0.5, 1],
          orient: 'right',
          direction: 'vertical',
          titleOrient: 'right',
        },
      },
    },
  };
}

/** The probabilities as one image over the whole plot, a pixel for each cell of the grid, the mean of its corners. */
function pictureLayer(
  psi: ArrayLike<number>,
  nx: number,
  ny: number,
  { width, height }: { width: number; height: number },
): Spec {
  const [cols, rows] = [nx - 1, ny - 1];
  const p = (k: number) => 1 / (1 + Math.exp(-psi[k]));
  const pixels = new Uint8Array(cols * rows);
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < cols; c++) {
      const corner = c * ny + (rows - 1 - r); // the first row of an image is the uppermost
      const middle = (p(corner) + p(corner + 1) + p(corner + ny) + p(corner + ny + 1)) / 4;
      pixels[r * cols + c] = Math.round(middle * (SHADES - 1));
    }
  const palette = Array.from({ length: SHADES }, (_, i) => paleColour(i / (SHADES - 1)));
  return {
    data: { values: [{}] },
    mark: {
      type: 'image',
      url: dataUrl(indexedPng(cols, rows, palette, pixels)),
      width,
      height,
      align: 'left',
      baseline: 'top',
      aspect: false,
      smooth: true,
      tooltip: null,
    },
    encoding: { x: { value: 0 }, y: { value: 0 } },
  };
}

/** A boundary. The model's is broad and grey, the true one thin and dashed: both are seen where they meet. */
const BOTH_LINES = [
  { name: 'boundary, ψ = 0', dash: [1, 0], width: 4.5, opacity: 0.45 },
  { name: 'true boundary', dash: [5, 4], width: 1.75, opacity: 1 },
] as const;

function lineLayer(
  data: Spec,
  which: 0 | 1,
  lines: readonly (typeof BOTH_LINES)[number][],
  place: Spec,
): Spec {
  const channel = (look: 'dash' | 'width' | 'opacity') => ({
    field: 'what',
    type: 'ordinal',
    scale: { type: 'ordinal', domain: lines.map(({ name }) => name), range: lines.map((line) => line[look]) },
    legend: { title: null, symbolType: 'stroke', symbolSize: 170, symbolStrokeColor: PAGE_INK },
  });
  return {
    data,
    transform: [{ calculate: `'${lines[which].name}'`, as: 'what' }],
    // A line's width is its size; strokeWidth is for the legend.
    mark: { type: 'line', stroke: DARK, size: lines[which].width, strokeCap: 'butt', tooltip: null },
    encoding: {
      ...place,
      detail: { field: 'line', type: 'nominal' },
      order: { field: 'order', type: 'quantitative' },
      strokeDash: channel('dash'),
      strokeWidth: channel('width'),
      opacity: channel('opacity'),
    },
  };
}

/** The training nodes. */
function nodeLayer(data: Spec, classes: readonly string[], place: Spec): Spec {
  const channel = (range: readonly string[]) => ({
    field: 'label',
    type: 'nominal',
    scale: { domain: classes, range },
    legend: { title: null, symbolStrokeColor: PAGE_INK, symbolStrokeWidth: 1 },
  });
  return {
    data,
    mark: { type: 'point', size: 34, stroke: DARK, strokeWidth: 1, opacity: 1 },
    encoding: { ...place, fill: channel(PALETTE.slice(0, 2)), shape: channel(SHAPES) },
  };
}

/** Rings around nodes. */
function ringLayer(data: Spec, place: Spec): Spec {
  return {
    data,
    transform: [{ calculate: "'predicted wrongly'", as: 'what' }],
    mark: {
      type: 'point',
      shape: 'circle',
      filled: false,
      stroke: DARK,
      strokeWidth: 1.75,
      opacity: 1,
      tooltip: null,
    },
    encoding: {
      ...place,
      size: {
        field: 'what',
        type: 'ordinal',
        scale: { type: 'ordinal', domain: ['predicted wrongly'], range: [150] },
        legend: { title: null, symbolStrokeColor: PAGE_INK, symbolFillColor: 'transparent' },
      },
    },
  };
}

function nodesOf({ inputs, labels }: Training, classes: readonly string[]) {
  return Array.from(labels, (label, k) => ({
    x: inputs.get(k, 0),
    y: inputs.get(k, 1),
    label: classes[label],
  }));
}

/** The nodes of an axis. A picture has pixels of one size: they must rise evenly. */
function evenNodes(nodes: ArrayLike<number>): ArrayLike<number> {
  const step = (nodes[nodes.length - 1] - nodes[0]) / (nodes.length - 1);
  for (let i = 1; i < nodes.length; i++)
    if (!(Math.abs(nodes[i] - nodes[i - 1] - step) <= 1e-6 * step))
      throw new ValueError({
        what: 'decisionMap, grid, an axis',
        expected: 'nodes that rise in equal steps',
        got: `${nodes[i - 1]} and ${nodes[i]} where a step is ${step}`,
        todo: 'Take the product of two uniform grids.',
      });
  if (nodes.length >= 2) return nodes;
  throw new ShapeError({
    what: 'decisionMap, grid, an axis',
    expected: '2 nodes or more',
    got: String(nodes.length),
    todo: 'Take the product of two uniform grids.',
  });
}

/** One finite number for each node of the grid. */
function valuesOf(what: string, values: NodeValues, nodes: number): ArrayLike<number> {
  const { rows, cols, data } =
    values instanceof Matrix ? values : { rows: values.length, cols: 1, data: values };
  if (rows !== nodes || cols !== 1)
    throw new ShapeError({
      what,
      expected: `${nodes} values, one for each node of the grid`,
      got: shapeText([rows, cols]),
      todo: 'Give those at the inputs of the grid, in their order.',
    });
  for (let k = 0; k < nodes; k++)
    if (!Number.isFinite(data[k]))
      throw new ValueError({
        what: `${what}, node ${k}`,
        expected: 'a finite number',
        got: String(data[k]),
        todo: 'Find out where it comes from before drawing it.',
      });
  return data;
}

function checkTraining({ inputs, labels }: Training, panels: readonly DecisionPanel[]): void {
  if (inputs.cols !== 2 || inputs.rows !== labels.length)
    throw new ShapeError({
      what: 'decisionMap, training',
      expected: 'inputs n × 2 and n labels',
      got: `${shapeText(inputs.shape)} and ${labels.length}`,
      todo: 'Label i belongs to row i.',
    });
  for (let k = 0; k < labels.length; k++)
    if (labels[k] !== 0 && labels[k] !== 1)
      throw new ValueError({
        what: `decisionMap, training, label ${k}`,
        expected: '0 or 1',
        got: String(labels[k]),
        todo: 'Name the two in `classes`.',
      });
  for (const { name, predicted } of panels)
    if (predicted && predicted.length !== labels.length)
      throw new ShapeError({
        what: `decisionMap, predicted of “${name}”`,
        expected: `${labels.length}, one for each training node`,
        got: String(predicted.length),
        todo: 'Give the labels that it predicts there, or leave them out.',
      });
}
