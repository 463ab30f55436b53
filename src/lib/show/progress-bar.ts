/**
 * Progress under a cell: listens to the progress events of `run` and draws one line a piece of work, in place. Work
 * that ends within half a second draws nothing, so that a cell of many small steps stays readable; when work ends its
 * line becomes plain text, which is what the notebook keeps. Outside Jupyter `run` draws on the terminal itself.
 */

import { onProgress, type ProgressEvent, progressText } from '../run';
import { type Bundle, DisplayArea, escapeMarkup } from './display';

const PATIENCE_SECONDS = 0.5;

/** Draws progress under the running cell from now on. Returns the function that ends it. */
export function showProgress(): () => void {
  const areas = new Map<number, DisplayArea>();
  return onProgress((event) => {
    if (!areas.has(event.id) && (event.finished || event.elapsedSeconds < PATIENCE_SECONDS)) return;
    const area = areas.get(event.id) ?? new DisplayArea();
    areas.set(event.id, area);
    area.show(progressBundle(event));
    if (event.finished) areas.delete(event.id);
  });
}

/** A bar and a line with the time left; the line alone at the end. */
export function progressBundle(event: ProgressEvent): Bundle {
  const line = progressText(event);
  if (event.finished || event.total === 0) return { 'text/plain': line };
  const words = escapeMarkup(line);
  const bar = `<progress max="${event.total}" value="${event.completed}" aria-label="${escapeMarkup(event.label)}"></progress>`;
  return {
    'text/html': `${bar} <span style="font-variant-numeric:tabular-nums">${words}</span>`,
    'text/plain': line,
  };
}
