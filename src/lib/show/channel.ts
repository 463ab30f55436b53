/**
 * What every chart maker shares: how a field of the rows becomes an axis, how titles are broken, how rows of several
 * seeds become a mean with its error, and how the paper's values are drawn. Makers return a Vega-Lite specification,
 * so that a notebook can change or combine it before `chart` shows it.
 */

import { ValueError } from '../errors';
import { mean, standardError } from '../metrics';
import type { Spec } from './chart';
import { textWidth } from './text-width';
import { MARKS } from './theme';

/** A row of a chart's data. */
export type DataRow = Readonly<Record<string, unknown>>;

/** A field on an axis: its name, or its name with the words and the scale of the axis. */
export type Axis =
  | string
  | {
      /** The field of the rows. */
      field: string;
      /** Title of the axis, with its unit; the field's name otherwise. */
      title?: string;
      /** Logarithmic scale (all values positive). */
      log?: boolean;
      /** Ends of the axis; from the data otherwise. */
      domain?: readonly [number, number];
      /** Whether the axis contains 0 (default: no, except for bars). */
      zero?: boolean;
      /** d3 number format of the labels, as `.2f` or `%`. */
      format?: string;
    };

/** Options of every maker. */
export interface ChartLook {
  /** The title says what there is to see; it is broken into lines by itself. */
  title: string;
  /** Under the title, smaller: what is drawn, as `5 seeds, n = 1000`. */
  subtitle?: string;
  /** Width of the plot in pixels (default 480). */
  width?: number;
  /** Height of the plot in pixels (default 300). */
  height?: number;
}

/** A value that the paper gives, drawn as a dashed rule with its label. */
export interface PaperValue {
  value: number;
  /** Default: `paper: ` and the value. */
  label?: string;
  /** The axis on which the value lies (default y). */
  axis?: 'x' | 'y';
}

export interface ResolvedAxis {
  field: string;
  title: string;
  log: boolean;
  domain?: readonly [number, number];
  zero: boolean;
  format?: string;
}

export function resolveAxis(axis: Axis, zero = false): ResolvedAxis {
  if (typeof axis === 'string') return { field: axis, title: axis, log: false, zero };
  const { field, title = field, log = false, domain, format } = axis;
  return { field, title, log, domain, format, zero: axis.zero ?? (zero && !log) };
}

/**
 * The quantitative Vega-Lite channel of an axis, over `field` (the axis' own, or an aggregate of it). `values`, all that
 * the axis shows, and its ends, where they are given, choose its ticks: whole numbers get no tick between them, and a
 * logarithmic axis its own values where they are few, else 1, 2, 5 or powers of ten.
 */
export function axisChannel(
  axis: ResolvedAxis,
  field: string = axis.field,
  values: readonly number[] = [],
): Spec {
  const scale: Spec = axis.log ? { type: 'log', nice: false, padding: 8 } : { zero: axis.zero };
  if (axis.domain) Object.assign(scale, { domain: [...axis.domain], nice: false });
  const ticks = axis.log
    ? values.length > 0
      ? theseTicks(logTicks(values, axis.domain))
      : { tickCount: 5 }
    : wholeTicks(values);
  const format = axis.format ? { format: axis.format } : axis.log ? LOG_LABELS : {};
  const look: Spec = { ...format, ...ticks };
  return { field, type: 'quantitative', title: axis.title, scale, axis: look };
}

/** `0.01`, and `1e-4` as `1e-8`: d3's `~g` alone would write `0.000001` beside `1e-8`. */
export const LOG_LABELS = { labelExpr: "format(datum.value, datum.value < 1e-3 ? '~e' : '~g')" };

/** No ticks between whole numbers; on the numbers themselves where they are few. */
function wholeTicks(values: readonly number[]): Spec {
  if (values.length === 0 || !values.every((v) => Number.isInteger(v))) return {};
  const own = [...new Set(values)].sort((a, b) => a - b);
  const even = own.every((v, i) => i < 2 || v - own[i - 1] === own[1] - own[0]);
  return own.length <= 9 && even ? { ...theseTicks(own), format: 'd' } : { tickMinStep: 1 };
}

/** Ticks at the values. Of more than `tickCount`, the theme's if there is none here, Vega would leave out every other. */
const theseTicks = (values: readonly number[]): Spec => ({ values, tickCount: values.length });

