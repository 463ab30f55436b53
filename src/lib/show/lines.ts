/** Lines over a number: curves of training, laws of growth, a quantity over layers or dimensions. */

import {
  type Averaged,
  type Axis,
  averaged,
  axisChannel,
  type ChartLook,
  colourChannel,
  type DataRow,
  errorNote,
  joinNotes,
  legendOf,
  look,
  nameAt,
  numberAt,
  type PaperValue,
  paperLayers,
  resolveAxis,
  seriesNames,
  someRows,
  theoryLayer,
  WIDTH,
} from './channel';
import type { Spec } from './chart';
import { MARKS } from './theme';

export interface LinesOptions extends ChartLook {
  x: Axis;
  y: Axis;
  /** The field that names the line a row belongs to; one line otherwise. */
  series?: string;
  /** Points on the lines (default: when no line has more than 25). */
  points?: boolean;
  /** The paper's value or values, dashed. */
  paper?: number | readonly PaperValue[];
  /** The paper's numbers at single places of x, as hollow diamonds. */
  paperPoints?: readonly { readonly x: number; readonly y: number }[];
  /** What theory says, without an error: curves of their own beside the measured lines. */
  curves?: readonly {
    readonly label: string;
    readonly x: ArrayLike<number>;
    readonly y: ArrayLike<number>;
  }[];
  /** Shape of the line between points (default straight); `step` for what changes at once. */
  interpolate?: 'linear' | 'step-after' | 'monotone';
}

/**
 * One line a series. Rows with the same x and series (one a seed) become their mean and a band of ± one standard
 * error; on a logarithmic y axis the mean is geometric. Throws a ValueError for missing or non-finite values.
 */
export function lines(rows: readonly DataRow[], options: LinesOptions): Spec {
  const { series, interpolate = 'linear', width = WIDTH, paperPoints = [], curves = [] } = options;
  const x = resolveAxis(options.x);
  const y = resolveAxis(options.y);
  const groups = new Map<string, { x: number; name: string; values: number[] }>();
  someRows(rows, 'lines').forEach((row, i) => {
    const at = numberAt(row, x.field, i, x.log);
    const name = series === undefined ? '' : nameAt(row, series, i);
    const key = `${name}\n${at}`;
    const group = groups.get(key) ?? { x: at, name, values: [] };
    group.values.push(numberAt(row, y.field, i, y.log));
    groups.set(key, group);
  });
  const means: Averaged[] = [];
  const values = [...groups.values()]
    .sort((a, b) => a.x - b.x)
    .map((group) => {
      const m = averaged(group.values, y.log);
      means.push(m);
      const named = series === undefined ? {} : { [series]: group.name };
      const band = m.n > 1 ? { low: m.low, high: m.high } : {};
      return { [x.field]: group.x, [y.field]: m.mean, ...named, ...band };
    });
  const names = seriesNames(rows, series);
  const longest = Math.max(
    ...(names.length ? names : ['']).map((n) => [...groups.values()].filter((g) => g.name === n).length),
  );
  const points = options.points ?? longest <= 25;
  const colour = colourChannel(names, series, width);
  const shape = points && series !== undefined ? { shape: { ...(colour.color as Spec) } } : {};
  const tooltip = [
    ...(series === undefined ? [] : [{ field: series, type: 'nominal' }]),
    { field: x.field, type: 'quantitative', title: x.title },
    { field: y.field, type: 'quantitative', title: y.title, format: '.4~g' },
  ];
  const banded = means.some((m) => m.n > 1);
  // In each layer, not above them: the layers of the paper's values have no such fields.
  const drawn = curves.flatMap(({ label, x: at, y: height }) =>
    Array.from(at, (_, i) => ({ curve: label, [x.field]: at[i], [y.field]: height[i] })),
  );
  const diamonds = paperPoints.map((point) => ({ source: 'paper', [x.field]: point.x, [y.field]: point.y }));
  const beside: DataRow[] = [...drawn, ...diamonds];
  const xs = [
    ...[...groups.values()].map((g) => g.x),
    ...beside.map((row, i) => numberAt(row, x.field, i, x.log)),
  ];
  const all = [
    ...means.flatMap((m) => [m.low, m.high]),
    ...beside.map((row, i) => numberAt(row, y.field, i, y.log)),
  ];
  const across = axisChannel(x, x.field, xs);
  if (points && !x.log && !x.domain) Object.assign(across.scale as Spec, { padding: 8, nice: false });
  const shared = { x: across, ...colour };
  const layer: Spec[] = [];
  if (banded)
    layer.push({
      transform: [{ filter: 'isValid(datum.low)' }],
      mark: { type: 'area', opacity: 0.22, interpolate },
      encoding: { ...shared, y: axisChannel(y, 'low', all), y2: { field: 'high' } },
    });
  layer.push({
    mark: { type: 'line', interpolate },
    encoding: { ...shared, y: axisChannel(y, y.field, all) },
  });
  if (points)
    layer.push({
      mark: { type: 'point' },
      encoding: { ...shared, y: axisChannel(y, y.field, all), ...shape, tooltip },
    });
  const place = { x: across, y: axisChannel(y, y.field, all) };
  if (drawn.length > 0) layer.push(theoryLayer(drawn, place, width));
  if (diamonds.length > 0) layer.push(paperPointLayer(diamonds, place, width));
  const note = errorNote(means, y.log, 'band');
  return {
    ...look({ ...options, subtitle: joinNotes(options.subtitle, note) }),
    data: { values },
    layer: [...layer, ...paperLayers(options.paper)],
  };
}

/** Hollow diamonds, and a legend of one entry that explains them. */
function paperPointLayer(values: readonly DataRow[], place: Spec, width: number): Spec {
  return {
    data: { values },
    mark: { type: 'point', ...MARKS.paperPoint },
    encoding: {
      ...place,
      stroke: {
        field: 'source',
        type: 'nominal',
        scale: { domain: ['paper'], range: [MARKS.paperPoint.stroke] },
        legend: { ...legendOf(['paper'], width), symbolType: 'diamond', symbolFillColor: 'transparent' },
      },
    },
  };
}
