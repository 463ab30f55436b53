/**
 * A number for each of several things, with its error over seeds and the paper's value beside it. `bars` for what has
 * a zero that matters (counts, shares, seconds); `dots` for what is compared within a narrow range (a τ, an accuracy),
 * where a bar from zero hides the difference and a bar from elsewhere lies about it.
 */

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
  WIDTH,
} from './channel';
import type { Spec } from './chart';
import { MARKS } from './theme';

export interface BarsOptions extends ChartLook {
  /** The field that names the thing; things stand in the order in which they first come. */
  category: string | { field: string; title?: string };
  /** The field of the number. */
  value: Axis;
  /** The field that names the group within a category, side by side. */
  series?: string;
  /** The paper's number by category, drawn as a hollow diamond. */
  paper?: Readonly<Record<string, number>>;
  /** A value of the paper for all categories, dashed. */
  paperRule?: number | readonly PaperValue[];
  /** Each seed's own value as a small tick (default: for dots with 2 to 20 seeds). */
  seeds?: boolean;
}

/** A bar for each category. Rows with the same category and series (one a seed) become mean ± standard error. */
export function bars(rows: readonly DataRow[], options: BarsOptions): Spec {
  return categories(rows, options, 'bar');
}

/** A point for each category, on an axis that need not begin at zero. Otherwise as `bars`. */
export function dots(rows: readonly DataRow[], options: BarsOptions): Spec {
  return categories(rows, options, 'point');
}

function categories(rows: readonly DataRow[], options: BarsOptions, mark: 'bar' | 'point'): Spec {
  const { series, paper, width = WIDTH } = options;
  const category = typeof options.category === 'string' ? { field: options.category } : options.category;
  const value = resolveAxis(options.value, mark === 'bar');
  const groups = new Map<string, { category: string; series: string; values: number[] }>();
  someRows(rows, mark === 'bar' ? 'bars' : 'dots').forEach((row, i) => {
    const of = nameAt(row, category.field, i);
    const name = series === undefined ? '' : nameAt(row, series, i);
    const group = groups.get(`${of}\n${name}`) ?? { category: of, series: name, values: [] };
    group.values.push(numberAt(row, value.field, i, value.log));
    groups.set(`${of}\n${name}`, group);
  });
  const order = [...new Set([...groups.values()].map((g) => g.category))];
  const names = seriesNames(rows, series);
  const means: Averaged[] = [];
  const named = (g: { category: string; series: string }) => ({
    [category.field]: g.category,
    ...(series === undefined ? {} : { [series]: g.series }),
  });
  const values = [...groups.values()].map((g) => {
    const m = averaged(g.values, value.log);
    means.push(m);
    return { ...named(g), [value.field]: m.mean, ...(m.n > 1 ? { low: m.low, high: m.high } : {}) };
  });
  const counts = means.map((m) => m.n);
  const seeds = options.seeds ?? (mark === 'point' && Math.max(...counts) > 1 && Math.max(...counts) <= 20);
  const longest = Math.max(...order.map((c) => c.length));
  // Long names, or many, are written along the side rather than turned.
  const sideways = longest * order.length * 7 > width;
  const [along, across] = sideways ? ['y', 'x'] : ['x', 'y'];
  const offset =
    series === undefined
      ? {}
      : { [`${along}Offset`]: { field: series, type: 'nominal', sort: null, scale: { domain: names } } };
  const place: Spec = {
    [along]: {
      field: category.field,
      type: 'nominal',
      sort: null,
      scale: { domain: order },
      title: category.title ?? null,
      axis: { labelAngle: 0, labelLimit: 260, grid: false },
    },
    ...offset,
  };
  const shown = [...groups.values()].flatMap((g) => g.values);
  const measured = (field: string) => {
    const channel = axisChannel(value, field, shown);
    return { [across]: { ...channel, axis: { ...(channel.axis as Spec), grid: true } } };
  };
  const colour = colourChannel(names, series, width);
  const tooltip = [
    { field: category.field, type: 'nominal' },
    ...(series === undefined ? [] : [{ field: series, type: 'nominal' }]),
    { field: value.field, type: 'quantitative', title: value.title, format: '.4~g' },
  ];
  const layer: Spec[] = [];
  const filled = mark === 'bar' ? { type: 'bar' } : { type: 'point', size: 90 };
  const shape = mark === 'point' && series !== undefined ? { shape: { ...(colour.color as Spec) } } : {};
  if (seeds)
    layer.push({
      data: {
        values: [...groups.values()].flatMap((g) => g.values.map((v) => ({ ...named(g), [value.field]: v }))),
      },
      mark: {
        type: 'tick',
        thickness: 1.5,
        size: 16,
        opacity: 0.55,
        orient: sideways ? 'vertical' : 'horizontal',
      },
      encoding: { ...place, ...measured(value.field), ...colour },
    });
  layer.push({
    mark: filled,
    encoding: { ...place, ...measured(value.field), ...colour, ...shape, tooltip },
  });
  if (counts.some((n) => n > 1))
    layer.push({
      transform: [{ filter: 'isValid(datum.low)' }],
      mark: { type: 'rule', ...MARKS.errorBar },
      encoding: { ...place, ...measured('low'), [`${across}2`]: { field: 'high' } },
    });
  if (paper)
    layer.push(
      ...paperPoints(paper, category.field, order, place, along, measured(value.field), value.field, width),
    );
  const note = joinNotes(
    options.subtitle,
    errorNote(means, value.log, mark === 'bar' ? 'bar' : 'line'),
    seeds ? 'ticks: single seeds' : undefined,
  );
  const rowHeight = 26 * Math.max(1, names.length * 0.8);
  const size = sideways ? { height: options.height ?? Math.round(order.length * rowHeight + 10) } : {};
  return {
    ...look({ ...options, ...size, subtitle: note }),
    data: { values },
    layer: [...layer, ...paperLayers(options.paperRule, sideways)],
  };
}

function paperPoints(
  paper: Readonly<Record<string, number>>,
  field: string,
  order: readonly string[],
  place: Spec,
  along: string,
  measured: Spec,
  valueField: string,
  width: number,
): Spec[] {
  const known = order.filter((c) => paper[c] !== undefined);
  if (known.length === 0) return [];
  return [
    {
      data: { values: known.map((c) => ({ [field]: c, [valueField]: paper[c], source: 'paper' })) },
      mark: { type: 'point', ...MARKS.paperPoint },
      encoding: {
        [along]: place[along],
        ...measured,
        // A legend of one entry explains the diamond.
        stroke: {
          field: 'source',
          type: 'nominal',
          scale: { domain: ['paper'], range: [MARKS.paperPoint.stroke] },
          legend: { ...legendOf(['paper'], width), symbolType: 'diamond', symbolFillColor: 'transparent' },
        },
        tooltip: [
          { field, type: 'nominal' },
          { field: valueField, type: 'quantitative', title: 'paper' },
        ],
      },
    },
  ];
}
