/**
 * The width of a text in the book's fonts, without a browser. Vega lays out legends and titles by it, and without a
 * canvas takes 0.8 of the font's size for every letter, which leaves holes between the entries of a legend and cuts
 * labels that would fit. Widths are the mean of Helvetica and DejaVu Sans, so that no usual sans serif overflows much.
 */

/** Advance widths in units of the font's size, by groups of letters. */
const GROUPS: readonly [string, number][] = [
  ["ijl|!'’.,:;`·", 0.29],
  ['ftrI[]()/\\- "“”−', 0.38],
  ['csvxyzJk', 0.55],
  ['mMW@%—…', 0.93],
  ['wGOQCDNHUR&', 0.76],
  ['ABEFKLPSTVXYZ', 0.67],
  ['+=<>±×≤≥~', 0.72],
];
const WIDTHS = new Map(GROUPS.flatMap(([letters, width]) => Array.from(letters, (c) => [c, width] as const)));
const OTHER = 0.6;

/** Width in pixels of one line of text, as a Vega text item has its font's size and weight. */
export function textWidth(item: { fontSize?: number; fontWeight?: string | number }, text: unknown): number {
  const bold = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600 ? 1.16 : 1;
  let width = 0;
  for (const letter of String(text ?? '')) width += WIDTHS.get(letter) ?? OTHER;
  return width * bold * (item.fontSize ?? 11);
}
