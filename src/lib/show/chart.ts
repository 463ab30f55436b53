/**
 * A chart is a Vega-Lite specification sent as one bundle: the interactive specification, an SVG for static pages
 * (GitHub, the book without scripts), and a sentence that says what it shows, for a screen reader, a diff and the
 * console. The sentence is required, because a chart without one is lost to some readers.
 *
 * Vega and Vega-Lite are loaded by the first chart, not by `import '#lib'`. The interactive form draws in
 * `currentColor` through vega-embed's SVG renderer, so it takes the colour of the page's text, light or dark, and
 * follows a switch of theme; the static form uses the ink of colours.ts, which is legible on both.
 */

import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ValueError } from '../errors';
import { roundedData } from './chart-data';
import { INK } from './colours';
import { type Bundle, DisplayArea, display, escapeMarkup, inNotebook } from './display';
import { slimSvg } from './slim-svg';
import { textWidth } from './text-width';
import { PAGE_INK, theme } from './theme';

/** A Vega-Lite v5 specification. Its grammar is checked when it is drawn. */
export interface Spec {
  [property: string]: unknown;
}

export interface ChartOptions {
  /** One or two sentences that say what the chart shows, with its numbers: text for those who do not see it. */
  description: string;
  /** The name of the .svg file when KERNELBOOK_CHARTS names a folder; made from the title otherwise. */
  name?: string;
}

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v5.json';
const MIME = 'application/vnd.vegalite.v5+json';

/**
 * Draws a chart under the cell. Outside Jupyter prints the description. When the environment variable
 * KERNELBOOK_CHARTS names a folder, also writes the SVG there. Throws a ValueError for a missing description, for NaN
 * in the data, and for a specification that Vega-Lite does not take.
 */
export async function chart(spec: Spec, options: ChartOptions): Promise<void> {
  const folder = process.env.KERNELBOOK_CHARTS;
  const description = checkedDescription(options);
  if (!inNotebook() && !folder) {
    roundedData(spec); // the same check of the data as in a notebook
    console.log(description);
    return;
  }
  const bundle = await chartBundle(spec, options);
  if (folder)
    writeChart(folder, options.name ?? titleText(spec) ?? 'chart', bundle['image/svg+xml'] as string);
  display(bundle);
}

/** The bundle that `chart` shows. */
export async function chartBundle(spec: Spec, options: ChartOptions): Promise<Bundle> {
  const description = checkedDescription(options);
  const rounded = roundedData(spec);
  return {
    [MIME]: interactive(rounded, description),
    'image/svg+xml': await toSvg(rounded, description),
    'text/plain': description,
  };
}

export interface LiveChartOptions extends ChartOptions {
  /** The least time between two drawings, in milliseconds (default 500). */
  every?: number;
}

/** A chart that is drawn again in place while something runs: `live.draw(spec)` as often as you like. */
export interface LiveChart {
  /** Draws the specification, at most once in `every` milliseconds; what comes in between is skipped. */
  draw(spec: Spec): void;
  /** Draws the last specification with its SVG. Call it at the end; outside Jupyter it prints the description. */
  done(): Promise<void>;
}

/**
 * A chart redrawn in place, of which the notebook keeps the last state. `draw` returns at once: until `done` only the
 * interactive form is sent, since an SVG costs tens of milliseconds and nobody keeps it.
 */
export function liveChart(options: LiveChartOptions): LiveChart {
  const description = checkedDescription(options);
  const { every = 500 } = options;
  const area = new DisplayArea();
  let last: Spec | null = null;
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    draw(spec) {
      last = spec;
      const now = performance.now();
      if (now - drawnAt < every) return;
      drawnAt = now;
      area.show({ [MIME]: interactive(roundedData(spec), description), 'text/plain': description });
    },
    async done() {
      if (!last) return;
      const folder = process.env.KERNELBOOK_CHARTS;
      const bundle =
        inNotebook() || folder ? await chartBundle(last, options) : { 'text/plain': description };
      if (folder)
        writeChart(folder, options.name ?? titleText(last) ?? 'chart', bundle['image/svg+xml'] as string);
      area.finish(bundle);
    },
  };
}

