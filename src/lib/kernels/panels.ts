/**
 * Panels: ranges of examples that go through the network together. As many as fit a budget, so that activations and
 * cotangents of all examples need not live at once; the number of passes stays small because the budget is large.
 */

export interface Panel {
  readonly start: number;
  /** One past the last. */
  readonly end: number;
}

/** Bytes that one panel may take: a quarter of a gigabyte. */
const PANEL_BYTES = 1 << 28;
/** Fewer rows than this and products with them are slow. */
const SMALLEST_PANEL = 64;

/**
 * Ranges of almost equal length that cover `rows` examples of `bytesEach` bytes, each of as many as fit `bytes` (but of
 * `least`).
 */
export function rowPanels(
  rows: number,
  bytesEach: number,
  bytes = PANEL_BYTES,
  least = SMALLEST_PANEL,
): Panel[] {
  const fit = Math.max(least, Math.floor(bytes / Math.max(1, bytesEach)));
  const count = Math.ceil(rows / fit);
  const even = Math.ceil(rows / count);
  return Array.from({ length: count }, (_, k) => ({
    start: k * even,
    end: Math.min((k + 1) * even, rows),
  }));
}
