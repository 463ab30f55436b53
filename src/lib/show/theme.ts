/**
 * One Vega-Lite configuration for the whole book: quiet axes, system fonts, a transparent page, the palette, and one
 * style for the paper's own values (`paper`: dashed, in ink; `paper-point`: a hollow diamond; `paper-label`), one for
 * the line y = x (`identity`) and one for plain text (`note`), so that a reader learns them once.
 */

import { INK, PALETTE } from './colours';

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** The configuration in an ink: `currentColor` where the page colours the drawing, INK where it cannot. */
export function theme(ink: string = INK): Record<string, unknown> {
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
    axisX: { grid: false, tickCount: 8 },
    axisY: { grid: true, tickCount: 6 },
    legend: {
      ...label,
      ...title,
      orient: 'top',
      direction: 'horizontal',
      titleOrient: 'left',
      symbolStrokeWidth: 2,
      symbolSize: 90,
      labelLimit: 320,
      columnPadding: 16,
      gradientStrokeColor: ink,
      gradientLength: 160,
    },
    header: { ...label, ...title },
    range: { category: [...PALETTE] },
    mark: { color: PALETTE[0] },
    line: { strokeWidth: 2, strokeCap: 'round', strokeJoin: 'round' },
    point: { size: 45, filled: true, opacity: 1 },
    bar: { cornerRadiusEnd: 1 },
    rule: { color: ink },
    text: { font: FONT, fontSize: 12, color: ink },
    style: {
      paper: { stroke: ink, strokeDash: [6, 4], strokeWidth: 1.75, opacity: 1 },
      'paper-point': {
        stroke: ink,
        fill: 'transparent',
        shape: 'diamond',
        strokeWidth: 2,
        size: 110,
        opacity: 1,
      },
      'paper-label': { fill: ink, font: FONT, fontSize: 12, fontStyle: 'italic', opacity: 1 },
      identity: { stroke: ink, strokeWidth: 1, opacity: 0.8 },
      boundary: { stroke: '#ffffff', strokeWidth: 1, opacity: 0.9 },
      'error-bar': { stroke: ink, strokeWidth: 1.5, opacity: 1 },
      note: { fill: ink, font: FONT, fontSize: 12, opacity: 1 },
    },
  };
}
