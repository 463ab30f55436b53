import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { mean } from '../../src/lib/metrics';
import { random } from '../../src/lib/random';
import {
  bars,
  chartBundle,
  type DataRow,
  dots,
  type Facet,
  lines,
  liveChart,
  type Spec,
  scatter,
} from '../../src/lib/show';

let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  delete (globalThis as { __tslabDisplay?: unknown }).__tslabDisplay;
  vi.restoreAllMocks();
});

const description = 'The errors of four methods on three functions.';
const rng = random('facets');
const functions = ['f1', 'f2', 'f3'];
const methods = ['network', 'NTK', 'CK', 'CKJ'];
/** Errors between 1e-10 and 1, each function's in a range of its own. */
const rows = functions.flatMap((f, i) =>
  methods.flatMap((method, j) =>
    [0, 400, 800, 1600].flatMap((epoch) =>
      [0, 1, 2].map((seed) => ({ f, method, epoch, seed, error: 10 ** (-3 * j + i - rng.uniform(0, 1)) })),
    ),
  ),
);
const x = { field: 'epoch', title: 'epoch' };
const y = { field: 'error', title: 'relative error', log: true };
const drawn = (facet: Facet, options: object = {}, data: readonly DataRow[] = rows) =>
  lines(data, { title: 'Errors', x, y, series: 'method', facet, ...options });

interface View {
  data: { values: Record<string, number | string>[] };
  layer: { mark: { type: string; opacity?: number }; encoding: Record<string, Record<string, unknown>> }[];
}
const views = (spec: Spec) => spec.concat as View[];
const picture = async (spec: Spec) => (await chartBundle(spec, { description }))['image/svg+xml'] as string;
const count = (svg: string, words: string) => svg.split(`>${words}<`).length - 1;

describe('small multiples', () => {
  it('have a panel for each value, with its rows alone', () => {
    const panels = views(drawn('f', { spread: 'range' }));
    expect(panels).toHaveLength(3);
    for (const [i, { data }] of panels.entries()) {
      expect(data.values).toHaveLength(4 * 4);
      for (const point of data.values) {
        const of = rows
          .filter((r) => r.f === functions[i] && r.method === point.method && r.epoch === point.epoch)
          .map((r) => r.error);
        expect(of).toHaveLength(3);
        expect(point.error).toBeCloseTo(Math.exp(mean(of.map(Math.log))), 14);
        expect([point.low, point.high]).toEqual([Math.min(...of), Math.max(...of)]);
      }
    }
  });

  it('say what all share once: legend, labels of the axis, its title', async () => {
    const svg = await picture(drawn('f'));
    expect(warn).not.toHaveBeenCalled();
    for (const words of [...methods, ...functions, '1e-4', '0.01', 'relative error'])
      expect(count(svg, words), words).toBe(1);
    // Each stands over an axis of its own.
    expect(count(svg, 'epoch')).toBe(3);
  });

  it('have ticks of their own where they have an axis of their own', async () => {
    const far = rows.map((r) => ({ ...r, error: r.f === 'f3' ? r.error * 1e6 : r.error }));
    const svg = await picture(drawn({ field: 'f', ownAxis: true }, {}, far));
    expect(count(svg, '1e-4')).toBe(2);
    expect(count(svg, '10000')).toBe(1);
    expect(count(svg, 'relative error')).toBe(1);
    for (const words of methods) expect(count(svg, words)).toBe(1);
  });

  it('stand in rows of `columns`, titles of the horizontal axis under the lowest alone', async () => {
    const spec = drawn({ field: 'f', columns: 2 });
    expect(spec.columns).toBe(2);
    const svg = await picture(spec);
    // f1 stands over f3, and nothing under f2.
    expect(count(svg, 'epoch')).toBe(2);
    expect(count(svg, 'relative error')).toBe(2);
    const many = [...rows, ...rows.map((r) => ({ ...r, f: `${r.f} again` }))];
    expect(drawn('f').columns).toBe(3);
    expect(drawn('f', {}, many).columns).toBe(3);
    expect(
      drawn(
        'f',
        {},
        many.filter((r) => r.f !== 'f1' && r.f !== 'f2'),
      ).columns,
    ).toBe(2);
  });

  it('draw the paper’s value in each, and its words where there is room', async () => {
    const spec = drawn('f', { paper: 0.003 });
    const rules = views(spec).map(({ layer }) => layer.filter(({ mark }) => mark.type === 'rule').length);
    expect(rules).toEqual([1, 1, 1]);
    expect(count(await picture(spec), 'paper: 0.003')).toBe(1);
    expect(count(await picture(drawn({ field: 'f', columns: 1 }, { paper: 1e-5 })), 'paper: 1e-5')).toBe(3);
  });

  it('come in a given order, and those that have no rows yet keep their place', async () => {
    const one = rows.filter((r) => r.f === 'f2');
    for (const ownAxis of [false, true]) {
      const svg = await picture(drawn({ field: 'f', panels: ['f3', 'f2', 'f1'], ownAxis }, {}, one));
      expect(warn).not.toHaveBeenCalled();
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      expect(svg.indexOf('>f3<')).toBeLessThan(svg.indexOf('>f2<'));
      expect(svg.indexOf('>f2<')).toBeLessThan(svg.indexOf('>f1<'));
    }
    const [before, own] = views(drawn({ field: 'f', panels: functions }, {}, one));
    expect(before.layer[0].mark.opacity).toBe(0);
    expect(own.data.values).toHaveLength(16);
  });

  it('share the axis of bars and dots, at the side too, and both axes of a scatter', async () => {
    const last = rows.filter((r) => r.epoch === 1600);
    const named = last.map((r) => ({ ...r, method: `the long name of ${r.method}` }));
    const value = { field: 'error', log: true };
    const scales = (spec: Spec) => (spec.resolve as { scale: object }).scale;
    const own = { field: 'f', ownAxis: true };
    const upright = dots(last, { title: 't', category: 'method', value, facet: own, width: 220 });
    expect(scales(upright)).toEqual({ x: 'shared', y: 'independent' });
    const sideways = bars(named, { title: 't', category: 'method', value, facet: own });
    expect(scales(sideways)).toEqual({ x: 'independent', y: 'shared' });
    expect(scales(scatter(last, { title: 't', x: 'seed', y: 'error', facet: own }))).toEqual({
      x: 'independent',
      y: 'independent',
    });
    for (const spec of [dots(last, { title: 't', category: 'method', value, facet: 'f' }), drawn('f')])
      expect(scales(spec)).toEqual({ x: 'shared', y: 'shared' });
    // Names at the side stand at the first panel.
    expect(count(await picture(sideways), 'the long name of CK')).toBe(1);
  });

  it('refuse a row of no panel, one that names none, and no columns', () => {
    expect(() => drawn({ field: 'f', panels: ['f1', 'f2'] })).toThrow(
      /row 96, “f”: expected a panel: f1, f2, got f3/,
    );
    expect(() => drawn('g')).toThrow(ValueError);
    expect(() => drawn({ field: 'f', columns: 0 })).toThrow(
      /columns of panels: expected a whole number, 1 or more, got 0/,
    );
  });

  it('of three functions, four methods and ten checkpoints are smaller than 80 kB', async () => {
    const long = functions.flatMap((f) =>
      methods.flatMap((method) =>
        Array.from({ length: 10 }, (_, k) =>
          [0, 1, 2].map(() => ({ f, method, epoch: 240 * k, error: rng.uniform(0.1, 1) })),
        ).flat(),
      ),
    );
    expect(JSON.stringify(await chartBundle(drawn('f', {}, long), { description })).length).toBeLessThan(
      80_000,
    );
  });
});

