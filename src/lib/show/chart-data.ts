/**
 * What a chart's numbers need before they are written into a notebook: no NaN, and no more digits than an eye can
 * see. A value keeps four digits of its own, or a ten-thousandth of its column's range where that is finer (so that
 * 0.99981 and 0.99987 stay apart), which makes a specification about a third of its size.
 */

import { ValueError } from '../errors';

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** A copy of a specification whose inline data are rounded. Throws a ValueError for NaN or infinity among them. */
export function roundedData<T>(spec: T): T {
  const copy = (node: unknown, key: string): unknown => {
    if (Array.isArray(node)) return node.map((v) => copy(v, ''));
    if (!isObject(node)) return node;
    if (key === 'data' && Array.isArray(node.values)) return { ...node, values: roundedRows(node.values) };
    if (key === 'datasets')
      return mapValues(node, (rows) => (Array.isArray(rows) ? roundedRows(rows) : rows));
    return mapValues(node, (v, k) => copy(v, k));
  };
  return copy(spec, '') as T;
}

const mapValues = (object: Json, f: (v: unknown, key: string) => unknown): Json =>
  Object.fromEntries(Object.entries(object).map(([k, v]) => [k, f(v, k)]));

function roundedRows(rows: readonly unknown[]): unknown[] {
  const range = new Map<string, [number, number]>();
  const each = (row: unknown, visit: (key: string, v: number) => void) => {
    if (typeof row === 'number') visit('', row);
    else if (isObject(row)) for (const [k, v] of Object.entries(row)) if (typeof v === 'number') visit(k, v);
  };
  rows.forEach((row, i) => {
    each(row, (key, v) => {
      if (!Number.isFinite(v))
        throw new ValueError({
          what: `chart data, row ${i}${key ? `, “${key}”` : ''}`,
          expected: 'a finite number (or null for a gap)',
          got: String(v),
          todo: 'Find out where it comes from before drawing it.',
        });
      const [low, high] = range.get(key) ?? [v, v];
      range.set(key, [Math.min(low, v), Math.max(high, v)]);
    });
  });
  const round = (key: string, v: unknown): unknown => {
    if (typeof v !== 'number' || Number.isSafeInteger(v)) return v;
    const [low, high] = range.get(key) as [number, number];
    const finest = Math.min(Math.abs(v), high > low ? high - low : Math.abs(v));
    const digits = 4 + Math.floor(Math.log10(Math.abs(v))) - Math.floor(Math.log10(finest));
    return Number(v.toPrecision(Math.min(17, Math.max(4, digits))));
  };
  return rows.map((row) => (isObject(row) ? mapValues(row, (v, k) => round(k, v)) : round('', row)));
}
