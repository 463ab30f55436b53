/**
 * A table under the cell: HTML with numbers aligned at the right, and the same as aligned text. Takes rows as objects,
 * or a danfojs DataFrame or Series, recognised by what it has (`columns`, `values`, `index`), so that the library does
 * not load danfojs.
 */

import { ValueError } from '../errors';
import { checkCount } from './channel';
import { type Bundle, display, escapeMarkup } from './display';

/** What danfojs' DataFrame and Series have in common, as far as a table needs it. */
export interface FrameLike {
  readonly columns: readonly (string | number)[];
  readonly values: unknown;
  readonly index?: readonly (string | number)[];
}

export interface TableOptions {
  /** A sentence above the table. */
  caption?: string;
  /** Significant digits of numbers that are not whole (default 4). */
  digits?: number;
  /** Columns to show, in this order (default: all). */
  columns?: readonly string[];
  /** The most rows shown; the rest is counted in a last line (default 60). */
  limit?: number;
  /** Whether a frame's index is the first column (default: when it is not 0, 1, 2 …). */
  index?: boolean;
}

/** Shows a table; outside Jupyter prints it. Throws a ValueError for what is no table and for unknown columns. */
export function table(data: FrameLike | readonly object[], options: TableOptions = {}): void {
  display(tableBundle(data, options));
}

/** The bundle that `table` shows. */
export function tableBundle(data: FrameLike | readonly object[], options: TableOptions = {}): Bundle {
  const { caption, digits = 4, limit = 60 } = options;
  checkCount('table, digits', digits);
  checkCount('table, limit', limit);
  const all = Array.isArray(data)
    ? fromRows(data as readonly object[])
    : fromFrame(data as FrameLike, options.index);
  const { columns, rows } = options.columns ? chosen(all, options.columns) : all;
  const shown = rows.slice(0, limit).map((row) => row.map((v) => cellText(v, digits)));
  const numeric = columns.map(
    (_, j) => rows.some((r) => isNumeric(r[j])) && rows.every((r) => isNumeric(r[j]) || r[j] == null),
  );
  const more = rows.length > limit ? `… and ${rows.length - limit} more of ${rows.length} rows` : '';
  return {
    'text/html': html(columns, shown, numeric, caption, more),
    'text/plain': plain(columns, shown, numeric, caption, more),
  };
}

interface Cells {
  columns: string[];
  rows: unknown[][];
}

const isNumeric = (v: unknown): boolean => typeof v === 'number' || typeof v === 'bigint';

function fromRows(data: readonly object[]): Cells {
  data.forEach((row, i) => {
    if (typeof row === 'object' && row !== null) return;
    throw new ValueError({
      what: `table, row ${i}`,
      expected: 'an object, its values by column',
      got: String(row),
      todo: 'Give rows as [{ kernel: "trNTK", tau: 0.76 }, …].',
    });
  });
  const columns = [...new Set(data.flatMap((row) => Object.keys(row)))];
  return { columns, rows: data.map((row) => columns.map((c) => (row as Record<string, unknown>)[c])) };
}

function fromFrame(frame: FrameLike, withIndex?: boolean): Cells {
  if (!Array.isArray(frame?.columns) || !Array.isArray(frame?.values))
    throw new ValueError({
      what: 'table',
      expected: 'an array of row objects, or a danfojs DataFrame or Series',
      got: frame === null ? 'null' : typeof frame,
      todo: 'Give rows as [{ kernel: "trNTK", tau: 0.76 }, …].',
    });
  // A Series has one value a row, a DataFrame an array.
  const rows = frame.values.map((row: unknown) => (Array.isArray(row) ? [...row] : [row]));
  const columns = frame.columns.map(String);
  const index = frame.index ?? [];
  const plainIndex = index.every((v, i) => v === i);
  if (!(withIndex ?? !plainIndex)) return { columns, rows };
  return { columns: ['', ...columns], rows: rows.map((row: unknown[], i: number) => [index[i], ...row]) };
}

function chosen({ columns, rows }: Cells, wanted: readonly string[]): Cells {
  const at = wanted.map((name) => {
    const j = columns.indexOf(name);
    if (j < 0)
      throw new ValueError({
        what: 'table, columns',
        expected: `some of ${columns.join(', ')}`,
        got: name,
        todo: 'Name columns of this table.',
      });
    return j;
  });
  return { columns: [...wanted], rows: rows.map((row) => at.map((j) => row[j])) };
}

function cellText(v: unknown, digits: number): string {
  if (v === null || v === undefined) return '–';
  if (typeof v !== 'number') return String(v);
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'NaN' : v > 0 ? '∞' : '−∞';
  const size = Math.abs(v);
  const far = size !== 0 && (size >= 1e7 || size < 1e-4);
  const text =
    Number.isInteger(v) && !far ? String(v) : far ? v.toExponential(digits - 1) : v.toPrecision(digits);
  // toPrecision turns 12345.6 into 1.235e+4; a reader wants 12346.
  return (text.includes('e') && !far ? String(Math.round(v)) : text).replace(/^-/, '−');
}

function html(
  columns: readonly string[],
  rows: readonly string[][],
  numeric: readonly boolean[],
  caption = '',
  more = '',
): string {
  const align = (j: number) => ` style="text-align:${numeric[j] ? 'right' : 'left'}"`;
  const head = columns.map((c, j) => `<th scope="col"${align(j)}>${escapeMarkup(c)}</th>`).join('');
  const body = rows
    .map((r) => `<tr>${r.map((c, j) => `<td${align(j)}>${escapeMarkup(c)}</td>`).join('')}</tr>`)
    .join('\n');
  const title = caption ? `<caption style="text-align:left">${escapeMarkup(caption)}</caption>` : '';
  const foot = more
    ? `<tfoot><tr><td colspan="${columns.length}" style="text-align:left">${more}</td></tr></tfoot>`
    : '';
  return `<table>${title}<thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody>${foot}</table>`;
}

function plain(
  columns: readonly string[],
  rows: readonly string[][],
  numeric: readonly boolean[],
  caption = '',
  more = '',
): string {
  const widths = columns.map((c, j) => Math.max(c.length, ...rows.map((r) => r[j].length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((c, j) => (numeric[j] ? c.padStart(widths[j]) : c.padEnd(widths[j])))
      .join('  ')
      .trimEnd();
  const rule = widths.map((w) => '─'.repeat(w)).join('  ');
  return [
    ...(caption ? [caption] : []),
    line(columns),
    rule,
    ...rows.map(line),
    ...(more ? [more] : []),
  ].join('\n');
}

/** The bundle of a danfojs DataFrame or Series, with which the kernel shows one as a cell's value; else undefined. */
export function frameBundle(value: unknown): Bundle | undefined {
  const frame = value as Partial<FrameLike> & { dtypes?: unknown };
  if (typeof value !== 'object' || value === null || !Array.isArray(frame.dtypes)) return undefined;
  return Array.isArray(frame.columns) && Array.isArray(frame.values)
    ? tableBundle(frame as FrameLike)
    : undefined;
}
