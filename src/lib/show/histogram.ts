/** The distribution of numbers: residuals, eigenvalues, attributions; with a theory's curve over it. */

import { ValueError } from '../errors';
import {
  type ChartLook,
  checkCount,
  colourChannel,
  LOG_LABELS,
  logTicks,
  look,
  type PaperValue,
  paperLayers,
  theoryLayer,
  WIDTH,
} from './channel';
import type { Spec } from './chart';

export interface HistogramOptions extends ChartLook {
  /** Title of the x axis, with its unit. */
  x: string;
  /** Number of bins, all of one width (default 40). */
  bins?: number;
  /** Ends of the bins (default: of the data). Values outside are an error, not left out. */
  domain?: readonly [number, number];
  /** Density (area 1) or count of each bin (default density, which a curve can be laid over). */
  measure?: 'density' | 'count';
  /** Logarithmic y axis: shows a tail. Empty bins lie on its floor. */
  log?: boolean;
  /** Curves over the bars, in the units of y: a Gaussian, Marchenko–Pastur. */
  curves?: readonly { label: string; x: ArrayLike<number>; y: ArrayLike<number> }[];
  /** The paper's value or values on the x axis, dashed. */
  paper?: readonly PaperValue[];
}

/**
 * A histogram of one set of numbers, or of several by name, laid over each other with the same bins. Throws a
 * ValueError for no values, for NaN, for values outside `domain`, and for `bins` that is no count.
 */
export function histogram(
  values: ArrayLike<number> | Readonly<Record<string, ArrayLike<number>>>,
  options: HistogramOptions,
): Spec {
  const { bins = 40, measure = 'density', log = false, curves = [], width = WIDTH } = options;
  checkCount('histogram, bins', bins);
  const isList = typeof (values as ArrayLike<number>).length === 'number';
  const sets = isList
    ? { '': values as ArrayLike<number> }
    : (values as Readonly<Record<string, ArrayLike<number>>>);
  const names = Object.keys(sets);
  const [low, high] = binEnds(sets, options.domain);
  const step = (high - low) / bins;
  const unit = (name: string) => (measure === 'density' ? 1 / (sets[name].length * step) : 1);
  const heights = names.map((name) =>
    binCounts(sets[name], low, high, bins).map((count) => count * unit(name)),
  );
  const smallest = Math.min(...heights.flat().filter((h) => h > 0));
  // On a logarithmic axis there is no zero to stand on: bars stand on a floor below the smallest, empty bins lie on it.
  const floor = log ? smallest / 2 : 0;
  const rows = names.flatMap((name, k) =>
    // One area of steps a set: its last step ends where the last bin does.
    [...heights[k], heights[k][bins - 1]].map((h, i) => ({
      from: low + i * step,
      height: Math.max(floor, h),
      set: name,
    })),
  );
  const several = names.length > 1;
  const yTitle = measure === 'density' ? 'density' : 'count';
  const yScale = log ? { type: 'log', domainMin: floor, nice: false } : { zero: true };
  const y = {
    field: 'height',
    type: 'quantitative',
    title: yTitle,
    scale: yScale,
    ...(log ? { axis: { ...LOG_LABELS, values: logTicks(heights.flat().filter((h) => h > 0)) } } : {}),
  };
  const x = {
    field: 'from',
    type: 'quantitative',
    title: options.x,
    scale: { zero: false, nice: false },
    axis: { grid: false },
    // Beside a logarithmic y axis, JupyterLab's Vega-Lite (older than ours) would stack equal bins along x.
    stack: null,
  };
  const layer: Spec[] = [
    {
      mark: {
        type: 'area',
        orient: 'vertical',
        interpolate: 'step-after',
        opacity: several ? 0.4 : 0.6,
        line: { strokeWidth: 1.25, interpolate: 'step-after' },
        tooltip: null,
      },
      encoding: { x, y, y2: { datum: floor }, ...(several ? colourChannel(names, 'set', width, null) : {}) },
    },
  ];
  if (curves.length > 0) {
    const values = curves.flatMap(({ label, x: at, y: height }) =>
      Array.from(at, (from, i) => ({ from, height: height[i], curve: label })),
    );
    const place = (field: string) => ({ field, type: 'quantitative' });
    layer.push(theoryLayer(values, { x: place('from'), y: place('height') }, width));
  }
  const axes: PaperValue[] = (options.paper ?? []).map((p) => ({ axis: 'x' as const, ...p }));
  return { ...look(options), data: { values: rows }, layer: [...layer, ...paperLayers(axes)] };
}

function binEnds(
  sets: Readonly<Record<string, ArrayLike<number>>>,
  domain?: readonly [number, number],
): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const wrong = (expected: string, got: string) =>
    new ValueError({ what: 'histogram', expected, got, todo: 'Check the values before drawing them.' });
  for (const [name, set] of Object.entries(sets)) {
    if (set.length === 0) throw wrong('values', `none${name ? ` for “${name}”` : ''}`);
    for (let i = 0; i < set.length; i++) {
      if (!Number.isFinite(set[i])) throw wrong('finite values', `${set[i]} at ${i}`);
      low = Math.min(low, set[i]);
      high = Math.max(high, set[i]);
    }
  }
  if (domain) {
    if (!(domain[0] <= low && high <= domain[1] && domain[0] < domain[1]))
      throw wrong(`values within ${domain[0]} … ${domain[1]}`, `${low} … ${high}`);
    return [domain[0], domain[1]];
  }
  // One value only: a bin around it.
  return low < high ? [low, high] : [low - 0.5, high + 0.5];
}

function binCounts(values: ArrayLike<number>, low: number, high: number, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const perUnit = bins / (high - low);
  for (let i = 0; i < values.length; i++)
    counts[Math.min(bins - 1, Math.floor((values[i] - low) * perUnit))]++;
  return counts;
}

/** A normal density on a grid, for `curves`. */
export function normalCurve(
  mean: number,
  sd: number,
  label: string,
  points = 121,
): { label: string; x: number[]; y: number[] } {
  const x = Array.from({ length: points }, (_, i) => mean + sd * (-4 + (8 * i) / (points - 1)));
  const y = x.map((v) => Math.exp(-0.5 * ((v - mean) / sd) ** 2) / (sd * Math.sqrt(2 * Math.PI)));
  return { label, x, y };
}
