/**
 * One Vega-Lite configuration for the whole book: quiet axes, system fonts, a transparent page, the palette; and one
 * style each for the paper's own values (dashed, or a hollow diamond), for the line y = x, for a theory's curve, for
 * error bars, so that a reader learns them once.
 */

import { PALETTE } from './colours';

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** The page's own colour; `chart` puts INK in its place where a drawing cannot know its page. */
export const PAGE_INK = 'currentColor';

/** Marks in the book's fixed styles. Written into each mark: a style of the configuration yields to its colours. */
export const MARKS = {
  paper: { stroke: PAGE_INK, strokeDash: [6, 4], strokeWidth: 1.75, opacity: 1, tooltip: null },
  paperPoint: {
    stroke: PAGE_INK,
    fill: 'transparent',
    shape: 'diamond',
    strokeWidth: 2,
    size: 110,
    opacity: 1,
  },
  paperLabel: { fill: PAGE_INK, fontSize: 12, fontStyle: 'italic', tooltip: null },
  identity: { stroke: PAGE_INK, strokeWidth: 1.25, opacity: 0.8, tooltip: null },
  theory: { stroke: PAGE_INK, strokeWidth: 2, tooltip: null },
  errorBar: { stroke: PAGE_INK, strokeWidth: 1.75, opacity: 1 },
  boundary: { stroke: '#ffffff', strokeWidth: 1, opacity: 0.9 },
  note: { fill: PAGE_INK, fontSize: 12, tooltip: null },
} as const;

/** The configuration. */
export function theme(): Record<string, unknown> {
  const ink = PAGE_INK;
  const label = { labelFont: FONT, labelFontSize: 12, labelColor: ink };
  const title = { titleFont: FONT, titleFontSize: 13, titleFontWeight: 600, titleColor: ink };
  return {
    background: 'transparent',
    font: FONT,
    view: {
      stroke: null,
      continuousWidth: 480,
      continuousHeight: 300,
      discreteWidth: 480,
      discreteHeight: 300,
    },
    padding: 8,
    title: {
      anchor: 'start',
      frame: 'group',
      font: FONT,
      fontSize: 15,
      fontWeight: 600,
      color: ink,
      lineHeight: 19,
      offset: 12,
      subtitleFont: FONT,
      subtitleFontSize: 12,
      subtitleColor: ink,
      subtitlePadding: 5,
      subtitleLineHeight: 16,
    },
    axis: {
      ...label,
      ...title,
      titlePadding: 8,
      labelPadding: 4,
      domainColor: ink,
      tickColor: ink,
      tickSize: 4,
      gridColor: ink,
      gridOpacity: 0.2,
      labelOverlap: true,
    },
    axisX: { grid: false, tickCount: 8, labelFlush: false },
    axisY: { grid: true, tickCount: 6 },
    legend: {
      ...label,
      ...title,
      orient: 'top',
      direction: 'horizontal',
      titleOrient: 'left',
      titlePadding: 10,
      symbolStrokeWidth: 2,
      symbolSize: 90,
      labelLimit: 320,
      columnPadding: 16,
      layout: { top: { margin: 20 } },
      gradientStrokeColor: ink,
      gradientLength: 160,
    },
    header: { ...label, ...title },
    range: { category: [...PALETTE] },
    mark: { color: PALETTE[0] },
    line: { strokeWidth: 2, strokeCap: 'round', strokeJoin: 'round' },
    point: { size: 45, filled: true, opacity: 1 },
    bar: { cornerRadiusEnd: 1, opacity: 0.75 },
    rule: { color: ink },
    text: { font: FONT, fontSize: 12, color: ink },
  };
}
