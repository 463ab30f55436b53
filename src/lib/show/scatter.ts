/** One number against another, a point each: network against surrogate, two kernels' entries. */

import {
  type Axis,
  axisChannel,
  type ChartLook,
  colourChannel,
  type DataRow,
  look,
  numberAt,
  type PaperValue,
  paperLayers,
  resolveAxis,
  seriesNames,
  someRows,
  WIDTH,
} from './channel';
import type { Spec } from './chart';
import { MARKS } from './theme';

export interface ScatterOptions extends ChartLook {
  x: Axis;
  y: Axis;
  /** The field that names the group of a row, shown by colour and shape. */
  series?: string;
  /** The line y = x, over the range that both axes share. */
  identity?: boolean;
  /** The paper's value or values, dashed. */
  paper?: number | readonly PaperValue[];
  /** Opacity of a point (default: fainter the more there are). */
  opacity?: number;
  /** Fields shown when the pointer rests on a point (default x, y and series). */
  tooltip?: readonly string[];
}

/** A scatter plot. Throws a ValueError for missing or non-finite values. */
export function scatter(rows: readonly DataRow[], options: ScatterOptions): Spec {
  const { series, identity = false, width = WIDTH } = options;
  const x = resolveAxis(options.x);
  const y = resolveAxis(options.y);
  const xs = someRows(rows, 'scatter').map((row, i) => numberAt(row, x.field, i, x.log));
  const ys = rows.map((row, i) => numberAt(row, y.field, i, y.log));
  const extra = (options.tooltip ?? []).filter((f) => f !== x.field && f !== y.field && f !== series);
  const kept = [x.field, y.field, ...(series === undefined ? [] : [series]), ...extra];
  const values = rows.map((row) =>
    Object.fromEntries(kept.map((f) => [f, f === series ? String(row[f]) : row[f]])),
  );
  const names = seriesNames(rows, series);
  const many = rows.length;
  const opacity = options.opacity ?? Math.max(0.25, Math.min(0.85, 12 / Math.sqrt(many)));
  const size = many > 1000 ? 14 : many > 200 ? 24 : 45;
  const colour = colourChannel(names, series, width);
  const shape = series === undefined ? {} : { shape: { ...(colour.color as Spec) } };
  const layer: Spec[] = [];
  if (identity) layer.push(identityLayer(xs, ys));
  layer.push({
    mark: { type: 'point', opacity, size },
    encoding: {
      x: axisChannel(x, x.field, xs),
      y: axisChannel(y, y.field, ys),
      ...colour,
      ...shape,
      tooltip: kept.map((field) => ({
        field,
        type: typeof rows[0][field] === 'number' && field !== series ? 'quantitative' : 'nominal',
      })),
    },
  });
  return { ...look(options), data: { values }, layer: [...layer, ...paperLayers(options.paper)] };
}

function identityLayer(xs: readonly number[], ys: readonly number[]): Spec {
  const ends = (v: readonly number[]) =>
    v.reduce(([a, b], t) => [Math.min(a, t), Math.max(b, t)], [v[0], v[0]]);
  const [xLow, xHigh] = ends(xs);
  const [yLow, yHigh] = ends(ys);
  const low = Math.max(xLow, yLow);
  const high = Math.min(xHigh, yHigh);
  // Ranges that do not meet have no piece of y = x in view; the line then spans both.
  const [from, to] = low < high ? [low, high] : [Math.min(xLow, yLow), Math.max(xHigh, yHigh)];
  const channel = (field: string) => ({ field, type: 'quantitative' });
  return {
    data: { values: [from, to].map((v) => ({ identityX: v, identityY: v })) },
    mark: { type: 'line', ...MARKS.identity },
    encoding: { x: channel('identityX'), y: channel('identityY') },
  };
}
