/**
 * Small multiples: one panel for each value of a field, side by side under one title and one legend. Panels share their
 * axes, so that a curve can be compared across them, unless they are told to have their own. Each is a view of its own
 * in one specification (Vega-Lite's `concat`) and not a facet of one view, because facets have one list of ticks and
 * all draw the words beside the paper's values.
 */

import { ValueError } from '../errors';
import { brokenLines, type ChartLook, checkCount, type DataRow, look, nameAt, WIDTH } from './channel';
import type { Spec } from './chart';
import { MARKS } from './theme';

/** The field that names a row's panel, or the field with what there is to say about the panels. */
export type Facet =
  | string
  | {
      field: string;
      /** The panels in their order, also those without rows as yet (default: as they first come). */
      panels?: readonly string[];
      /** Panels in a row (default: up to 3; of four, 2). */
      columns?: number;
      /** Whether each panel has an axis of its own for its values (default: one for all). */
      ownAxis?: boolean;
    };

/** One panel. That of a chart without facets has an empty name. */
export interface Panel {
  name: string;
  /** Whether nothing stands at its right, where words have room. */
  last: boolean;
  /** A channel of either axis, with the labels and the title that this panel shows. */
  x(channel: Spec): Spec;
  y(channel: Spec): Spec;
}

/** The panels of a chart. */
export interface Panels {
  /** Whether each has an axis of values of its own. */
  ownAxis: boolean;
  /** Width of one panel, and of all. */
  width: number;
  whole: number;
  /** The name of the panel to which a row belongs. */
  of(row: DataRow, i: number): string;
  /** The specification, of the data and layers that `draw` gives for each. */
  spec(draw: (panel: Panel) => Drawing, finish: Finish): Spec;
}

/** What a maker draws in a panel. */
export interface Drawing {
  data: Spec;
  layer: readonly Spec[];
}

/** What a maker knows of its chart only after it looked at the rows. */
interface Finish {
  subtitle?: string;
  height?: number;
  /** The axis of values, of which each panel may have its own (default y). */
  values?: 'x' | 'y' | 'both';
}

/** The panels of rows, of which there is one where no facet is named. */
export function panelsOf(rows: readonly DataRow[], options: ChartLook & { facet?: Facet }): Panels {
  const { facet } = options;
  if (facet === undefined) return onePanel(options);
  const { field, panels, columns, ownAxis = false } = typeof facet === 'string' ? { field: facet } : facet;
  const of = (row: DataRow, i: number) => {
    const name = nameAt(row, field, i);
    if (!panels || panels.includes(name)) return name;
    throw new ValueError({
      what: `chart data, row ${i}, “${field}”`,
      expected: `a panel: ${panels.join(', ')}`,
      got: name,
      todo: 'List it among the panels, or leave its rows out.',
    });
  };
  const found = new Set(rows.map(of));
  const names = panels ?? [...found];
  const grid = gridOf(names.length, { ...options, columns }, ownAxis);
  return {
    ownAxis,
    width: grid.width,
    whole: grid.whole,
    of,
    spec(draw, { subtitle, height = grid.height, values = 'y' }) {
      const own = (axis: 'x' | 'y') => ownAxis && (values === axis || values === 'both');
      const views = names.map((name, i) => {
        const place = grid.place(i);
        return { name, ...draw({ name, last: place.last, ...axesAt(place, grid.width, own('y')) }) };
      });
      return sideBySide(views, { ...grid, height }, { ...options, subtitle }, { x: own('x'), y: own('y') });
    },
  };
}

function onePanel(options: ChartLook): Panels {
  const { width = WIDTH } = options;
  const same = (channel: Spec) => channel;
  return {
    ownAxis: false,
    width,
    whole: width,
    of: () => '',
    spec: (draw, { subtitle, height = options.height }) => ({
      ...look({ ...options, subtitle, height }),
      ...draw({ name: '', last: true, x: same, y: same }),
    }),
  };
}

/** Where a panel stands among the others. */
interface Place {
  first: boolean;
  last: boolean;
  bottom: boolean;
}

/** Panels in rows and columns, all of one size. */
export interface PanelGrid {
  columns: number;
  width: number;
  height: number;
  whole: number;
  place(i: number): Place;
}

/** Room for a row of panels, between two of them, and for the labels of an axis, in pixels. */
const ROOM = 640;
const GAP = 20;
const LABELS = 44;
/** Titles of axes and names of panels, and a line of them. */
const BOLD = { fontSize: 13, fontWeight: 600 };
const LINE = 17;

/** A grid of panels. `labelled`: each keeps room for labels of its own. */
export function gridOf(
  count: number,
  options: { width?: number; height?: number; columns?: number; widest?: number },
  labelled = false,
): PanelGrid {
  const { columns = count <= 3 ? count : count === 4 ? 2 : 3, height = 220, widest = WIDTH } = options;
  checkCount('columns of panels', columns);
  const gap = labelled ? GAP + LABELS : GAP;
  const width = options.width ?? Math.min(widest, Math.floor((ROOM - (columns - 1) * gap) / columns));
  return {
    columns,
    width,
    height,
    whole: columns * width + (columns - 1) * gap,
    place: (i) => ({
      first: i % columns === 0,
      last: i % columns === columns - 1 || i === count - 1,
      bottom: i + columns >= count,
    }),
  };
}

/** The axes of a panel: labels of y at the first of a row (at each, if its own), titles at the grid's edges. */
export function axesAt({ first, bottom }: Place, width: number, ownY = false): Pick<Panel, 'x' | 'y'> {
  const bare = { labels: false, ticks: false, domain: false };
  return {
    x: (channel) => ({
      ...channel,
      axis: { ...(channel.axis as Spec), labelSeparation: 10 },
      title: bottom && channel.title ? brokenLines(String(channel.title), width, BOLD) : null,
    }),
    y: (channel) =>
      first
        ? channel
        : { ...channel, title: null, axis: { ...(channel.axis as Spec), ...(ownY ? {} : bare) } },
  };
}

/** What an empty panel draws: all the rows of the chart, not seen, for the sake of the axes. */
export const unseen = ({ x, y }: Spec): Spec => ({
  mark: { type: 'point', opacity: 0, tooltip: null },
  encoding: { x, y },
});

/** Views, each with its name, as one chart: one legend for all, and one axis where it is not each view's `own`. */
export function sideBySide(
  views: readonly (Drawing & { name: string })[],
  grid: PanelGrid,
  options: ChartLook,
  own: { x: boolean; y: boolean } = { x: false, y: false },
): Spec {
  const { title } = look({ ...options, width: grid.whole });
  const resolve = (one: boolean) => (one ? 'independent' : 'shared');
  return {
    title,
    concat: views.map(({ name, data, layer }) => ({
      width: grid.width,
      height: grid.height,
      data,
      layer: [...layer, nameAbove(name, grid.width)],
    })),
    columns: grid.columns,
    spacing: GAP,
    align: 'each',
    resolve: { scale: { x: resolve(own.x), y: resolve(own.y) } },
  };
}

/** The name of a panel, as text over its plot: a title of Vega's stands higher where an axis has a label at its top. */
function nameAbove(name: string, width: number): Spec {
  const lines = brokenLines(name, width, BOLD);
  const dy = -10 - LINE * (lines.length - 1);
  return {
    data: { values: [{}] },
    mark: { type: 'text', ...MARKS.note, ...BOLD, lineHeight: LINE, baseline: 'bottom', dy },
    encoding: { x: { value: width / 2 }, y: { value: 0 }, text: { value: lines } },
  };
}
