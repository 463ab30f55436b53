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
  look,
  nameAt,
  numberAt,
  type PaperValue,
  paperLayers,
  resolveAxis,
  seriesNames,
  someRows,
  WIDTH,
} from './channel';
import type { Spec } from './chart';

export interface LinesOptions extends ChartLook {
  x: Axis;
  y: Axis;
  /** The field that names the line a row belongs to; one line otherwise. */
  series?: string;
  /** Points on the lines (default: when no line has more than 25). */
  points?: boolean;
  /** The paper's value or values, dashed. */
  paper?: number | readonly PaperValue[];
  /** Shape of the line between points (default straight); `step` for what changes at once. */
  interpolate?: 'linear' | 'step-after' | 'monotone';
}

/**
 * One line a series. Rows with the same x and series (one a seed) become their mean and a band of ± one standard
 * error; on a logarithmic y axis the mean is geometric. Throws a ValueError for missing or non-finite values.
 */
export function lines(rows: readonly DataRow[], options: LinesOptions): Spec {
  const { series, interpolate = 'linear', width = WIDTH } = options;
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
  const xs = [...groups.values()].map((group) => group.x);
  const all = means.flatMap((m) => [m.low, m.high]);
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
  const note = errorNote(means, y.log, 'band');
  return {
    ...look({ ...options, subtitle: joinNotes(options.subtitle, note) }),
    data: { values },
    layer: [...layer, ...paperLayers(options.paper)],
  };
}
