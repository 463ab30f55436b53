/**
 * Everything that is shown goes out as one MIME bundle: the richest form that the reader's page can draw, down to a
 * sentence. The kernel puts the writer of the running cell on `globalThis.__tslabDisplay`; outside Jupyter there is
 * none, and the sentence goes to the console.
 */

import { randomBytes } from 'node:crypto';
import { ValueError } from '../errors';

/** Content by MIME type. `text/plain` is required: it is what a diff, a screen reader and the console get. */
export interface Bundle {
  'text/plain': string;
  [mime: string]: unknown;
}

/** What can be shown: a bundle, or an object that makes one. */
export type Displayable = Bundle | { toBundle(): Bundle };

interface Content {
  data: Bundle;
  metadata: Record<string, unknown>;
  transient: Record<string, unknown>;
}
type Writer = (content: Content, update?: boolean) => void;

/** The writer of the running cell; undefined outside Jupyter. Read at call time: each cell has its own. */
const writer = (): Writer | undefined => (globalThis as { __tslabDisplay?: Writer }).__tslabDisplay;

/** Whether what is shown reaches a notebook. */
export const inNotebook = (): boolean => writer() !== undefined;

/** Shows a bundle, or an object with `toBundle()`, under the running cell; outside Jupyter prints its text. */
export function display(what: Displayable): void {
  const data = bundleOf(what);
  const write = writer();
  if (write) write({ data, metadata: {}, transient: {} });
  else console.log(data['text/plain']);
}

/** Markdown under the running cell, formulas between dollar signs included; outside Jupyter the text as it is. */
export function markdown(text: string): void {
  display({ 'text/markdown': text, 'text/plain': text });
}

/**
 * A place under a cell that is drawn again and again: the last state is what stays in the notebook. Outside Jupyter
 * nothing is printed until `finish`.
 */
export class DisplayArea {
  private readonly id = randomBytes(8).toString('hex');
  private shown = false;
  private last: Bundle | null = null;
  /** The cell in which the area was made: drawn from a later cell, it still changes in place. */
  private readonly home = writer();

  /** Draws, or draws anew. */
  show(what: Displayable): void {
    const data = bundleOf(what);
    this.last = data;
    const write = this.home ?? writer();
    if (!write) return;
    write({ data, metadata: {}, transient: { display_id: this.id } }, this.shown);
    this.shown = true;
  }

  /** Draws the last state (the one given, if any); outside Jupyter this is the one that is printed. */
  finish(what?: Displayable): void {
    if (what) this.show(what);
    if (!this.shown && this.last) console.log(this.last['text/plain']);
  }
}

function bundleOf(what: Displayable): Bundle {
  const bundle =
    typeof (what as { toBundle?: unknown })?.toBundle === 'function'
      ? (what as { toBundle(): Bundle }).toBundle()
      : (what as Bundle);
  if (typeof bundle === 'object' && bundle !== null && typeof bundle['text/plain'] === 'string')
    return bundle;
  throw new ValueError({
    what: 'display',
    expected: 'a MIME bundle with text/plain, or an object with toBundle()',
    got: typeof what,
    todo: 'Use chart, table, imageGrid or markdown for what they show; console.log for values.',
  });
}

/** The five characters that HTML and SVG give a meaning to, as entities. */
export function escapeMarkup(text: string): string {
  const entity: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (c) => entity[c]);
}
