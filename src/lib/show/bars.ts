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
  nameAt,
  numberAt,
  type PaperValue,
  paperLayers,
  resolveAxis,
  type Spread,
  seriesNames,
  someRows,
} from './channel';
import type { Spec } from './chart';
import { type Drawing, type Facet, type Panel, panelsOf, unseen } from './facets';
import { MARKS } from './theme';

export interface BarsOptions extends ChartLook {
  /** The field that names the thing; things stand in the order in which they first come. */
  category: string | { field: string; title?: string };
  /** The field of the number. */
  value: Axis;
  /** The field that names the group within a category, side by side; the category's own gives each its colour. */
  series?: string;
  /** The field that names the panel a row belongs to; one panel otherwise. `width` and `height` are then a panel's. */
  facet?: Facet;
  /** What the error bar spans where several rows share category and series (default: ± one standard error). */
  spread?: Spread;
  /** The paper's number by category, drawn as a hollow diamond. */
  paper?: Readonly<Record<string, number>>;
  /** A value of the paper for all categories, dashed. */
  paperRule?: number | readonly PaperValue[];
  /** Each seed's own value as a small tick (default: for dots with 2 to 20 seeds). */
  seeds?: boolean;
}

/**
 * A bar for each category, in one panel or in several. Rows with the same category and series (one a seed) become
 * their mean with an error bar of ± one standard error, or from the least to the most.
 */
export function bars(rows: readonly DataRow[], options: BarsOptions): Spec {
  return categories(rows, options, 'bar');
}

/** A point for each category, on an axis that need not begin at zero. Otherwise as `bars`. */
export function dots(rows: readonly DataRow[], options: BarsOptions): Spec {
  return categories(rows, options, 'point');
}

/** The rows of one panel, category and series. */
interface Group extends Averaged {
  panel: string;
  category: string;
  name: string;
  values: number[];
}

function categories(rows: readonly DataRow[], options: BarsOptions, mark: 'bar' | 'point'): Spec {
  const { series, paper, spread } = options;
  const category = typeof options.category === 'string' ? { field: options.category } : options.category;
  const value = resolveAxis(options.value, mark === 'bar');
  const panels = panelsOf(someRows(rows, mark === 'bar' ? 'bars' : 'dots'), options);
  const found = new Map<string, { panel: string; category: string; name: string; values: number[] }>();
  rows.forEach((row, i) => {
    const of = nameAt(row, category.field, i);
    const name = series === undefined ? '' : nameAt(row, series, i);
    const panel = panels.of(row, i);
    const key = [panel, of, name].join('\n');
    const group = found.get(key) ?? { panel, category: of, name, values: [] };
    group.values.push(numberAt(row, value.field, i, value.log));
    found.set(key, group);
  });
  const groups: Group[] = [...found.values()].map((g) => ({
    ...g,
    ...averaged(g.values, value.log, spread),
  }));
  const order = [...new Set(groups.map((g) => g.category))];
  const names = seriesNames(rows, series);
  const beside = series !== undefined && series !== category.field;
  const most = Math.max(...groups.map((g) => g.n));
  const seeds = options.seeds ?? (mark === 'point' && most > 1 && most <= 20);
  const longest = Math.max(...order.map((c) => c.length));
  // Long names, or many, are written along the side rather than turned.
  const sideways = longest * order.length * 7 > panels.width;
  const [along, across] = sideways ? (['y', 'x'] as const) : (['x', 'y'] as const);
  const things: Spec = {
    field: category.field,
    type: 'nominal',
    sort: null,
    scale: { domain: order },
    title: category.title ?? null,
    axis: { labelAngle: 0, labelLimit: 260, grid: false },
  };
  const offset = beside
    ? { [`${along}Offset`]: { field: series, type: 'nominal', sort: null, scale: { domain: names } } }
    : {};
  const colour = colourChannel(names, series, panels.whole);
  // On an axis of the same names a legend would say nothing.
  if (series !== undefined && !beside) Object.assign(colour.color as Spec, { legend: null });
  const shape = mark === 'point' && series !== undefined ? { shape: { ...(colour.color as Spec) } } : {};
  const tooltip = [
    { field: category.field, type: 'nominal' },
    ...(beside ? [{ field: series, type: 'nominal' }] : []),
    { field: value.field, type: 'quantitative', title: value.title, format: '.4~g' },
  ];
  const named = (g: Group) => ({
    [category.field]: g.category,
    ...(series === undefined ? {} : { [series]: g.name }),
  });

  const draw = (panel: Panel): Drawing => {
    const own = groups.filter((g) => g.panel === panel.name);
    const empty = own.length === 0;
    const shown = (panels.ownAxis && !empty ? own : groups).flatMap((g) => g.values);
    const place: Spec = { [along]: panel[along](things), ...offset };
    const measured = (field: string) => {
      const channel = axisChannel(value, field, shown);
      return { [across]: panel[across]({ ...channel, axis: { ...(channel.axis as Spec), grid: true } }) };
    };
    const at: Spec = { ...place, ...measured(value.field) };
    const ticks: Spec = {
      data: { values: own.flatMap((g) => g.values.map((v) => ({ ...named(g), [value.field]: v }))) },
      mark: {
        type: 'tick',
        thickness: 1.5,
        size: 16,
        opacity: 0.55,
        orient: sideways ? 'vertical' : 'horizontal',
      },
      encoding: { ...at, ...colour },
    };
    const means: Spec = {
      mark: mark === 'bar' ? { type: 'bar' } : { type: 'point', size: 90 },
      encoding: { ...at, ...colour, ...shape, tooltip },
    };
    const errors: Spec = {
      transform: [{ filter: 'isValid(datum.low)' }],
      mark: { type: 'rule', ...MARKS.errorBar },
      encoding: { ...place, ...measured('low'), [`${across}2`]: { field: 'high' } },
    };
    const layer = empty ? [unseen(at)] : [...(seeds ? [ticks] : []), means, ...(most > 1 ? [errors] : [])];
    // In the middle of the category, whatever series stand side by side there.
    const middle = { x: at.x, y: at.y };
    if (paper) layer.push(...paperPoints(paper, category.field, order, middle, value.field, panels.whole));
    return {
      data: {
        values: (empty ? groups : own).map((g) => ({
          ...named(g),
          [value.field]: g.mean,
          ...(g.n > 1 ? { low: g.low, high: g.high } : {}),
        })),
      },
      layer: [...layer, ...paperLayers(options.paperRule, { horizontal: sideways, labelled: panel.last })],
    };
  };
  const rowHeight = 26 * Math.max(1, (beside ? names.length : 1) * 0.8);
  return panels.spec(draw, {
    subtitle: joinNotes(
      options.subtitle,
      errorNote(groups, value.log, mark === 'bar' ? 'bar' : 'line', spread),
      seeds ? 'ticks: single seeds' : undefined,
    ),
    ...(sideways ? { height: options.height ?? Math.round(order.length * rowHeight + 10) } : {}),
    values: across,
  });
}

function paperPoints(
  paper: Readonly<Record<string, number>>,
  field: string,
  order: readonly string[],
  place: Spec,
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
        ...place,
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