function checkedDescription(options: ChartOptions | undefined): string {
  const description = options?.description;
  if (typeof description === 'string' && description.trim().length >= 10) return description.trim();
  throw new ValueError({
    what: 'chart, description',
    expected: 'a sentence that says what the chart shows',
    got: description ? `“${description}”` : 'nothing',
    todo: 'Give { description: "…" }: it is read by those who do not see the chart.',
  });
}

/** The specification as the notebook keeps it: themed in the page's own colour. */
function interactive(spec: Spec, description: string): Spec {
  return {
    $schema: SCHEMA,
    description,
    ...spec,
    usermeta: {
      embedOptions: {
        renderer: 'svg',
        actions: { export: true, source: true, compiled: false, editor: false },
      },
    },
    config: merged(theme(), (spec.config as Spec | undefined) ?? {}),
  };
}

/** Compiles and renders without a browser. Vega-Lite's warnings go to the console: each is a mistake in the spec. */
async function toSvg(spec: Spec, description: string): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const full = inked({
    $schema: SCHEMA,
    ...spec,
    config: merged(theme(), (spec.config as Spec | undefined) ?? {}),
  });
  const warn = (...said: readonly unknown[]) => {
    console.warn(`chart “${titleText(spec) ?? ''}”: ${said.join(' ')}`);
    return logger;
  };
  const quiet = () => logger;
  // biome-ignore lint/suspicious/noExplicitAny: Vega's logger returns itself from each of its overloaded methods
  const logger: any = { level: () => vega.Warn, error: warn, warn, info: quiet, debug: quiet };
  // Vega's own hook for this (vega-scenegraph, text.js), absent from its types.
  (vega as unknown as { textMetrics: { width: typeof textWidth } }).textMetrics.width = textWidth;
  let svg: string;
  try {
    const compiled = vegaLite.compile(full as unknown as Parameters<typeof vegaLite.compile>[0], { logger });
    const view = new vega.View(vega.parse(compiled.spec), { renderer: 'none', logger });
    svg = await view.toSVG();
    view.finalize();
  } catch (cause) {
    throw new ValueError(
      {
        what: `chart “${titleText(spec) ?? ''}”`,
        expected: 'a Vega-Lite v5 specification',
        got: (cause as Error).message,
        todo: 'Compare it with the grammar, or start from lines, scatter, bars, dots, histogram or heatMap.',
      },
      { cause },
    );
  }
  return describedSvg(slimSvg(svg), titleText(spec), description);
}

/** A copy in which the page's colour is a fixed one. */
function inked<T>(node: T): T {
  if (node === PAGE_INK) return INK as T;
  if (Array.isArray(node)) return node.map(inked) as T;
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, inked(v)])) as T;
}

/** Puts the title and the description where assistive technology looks for them. */
function describedSvg(svg: string, title: string | undefined, description: string): string {
  const words = `${title ? `<title>${escapeMarkup(title)}</title>` : ''}<desc>${escapeMarkup(description)}</desc>`;
  return svg.replace(
    /^<svg ([^>]*)>/,
    (_, attributes) => `<svg role="img" aria-label="${escapeMarkup(description)}" ${attributes}>${words}`,
  );
}

/** The title as one line. */
function titleText(spec: Spec): string | undefined {
  const title = (spec.title as { text?: unknown } | undefined)?.text ?? spec.title;
  if (Array.isArray(title)) return title.join(' ');
  return typeof title === 'string' ? title : undefined;
}

function merged(base: Spec, over: Spec): Spec {
  const out: Spec = { ...base };
  for (const [key, v] of Object.entries(over)) {
    const was = out[key];
    const both = [was, v].every((x) => typeof x === 'object' && x !== null && !Array.isArray(x));
    out[key] = both ? merged(was as Spec, v as Spec) : v;
  }
  return out;
}

const written = new Map<string, number>();

function writeChart(folder: string, name: string, svg: string): void {
  const slug =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60) || 'chart';
  const key = join(folder, slug);
  const count = (written.get(key) ?? 0) + 1;
  written.set(key, count);
  mkdirSync(folder, { recursive: true });
  const path = count === 1 ? `${key}.svg` : `${key}-${count}.svg`;
  writeFileSync(`${path}.tmp`, svg);
  renameSync(`${path}.tmp`, path);
}
