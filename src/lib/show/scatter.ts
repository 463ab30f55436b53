/** One number against another, a point each: network against surrogate, two kernels' entries. */

import {
  type Axis,
  axisChannel,
  type ChartLook,
  colourChannel,
  type DataRow,
  numberAt,
  type PaperValue,
  paperLayers,
  resolveAxis,
  seriesNames,
  someRows,
} from './channel';
import type { Spec } from './chart';
import { type Drawing, type Facet, type Panel, panelsOf, unseen } from './facets';
import { MARKS } from './theme';

export interface ScatterOptions extends ChartLook {
  x: Axis;
  y: Axis;
  /** The field that names the group of a row, shown by colour and shape. */
  series?: string;
  /** The field that names the panel a row belongs to; one panel otherwise. `width` and `height` are then a panel's. */
  facet?: Facet;
  /** The line y = x, over the range that both axes share. */
  identity?: boolean;
  /** The paper's value or values, dashed. */
  paper?: number | readonly PaperValue[];
  /** Opacity of a point (default: fainter the more there are). */
  opacity?: number;
  /** Fields shown when the pointer rests on a point (default x, y and series). */
  tooltip?: readonly string[];
}

/** A scatter plot, in one panel or in several. Throws a ValueError for missing or non-finite values. */
export function scatter(rows: readonly DataRow[], options: ScatterOptions): Spec {
  const { series, identity = false } = options;
  const x = resolveAxis(options.x);
  const y = resolveAxis(options.y);
  const panels = panelsOf(someRows(rows, 'scatter'), options);
  const extra = (options.tooltip ?? []).filter((f) => f !== x.field && f !== y.field && f !== series);
  const kept = [x.field, y.field, ...(series === undefined ? [] : [series]), ...extra];
  const points = rows.map((row, i) => ({
    panel: panels.of(row, i),
    x: numberAt(row, x.field, i, x.log),
    y: numberAt(row, y.field, i, y.log),
    value: Object.fromEntries(kept.map((f) => [f, f === series ? String(row[f]) : row[f]])),
  }));
  const names = seriesNames(rows, series);
  const many = rows.length;
  const opacity = options.opacity ?? Math.max(0.25, Math.min(0.85, 12 / Math.sqrt(many)));
  const size = many > 1000 ? 14 : many > 200 ? 24 : 45;
  const colour = colourChannel(names, series, panels.whole);
  const shape = series === undefined ? {} : { shape: { ...(colour.color as Spec) } };
  const tooltip = kept.map((field) => ({
    field,
    type: typeof rows[0][field] === 'number' && field !== series ? 'quantitative' : 'nominal',
  }));

  const draw = (panel: Panel): Drawing => {
    const own = points.filter((point) => point.panel === panel.name);
    const empty = own.length === 0;
    const shown = panels.ownAxis && !empty ? own : points;
    const [xs, ys] = [shown.map((point) => point.x), shown.map((point) => point.y)];
    const ends = identity ? identityEnds(xs, ys) : [];
    const place = {
      // A logarithmic axis has ticks as far as the line goes.
      x: panel.x(axisChannel(x, x.field, x.log ? [...xs, ...ends] : xs)),
      y: panel.y(axisChannel(y, y.field, y.log ? [...ys, ...ends] : ys)),
    };
    const marks: Spec = {
      mark: { type: 'point', opacity, size },
      encoding: { ...place, ...colour, ...shape, tooltip },
    };
    return {
      data: { values: (empty ? points : own).map((point) => point.value) },
      layer: [
        ...(identity ? [identityLayer(ends)] : []),
        empty ? unseen(place) : marks,
        ...paperLayers(options.paper, { labelled: panel.last }),
      ],
    };
  };
  return panels.spec(draw, { subtitle: options.subtitle, values: 'both' });
}

/** The range that both axes share. Ranges that do not meet have no piece of y = x in view; the line then spans both. */
function identityEnds(xs: readonly number[], ys: readonly number[]): [number, number] {
  const ends = (v: readonly number[]) =>
    v.reduce(([a, b], t) => [Math.min(a, t), Math.max(b, t)], [v[0], v[0]]);
  const [xLow, xHigh] = ends(xs);
  const [yLow, yHigh] = ends(ys);
  const low = Math.max(xLow, yLow);
  const high = Math.min(xHigh, yHigh);
  return low < high ? [low, high] : [Math.min(xLow, yLow), Math.max(xHigh, yHigh)];
}

function identityLayer(ends: readonly number[]): Spec {
  const channel = (field: string) => ({ field, type: 'quantitative' });
  return {
    data: { values: ends.map((v) => ({ identityX: v, identityY: v })) },
    mark: { type: 'line', ...MARKS.identity },
    encoding: { x: channel('identityX'), y: channel('identityY') },
  };
}