/** Ticks of a logarithmic axis that shows some values between its ends. */
export function logTicks(values: readonly number[], ends: readonly number[] = []): number[] {
  const own = [...new Set(values)].sort((a, b) => a - b);
  if (own.length <= 9 && own.every((v) => Number.isInteger(v))) return own;
  const low = Math.log10(Math.min(own[0], ...ends));
  const high = Math.log10(Math.max(own[own.length - 1], ...ends));
  const steps = high - low <= 2.5 ? [1, 2, 5] : [1];
  const decades = Math.floor(high + 0.2) - Math.floor(low - 0.2) + 1;
  const every = Math.ceil(decades / 8);
  const ticks: number[] = [];
  // Multiples of `every`, so that 1 is among them.
  for (let d = every * Math.ceil(Math.floor(low - 0.2) / every); d <= high + 0.2; d += every)
    for (const s of steps) ticks.push(Number(`${s}e${d}`));
  return ticks.filter((t) => Math.log10(t) >= low - 0.2 && Math.log10(t) <= high + 0.2);
}

/** Reads a field of a row as a number. Throws a ValueError when it is missing or not finite. */
export function numberAt(row: DataRow, field: string, i: number, log = false): number {
  const v = row[field];
  if (typeof v === 'number' && Number.isFinite(v) && (!log || v > 0)) return v;
  throw new ValueError({
    what: `chart data, row ${i}, “${field}”`,
    expected: log ? 'a positive number, for a logarithmic axis' : 'a finite number',
    got: String(v),
    todo: 'Check the name of the field and where the value comes from.',
  });
}

/** Reads a field of a row as a name. Throws a ValueError when it is missing. */
export function nameAt(row: DataRow, field: string, i: number): string {
  const v = row[field];
  if (v !== undefined && v !== null) return String(v);
  throw new ValueError({
    what: `chart data, row ${i}, “${field}”`,
    expected: 'a name',
    got: String(v),
    todo: `Check the name of the field; this row has ${Object.keys(row).join(', ')}.`,
  });
}

/** Throws a ValueError when there is nothing to draw. */
export function someRows(rows: readonly DataRow[], maker: string): readonly DataRow[] {
  if (rows.length > 0) return rows;
  throw new ValueError({
    what: maker,
    expected: 'one row of data or more',
    got: 'none',
    todo: 'Draw after the results are there.',
  });
}

/** Throws a ValueError unless an option is a whole number from 1. */
export function checkCount(what: string, count: number): void {
  if (Number.isInteger(count) && count >= 1) return;
  throw new ValueError({
    what,
    expected: 'a whole number, 1 or more',
    got: String(count),
    todo: 'Leave it out for the default.',
  });
}

