/**
 * A smaller SVG of the same picture. Vega writes every point of a scatter plot as a path of its own with all its
 * attributes, and coordinates to fifteen digits: 2000 points are 800 kB, more than a notebook should carry.
 */

import { createHash } from 'node:crypto';

/** Above so many marks a label for each is noise to a listener, and equal shapes are worth naming once. */
const MANY = 60;

/** Coordinates to a hundredth of a pixel; where marks are many, no label for each, and equal shapes as one symbol. */
export function slimSvg(svg: string): string {
  const attribute = / (d|transform|x|y|x1|x2|y1|y2|width|height)="[^"]*"/g;
  const slim = svg.replace(attribute, (text) => text.replace(/(\.\d\d)\d+/g, '$1'));
  const label = / aria-label="[^"]*" role="graphics-symbol" aria-roledescription="[^"]*"/g;
  if ((slim.match(label)?.length ?? 0) <= MANY) return slim;
  return sharedShapes(slim.replace(label, ''));
}

/** Paths that differ only in their place become `<use>` of one definition. */
function sharedShapes(svg: string): string {
  const path = /<path transform="translate\(([-\d.]+),([-\d.]+)\)" ([^>]*)\/>/g;
  const counts = new Map<string, number>();
  for (const [, , , shape] of svg.matchAll(path)) counts.set(shape, (counts.get(shape) ?? 0) + 1);
  // The id holds a hash of the whole picture: two charts may stand in one page.
  const page = createHash('sha256').update(svg).digest('hex').slice(0, 8);
  const ids = new Map<string, string>();
  for (const [shape, count] of counts) if (count >= 4) ids.set(shape, `m${page}${ids.size}`);
  const used = svg.replace(path, (whole, x, y, shape) => {
    const id = ids.get(shape);
    return id ? `<use href="#${id}" x="${x}" y="${y}"/>` : whole;
  });
  const definitions = [...ids].map(([shape, id]) => `<path id="${id}" ${shape}/>`).join('');
  return used.replace(/^<svg [^>]*>/, (open) => `${open}<defs>${definitions}</defs>`);
}
