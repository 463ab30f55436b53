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
  nameAt,
  numberAt,
  type PaperValue,
  paperLayers,
  resolveAxis,
  type Spread,
  seriesNames,
  someRows,
  theoryLayer,
} from './channel';
import type { Spec } from './chart';
import { type Drawing, type Facet, type Panel, panelsOf, unseen } from './facets';
import { MARKS } from './theme';

export interface LinesOptions extends ChartLook {
  x: Axis;
  y: Axis;
  /** The field that names the line a row belongs to; one line otherwise. */
  series?: string;
  /** The field that names the panel a row belongs to; one panel otherwise. `width` and `height` are then a panel's. */
  facet?: Facet;
  /** What the band spans where several rows share x and series (default: ± one standard error). */
  spread?: Spread;
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

/** A point of a line: the rows of one panel, series and x. */
interface Point extends Averaged {
  panel: string;
  name: string;
  x: number;
}

/**
 * One line a series, in one panel or in several. Rows with the same x and series (one a seed) become their mean and a
 * band of ± one standard error, or from the least to the most; on a logarithmic y axis the mean is geometric. What is
 * the paper's or theory's is drawn in every panel. Throws a ValueError for missing or non-finite values.
 */
export function lines(rows: readonly DataRow[], options: LinesOptions): Spec {
  const { series, interpolate = 'linear', spread, paperPoints = [], curves = [] } = options;
  const x = resolveAxis(options.x);
  const y = resolveAxis(options.y);
  const panels = panelsOf(someRows(rows, 'lines'), options);
  const groups = new Map<string, { panel: string; name: string; x: number; values: number[] }>();
  rows.forEach((row, i) => {
    const at = numberAt(row, x.field, i, x.log);
    const name = series === undefined ? '' : nameAt(row, series, i);
    const panel = panels.of(row, i);
    const key = [panel, name, at].join('\n');
    const group = groups.get(key) ?? { panel, name, x: at, values: [] };
    group.values.push(numberAt(row, y.field, i, y.log));
    groups.set(key, group);
  });
  const points: Point[] = [...groups.values()]
    .sort((a, b) => a.x - b.x)
    .map(({ values, ...of }) => ({ ...of, ...averaged(values, y.log, spread) }));
  const banded = points.some((point) => point.n > 1);
  const names = seriesNames(rows, series);
  const lengths = new Map<string, number>();
  for (const { panel, name } of points) {
    const line = `${panel}\n${name}`;
    lengths.set(line, (lengths.get(line) ?? 0) + 1);
  }
  const dotted = options.points ?? Math.max(...lengths.values()) <= 25;
  const colour = colourChannel(names, series, panels.whole);
  const shape = dotted && series !== undefined ? { shape: { ...(colour.color as Spec) } } : {};
  const tooltip = [
    ...(series === undefined ? [] : [{ field: series, type: 'nominal' }]),
    { field: x.field, type: 'quantitative', title: x.title },
    { field: y.field, type: 'quantitative', title: y.title, format: '.4~g' },
  ];
  const drawn = curves.flatMap(({ label, x: at, y: height }) =>
    Array.from(at, (_, i) => ({ curve: label, [x.field]: at[i], [y.field]: height[i] })),
  );
  const diamonds = paperPoints.map((point) => ({ source: 'paper', [x.field]: point.x, [y.field]: point.y }));
  const beside: DataRow[] = [...drawn, ...diamonds];
  const across = axisChannel(x, x.field, [
    ...points.map((point) => point.x),
    ...beside.map((row, i) => numberAt(row, x.field, i, x.log)),
  ]);
  if (dotted && !x.log && !x.domain) Object.assign(across.scale as Spec, { padding: 8, nice: false });

  const draw = (panel: Panel): Drawing => {
    const own = points.filter((point) => point.panel === panel.name);
    const empty = own.length === 0;
    const shown = [
      ...(panels.ownAxis && !empty ? own : points).flatMap((point) => [point.low, point.high]),
      ...beside.map((row, i) => numberAt(row, y.field, i, y.log)),
    ];
    const up = (field: string) => ({ y: panel.y(axisChannel(y, field, shown)) });
    const place = { x: panel.x(across), ...up(y.field) };
    const values = (empty ? points : own).map((point) => ({
      [x.field]: point.x,
      [y.field]: point.mean,
      ...(series === undefined ? {} : { [series]: point.name }),
      ...(point.n > 1 ? { low: point.low, high: point.high } : {}),
    }));
    // Channels are in each layer, not above them: the layers of the paper's values have no such fields.
    const band: Spec = {
      transform: [{ filter: 'isValid(datum.low)' }],
      mark: { type: 'area', opacity: 0.22, interpolate },
      encoding: {
        // Beside a logarithmic axis, JupyterLab's Vega-Lite (older than ours) would stack the band along the other.
        x: { ...place.x, stack: null },
        y: { ...up('low').y, stack: null },
        y2: { field: 'high' },
        ...colour,
      },
    };
    const line: Spec = { mark: { type: 'line', interpolate }, encoding: { ...place, ...colour } };
    const marks: Spec = { mark: { type: 'point' }, encoding: { ...place, ...colour, ...shape, tooltip } };
    const layer = empty ? [unseen(place)] : [...(banded ? [band] : []), line, ...(dotted ? [marks] : [])];
    if (drawn.length > 0) layer.push(theoryLayer(drawn, place, panels.whole));
    if (diamonds.length > 0) layer.push(paperPointLayer(diamonds, place, panels.whole));
    return {
      data: { values },
      layer: [...layer, ...paperLayers(options.paper, { labelled: panel.last })],
    };
  };
  const note = errorNote(points, y.log, 'band', spread);
  return panels.spec(draw, { subtitle: joinNotes(options.subtitle, note) });
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