/** Words into lines of at most `width` pixels in a font, for titles, which Vega does not break. */
export function brokenLines(
  text: string,
  width: number,
  font: { fontSize: number; fontWeight?: number },
): string[] {
  const lines: string[] = [];
  for (const word of text.trim().split(/\s+/)) {
    const longer = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length > 0 && textWidth(font, longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

export const WIDTH = 480;
const HEIGHT = 300;

/** Width, height and title of a specification. */
export function look({ title, subtitle, width = WIDTH, height = HEIGHT }: ChartLook): Spec {
  const room = Math.max(width, 200);
  const lines = { text: brokenLines(title, room, { fontSize: 15, fontWeight: 600 }) };
  const under = subtitle ? { subtitle: brokenLines(subtitle, room, { fontSize: 12 }) } : {};
  return { width, height, title: { ...lines, ...under } };
}

/** A legend that breaks into as many columns as fit the width. */
export function legendOf(names: readonly string[], width: number, title: string | null = null): Spec {
  const widest = Math.max(...names.map((n) => textWidth({ fontSize: 12 }, n)));
  const room = width - (title ? textWidth({ fontSize: 13, fontWeight: 600 }, title) + 12 : 0);
  return { title, columns: Math.max(1, Math.floor(room / (widest + 40))), symbolOpacity: 1 };
}

/** The names of the series, in the order in which they first come. */
export function seriesNames(rows: readonly DataRow[], series: string | undefined): string[] {
  return series === undefined ? [] : [...new Set(rows.map((row, i) => nameAt(row, series, i)))];
}

/** The colour channel of the series; nothing for a single one. */
export function colourChannel(
  names: readonly string[],
  series: string | undefined,
  width: number,
  title?: string | null,
): Spec {
  if (series === undefined || names.length === 0) return {};
  return {
    color: {
      field: series,
      type: 'nominal',
      sort: null,
      scale: { domain: [...names] },
      legend: legendOf(names, width, title === undefined ? series : title),
    },
  };
}

/** What a band or an error bar spans: the mean ± one standard error, or all values from the least to the most. */
export type Spread = 'standardError' | 'range';

export interface Averaged {
  mean: number;
  /** The ends of the spread; equal to the mean for one value. */
  low: number;
  high: number;
  n: number;
}

/** The mean and its spread; on a logarithmic axis the geometric mean, ×/÷ the standard error of the logarithm. */
export function averaged(
  values: readonly number[],
  log: boolean,
  spread: Spread = 'standardError',
): Averaged {
  const n = values.length;
  const x = log ? values.map(Math.log) : values;
  const centre = mean(x);
  const back = (v: number) => (log ? Math.exp(v) : v);
  if (spread === 'range')
    return { mean: back(centre), low: Math.min(...values), high: Math.max(...values), n };
  const se = n > 1 ? standardError(x) : 0;
  return { mean: back(centre), low: back(centre - se), high: back(centre + se), n };
}

/** What the error bars and bands of a chart are, for its subtitle. */
export function errorNote(
  groups: readonly Averaged[],
  log: boolean,
  what: string,
  spread: Spread = 'standardError',
): string | undefined {
  const counts = groups.map((g) => g.n);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (most < 2) return undefined;
  const n = least === most ? `n = ${most}` : `n = ${least} to ${most}`;
  const spans = spread === 'range' ? 'least to most' : `one standard error${log ? ' of the logarithm' : ''}`;
  return `${log ? 'geometric mean' : 'mean'}; ${what}: ${spans}, ${n}`;
}

/** Joins the caller's subtitle and a note. */
export const joinNotes = (...notes: (string | undefined)[]): string | undefined =>
  notes.filter((n) => n).join(' · ') || undefined;

/** The layers that draw the paper's values; with the words beside them unless they are not to be `labelled`. */
export function paperLayers(
  paper: readonly PaperValue[] | number | undefined,
  { horizontal = false, labelled = true } = {},
): Spec[] {
  const values = typeof paper === 'number' ? [{ value: paper }] : (paper ?? []);
  const words = (value: number) => `paper: ${value > 0 && value < 1e-3 ? value.toExponential() : value}`;
  return values.flatMap(({ value, label = words(value), axis = 'y' }: PaperValue) => {
    const alongY = (axis === 'y') !== horizontal;
    const at = { datum: value, type: 'quantitative' };
    // The label stands right of the plot, where nothing is drawn; that of a vertical rule at its upper end.
    const text = alongY
      ? {
          mark: { type: 'text', ...MARKS.paperLabel, align: 'left', baseline: 'middle', dx: 6 },
          encoding: { y: at, x: { value: 'width' }, text: { value: label } },
        }
      : {
          mark: { type: 'text', ...MARKS.paperLabel, align: 'left', baseline: 'top', dx: 5 },
          encoding: { x: at, y: { value: 2 }, text: { value: label } },
        };
    const data = { values: [{}] };
    const rule = { data, mark: { type: 'rule', ...MARKS.paper }, encoding: alongY ? { y: at } : { x: at } };
    return labelled ? [rule, { data, ...text }] : [rule];
  });
}

/** Curves that theory gives, rows of the field `curve` at a `place`: told apart by their dashes, in the ink of the page. */
export function theoryLayer(values: readonly DataRow[], place: Spec, width: number): Spec {
  const names = seriesNames(values, 'curve');
  const dashes = [
    [1, 0],
    [7, 3],
    [2, 2],
    [9, 3, 2, 3],
  ];
  return {
    data: { values },
    mark: { type: 'line', clip: true, ...MARKS.theory },
    encoding: {
      ...place,
      strokeDash: {
        field: 'curve',
        type: 'nominal',
        sort: null,
        scale: { domain: names, range: names.map((_, i) => dashes[i % dashes.length]) },
        legend: {
          ...legendOf(names, width),
          symbolType: 'stroke',
          symbolSize: 170,
          symbolStrokeColor: MARKS.theory.stroke,
        },
      },
    },
  };
}