describe('colours by category', () => {
  it('have no legend, no place beside each other, and a shape each', () => {
    const spec = dots(rows, { title: 't', category: 'method', value: y, series: 'method' });
    for (const { encoding, mark } of spec.layer as View['layer']) {
      expect(encoding).not.toHaveProperty('xOffset');
      if (mark.type === 'point') expect(encoding.shape).toMatchObject({ field: 'method', legend: null });
      if (mark.type === 'tick') expect(encoding.color).toMatchObject({ field: 'method', legend: null });
    }
  });
});

describe('a live chart of small multiples', () => {
  it('grows by rows, first in one panel, then in the next, on axes that stand still', async () => {
    const sent: { data: Record<string, unknown> }[] = [];
    (globalThis as { __tslabDisplay?: unknown }).__tslabDisplay = (content: (typeof sent)[number]) =>
      sent.push(content);
    const live = liveChart({ description, every: 0 });
    const so: typeof rows = [];
    for (const row of rows) {
      so.push(row);
      live.draw(
        lines(so, {
          title: 'Errors',
          x: { ...x, domain: [0, 1600] },
          y: { ...y, domain: [1e-11, 1000] },
          series: 'method',
          facet: { field: 'f', panels: functions },
        }),
      );
    }
    await live.done();
    expect(warn).not.toHaveBeenCalled();
    expect(sent).toHaveLength(rows.length + 1);
    const specs = sent.map(({ data }) => data['application/vnd.vegalite.v5+json'] as Spec);
    const panels = specs.map((spec) => views(spec).map(({ layer }) => layer[0].mark.opacity !== 0));
    expect(panels[0]).toEqual([true, false, false]);
    expect(panels[rows.length]).toEqual([true, true, true]);
    const axes = (spec: Spec) =>
      views(spec).map(({ layer }) => [layer[0].encoding.x.scale, layer[0].encoding.y.axis]);
    expect(axes(specs[0])).toEqual(axes(specs[rows.length]));
    expect(sent[rows.length].data['image/svg+xml']).not.toMatch(/NaN|undefined|Infinity/);
  });
});
