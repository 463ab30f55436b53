import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Spec as VegaSpec } from 'vega';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { Matrix } from '../../src/lib/linalg';
import { random } from '../../src/lib/random';
import {
  bars,
  chart,
  chartBundle,
  decisionMap,
  dots,
  heatMap,
  histogram,
  lines,
  liveChart,
  normalCurve,
  type Spec,
  scatter,
} from '../../src/lib/show';
import { roundedData } from '../../src/lib/show/chart-data';
import { INK } from '../../src/lib/show/colours';
import { averagedBlocks } from '../../src/lib/show/heat-map';
import { textWidth } from '../../src/lib/show/text-width';

const kernel = globalThis as { __tslabDisplay?: unknown };
type Sent = { data: Record<string, unknown>; transient: { display_id?: string }; update: boolean };
let sent: Sent[];
const inJupyter = () => {
  sent = [];
  kernel.__tslabDisplay = (content: Sent, update = false) => sent.push({ ...content, update });
};
let log: ReturnType<typeof vi.spyOn>;
let warn: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
  warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  delete kernel.__tslabDisplay;
  delete process.env.KERNELBOOK_CHARTS;
  vi.restoreAllMocks();
});

const MIME = 'application/vnd.vegalite.v5+json';
const description = 'The surrogate’s τ is 0.76 for trNTK & 0.72 for Em.';
const rng = random(3);
const names = ['trNTK', 'Em', 'CK'];
const seeds = [0, 1, 2];
const curve = names.flatMap((kernel, j) =>
  seeds.flatMap((seed) =>
    [64, 256, 1024].map((K) => ({ kernel, seed, K, rms: ((1 + j) / Math.sqrt(K)) * rng.uniform(0.8, 1.2) })),
  ),
);
const taus = names.flatMap((kernel) =>
  ['MLP', 'CNN'].flatMap((model) =>
    seeds.map((seed) => ({ kernel, model, seed, tau: rng.uniform(0.6, 0.8) })),
  ),
);
const cloud = Array.from({ length: 400 }, (_, i) => ({
  network: rng.normal(),
  surrogate: rng.normal(),
  digit: i % 2,
}));
const numbers = Float64Array.from({ length: 500 }, () => rng.normal());
const gram = Matrix.zeros(40, 40);
gram.data.forEach((_, i) => {
  gram.data[i] = Math.cos(i / 7);
});
const plane = Float64Array.from({ length: 11 }, (_, i) => -1 + i / 5);
const onPlane = (f: (a: number, b: number) => number) =>
  Array.from(plane, (a) => Array.from(plane, (b) => f(a, b))).flat();
const K = { field: 'K', title: 'dimension K', log: true };

/** Every maker, with its options used. */
const specs: [string, Spec][] = [
  [
    'lines',
    lines(curve, {
      title: 'Lines',
      x: K,
      y: { field: 'rms', title: 'residual', log: true },
      series: 'kernel',
      paper: 0.1,
    }),
  ],
  [
    'one line',
    lines(
      [1, 2, 3].map((d) => ({ d, a: d / 3 })),
      {
        title: 'A line',
        x: 'd',
        y: { field: 'a', format: '%', domain: [0, 1] },
        paper: [{ value: 2, axis: 'x' }],
      },
    ),
  ],
  [
    'many points',
    lines(
      Array.from({ length: 90 }, (_, e) => ({ e, loss: 1 / (e + 1) })),
      { title: 'Loss', x: 'e', y: 'loss', interpolate: 'step-after' },
    ),
  ],
  [
    'lines with the paper’s points and a law beside them',
    lines(curve, {
      title: 'Points of the paper',
      x: K,
      y: { field: 'rms', title: 'residual', log: true },
      series: 'kernel',
      paperPoints: [{ x: 256, y: 0.1 }],
      curves: [
        { label: '1/√K', x: [64, 1024], y: [1 / 8, 1 / 32] },
        { label: '1/K', x: [64, 1024], y: [1 / 8, 1 / 128] },
      ],
    }),
  ],
  [
    'scatter',
    scatter(cloud, {
      title: 'A cloud',
      x: 'network',
      y: 'surrogate',
      series: 'digit',
      identity: true,
      paper: [{ value: 0, axis: 'x', label: 'zero' }],
    }),
  ],
  [
    'bars',
    bars(taus, {
      title: 'Bars',
      category: 'kernel',
      value: { field: 'tau', title: 'τ' },
      series: 'model',
      paper: { trNTK: 0.708 },
      paperRule: 0.7,
    }),
  ],
  [
    'bars at the side',
    bars(
      taus.map((t) => ({ ...t, kernel: `a rather long name for the kernel ${t.kernel}` })),
      {
        title: 'Side',
        category: { field: 'kernel', title: 'kernel' },
        value: 'tau',
        paperRule: 0.7,
        seeds: true,
      },
    ),
  ],
  [
    'dots',
    dots(taus, {
      title: 'Dots',
      category: 'kernel',
      value: 'tau',
      series: 'model',
      paper: { trNTK: 0.708, Em: 0.768 },
    }),
  ],
  [
    'dots of one seed',
    dots(
      taus.filter((t) => t.seed === 0 && t.model === 'MLP'),
      { title: 'Few dots', category: 'kernel', value: 'tau' },
    ),
  ],
  [
    'a band on two logarithmic axes',
    lines(curve, { title: 'Bands', x: K, y: { field: 'rms', log: true }, series: 'kernel', spread: 'range' }),
  ],
  [
    'lines in panels',
    lines(
      taus.map((t, i) => ({ ...t, K: 2 ** (i % 3) })),
      {
        title: 'Panels',
        x: K,
        y: { field: 'tau', log: true },
        series: 'kernel',
        facet: 'model',
        spread: 'range',
        paper: 0.7,
        curves: [{ label: '1/√K', x: [1, 4], y: [0.8, 0.4] }],
      },
    ),
  ],
  [
    'bars in panels, the names at the side',
    bars(
      taus.map((t) => ({ ...t, kernel: `the kernel ${t.kernel}` })),
      {
        title: 'Panels at the side',
        category: 'kernel',
        value: 'tau',
        facet: { field: 'model', ownAxis: true },
        paperRule: 0.5,
        width: 150,
      },
    ),
  ],
  [
    'dots in panels, one of them empty',
    dots(taus, {
      title: 'Panels of dots',
      category: 'kernel',
      value: { field: 'tau', log: true },
      series: 'kernel',
      facet: { field: 'model', panels: ['MLP', 'none', 'CNN'] },
    }),
  ],
  [
    'a scatter in panels, each with its axes',
    scatter(cloud, {
      title: 'Clouds',
      x: 'network',
      y: 'surrogate',
      identity: true,
      facet: { field: 'digit', ownAxis: true },
    }),
  ],
  [
    'histogram',
    histogram(numbers, {
      title: 'A histogram',
      x: 'residual',
      curves: [normalCurve(0, 1, 'normal')],
      paper: [{ value: 1 }],
    }),
  ],
  [
    'histogram of two, logarithmic',
    histogram(
      { before: numbers, after: numbers.map((v) => 2 * v) },
      {
        title: 'Tails',
        x: 'eigenvalue',
        log: true,
        measure: 'count',
        curves: [normalCurve(0, 1, 'a'), normalCurve(0, 2, 'b')],
      },
    ),
  ],
  [
    'heat map',
    heatMap(gram, {
      title: 'A Gram matrix',
      x: 'image',
      y: 'image',
      value: 'kernel',
      resolution: 10,
      groups: { at: [20], names: ['zero', 'one'] },
    }),
  ],
  [
    'decision map',
    decisionMap(
      [
        { name: 'a line', logits: onPlane((a, b) => a + b - 0.3), predicted: [0, 0, 0, 0] },
        { name: 'a circle', logits: onPlane((a, b) => a * a + b * b - 0.5) },
      ],
      {
        title: 'A map',
        grid: { axes: [{ nodes: plane }, { nodes: plane }] },
        training: {
          inputs: Matrix.from([
            [0, 0],
            [0, 1],
            [1, 0],
            [-1, -1],
          ]),
          labels: [0, 1, 1, 0],
        },
        truth: onPlane((a, b) => a + b - 0.25),
      },
    ),
  ],
  [
    'heat map without groups',
    heatMap(gram.slice(0, 5), { title: 'Weights', x: 'in', y: 'out', value: 'w', domain: [-1, 1] }),
  ],
];

describe('a chart’s bundle', () => {
  it.each(specs)('of %s compiles without a warning and carries its words', async (_, spec) => {
    const bundle = await chartBundle(spec, { description });
    expect(warn).not.toHaveBeenCalled();
    expect(Object.keys(bundle)).toEqual([MIME, 'image/svg+xml', 'text/plain']);
    expect(bundle['text/plain']).toBe(description);
    const live = bundle[MIME] as Spec;
    expect(live.description).toBe(description);
    expect(live.$schema).toContain('vega-lite/v5');
    expect(JSON.stringify(live)).toContain('"currentColor"');
    const svg = bundle['image/svg+xml'] as string;
    const title = ((spec.title as Spec).text as string[]).join(' ');
    expect(svg).toContain(`<title>${title}</title>`);
    expect(svg).toContain('<desc>The surrogate’s τ is 0.76 for trNTK &amp; 0.72 for Em.</desc>');
    expect(svg).toMatch(/^<svg role="img" aria-label="The surrogate/);
    for (const line of (spec.title as Spec).text as string[]) expect(svg).toContain(`>${line}</text>`);
    // The static form names its colours, and none of its coordinates is NaN.
    expect(svg).not.toContain('currentColor');
    expect(svg).toContain(INK);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).not.toContain('fill="white"');
    // Nothing of it lies far outside the plot.
    expect(Number(/ height="(\d+)"/.exec(svg)?.[1])).toBeLessThan(480);
    expect(Number(/ width="(\d+)"/.exec(svg)?.[1])).toBeLessThan(780);
  });

  it.each(specs)(
    'of %s has the same axes, lines and bands in the Vega-Lite that JupyterLab ships, which is older than ours',
    async (_, spec) => {
      const [vega, ours, older] = await Promise.all([
        import('vega'),
        import('vega-lite'),
        import('vega-lite-of-jupyterlab'),
      ]);
      const live = (await chartBundle(spec, { description }))[MIME] as never;
      const said = vi.fn();
      const quiet = () => logger;
      const logger = { level: () => vega.Warn, error: said, warn: said, info: quiet, debug: quiet };
      type Compile = (spec: never, options: { logger: never }) => { spec: VegaSpec };
      const drawn = async ({ compile }: { compile: Compile }) => {
        const compiled = compile(live, { logger: logger as never }).spec;
        const view = await new vega.View(vega.parse(compiled), { renderer: 'none' }).runAsync();
        // Of panels with axes of their own, a scale each: `concat_0_y`.
        const names = (compiled.scales ?? [])
          .map(({ name }) => name)
          .filter((name) => /(^|_)[xy]$/.test(name));
        const marks = (await view.toSVG()).matchAll(/<g class="mark-(?:line|area) .*?<\/g>/gs);
        const outlines = [...marks].flatMap(([g]) => [...g.matchAll(/ d="([^"]*)"/g)].map(([, d]) => d));
        return {
          domains: names.map((name) => [name, view.scale(name).domain()]),
          outlines: outlines.map((d) => d.replace(/(\.\d\d)\d+/g, '$1')),
        };
      };
      const own = await drawn(ours as never);
      expect(own.domains.length).toBeGreaterThanOrEqual(2);
      const hasLines = /"type":"(line|area)"/.test(JSON.stringify(spec));
      expect(own.outlines.length > 0).toBe(hasLines);
      expect(await drawn(older as never)).toEqual(own);
      expect(said).not.toHaveBeenCalled();
    },
  );

  it('writes axis titles, legends and the paper’s values into the picture', async () => {
    const svg = (await chartBundle(specs[0][1], { description }))['image/svg+xml'] as string;
    for (const words of [
      'dimension K',
      'residual',
      'trNTK',
      'paper: 0.1',
      'geometric mean; band: one standard error of the logarithm, n = 3',
      '>256<',
    ])
      expect(svg, words).toContain(words);
  });

  it('keeps the caller’s configuration over the book’s', async () => {
    const bundle = await chartBundle(
      { ...specs[1][1], config: { axis: { labelFontSize: 17 } } },
      { description },
    );
    const config = (bundle[MIME] as Spec).config as { axis: Spec; background: string };
    expect(config.axis.labelFontSize).toBe(17);
    expect(config.axis.titleFontSize).toBe(13);
    expect(config.background).toBe('transparent');
  });

  it('of 2000 points is smaller than 400 kB, and says the points’ shapes once', async () => {
    const many = Array.from({ length: 2000 }, (_, i) => ({ x: rng.normal(), y: rng.normal(), digit: i % 2 }));
    const bundle = await chartBundle(scatter(many, { title: 'Many', x: 'x', y: 'y', series: 'digit' }), {
      description,
    });
    const svg = bundle['image/svg+xml'] as string;
    expect(JSON.stringify(bundle).length).toBeLessThan(400_000);
    expect(svg.match(/<use /g)).toHaveLength(2000);
    const ids = [...svg.matchAll(/<path id="([^"]+)"/g)].map((m) => m[1]);
    expect(ids).toHaveLength(2);
    expect(new Set([...svg.matchAll(/<use href="#([^"]+)"/g)].map((m) => m[1]))).toEqual(new Set(ids));
  });

  it.each<[string, object]>([
    ['nothing', {}],
    ['too little', { description: 'a chart' }],
  ])('refuses %s for a description', async (_, options) => {
    await expect(chart(specs[0][1], options as never)).rejects.toThrow(ValueError);
    await expect(chart(specs[0][1], options as never)).rejects.toThrow(
      /a sentence that says what the chart shows/,
    );
    expect(() => liveChart(options as never)).toThrow(/a sentence/);
  });

  it('names a specification that is none, and warns of what Vega-Lite leaves out', async () => {
    inJupyter();
    await expect(chart({ title: 'Broken' }, { description })).rejects.toThrow(
      /chart “Broken”: expected a Vega-Lite v5 specification/,
    );
    const odd = {
      data: { values: [{ a: 1 }] },
      mark: 'bar',
      encoding: { x: { field: 'a', type: 'quantitative' }, nonsense: { field: 'a' } },
    };
    await chart(odd, { description });
    expect(warn.mock.calls[0][0]).toMatch(/nonsense/);
  });

  it('refuses NaN in the data, in a notebook and outside', async () => {
    const spec = { data: { values: [{ a: 1 }, { a: Number.NaN }] }, mark: 'bar', encoding: {} };
    await expect(chart(spec, { description })).rejects.toThrow(
      /chart data, row 1, “a”: expected a finite number/,
    );
    inJupyter();
    await expect(chart(spec, { description })).rejects.toThrow(ValueError);
    expect(sent).toHaveLength(0);
  });
});

describe('a chart is shown', () => {
  it('as one output in a notebook', async () => {
    inJupyter();
    await chart(specs[0][1], { description });
    expect(sent).toHaveLength(1);
    expect(Object.keys(sent[0].data)).toEqual([MIME, 'image/svg+xml', 'text/plain']);
    expect(log).not.toHaveBeenCalled();
  });
  it('as its sentence outside, without loading Vega', async () => {
    await chart(specs[0][1], { description });
    expect(log).toHaveBeenCalledExactlyOnceWith(description);
  });
  it('as an .svg file where KERNELBOOK_CHARTS names a folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'charts-'));
    process.env.KERNELBOOK_CHARTS = join(folder, 'new');
    await chart(specs[0][1], { description });
    await chart(specs[0][1], { description });
    await chart(specs[1][1], { description, name: 'My name' });
    expect(readdirSync(join(folder, 'new')).sort()).toEqual(['lines-2.svg', 'lines.svg', 'my-name.svg']);
    expect(readFileSync(join(folder, 'new', 'lines.svg'), 'utf8')).toMatch(/^<svg /);
    rmSync(folder, { recursive: true });
  });
  it('and vega is not loaded by importing the library', () => {
    const script =
      'require("./src/lib/show/index.ts"); console.log(Object.keys(require.cache).filter((f) => /node_modules.(vega|danfojs|@tensorflow)/.test(f)).length, Object.keys(require.cache).length > 10)';
    const printed = execFileSync(process.execPath, ['--require', 'tsx/cjs', '--eval', script], {
      encoding: 'utf8',
    });
    expect(printed.trim()).toBe('0 true');
  });
});

describe('a live chart', () => {
  const spec = (n: number) =>
    lines(
      Array.from({ length: n }, (_, epoch) => ({ epoch, loss: 1 / (epoch + 1) })),
      { title: 'Loss', x: 'epoch', y: 'loss' },
    );
  it('is drawn in place, not more often than asked, and ends with its SVG', async () => {
    inJupyter();
    vi.useFakeTimers({ toFake: ['performance'] });
    const live = liveChart({ description, every: 100 });
    for (let n = 2; n < 12; n++) {
      live.draw(spec(n));
      vi.advanceTimersByTime(30);
    }
    vi.useRealTimers();
    expect(sent.map((s) => s.update)).toEqual([false, true, true]);
    expect(sent.every((s) => !('image/svg+xml' in s.data))).toBe(true);
    await live.done();
    const last = sent[sent.length - 1];
    expect(last.update).toBe(true);
    expect(Object.keys(last.data)).toEqual([MIME, 'image/svg+xml', 'text/plain']);
    expect(((last.data[MIME] as Spec).data as { values: unknown[] }).values).toHaveLength(11);
    expect(new Set(sent.map((s) => s.transient.display_id)).size).toBe(1);
  });
  it('prints its sentence once outside', async () => {
    const live = liveChart({ description, every: 0 });
    live.draw(spec(2));
    live.draw(spec(3));
    expect(log).not.toHaveBeenCalled();
    await live.done();
    expect(log).toHaveBeenCalledExactlyOnceWith(description);
  });
  it('that was never drawn shows nothing', async () => {
    await liveChart({ description }).done();
    expect(log).not.toHaveBeenCalled();
  });
});

describe('the data of a chart', () => {
  const values = (rows: unknown[]) =>
    roundedData({ layer: [{ data: { values: rows } }] }).layer[0].data.values as unknown[];
  it('keep four digits, or more where a column’s range asks for them', () => {
    expect(values([{ a: 0.123456789 }, { a: 0.000123456789 }])).toEqual([{ a: 0.1235 }, { a: 0.0001235 }]);
    expect(values([{ a: 0.998112345 }, { a: 0.998187654 }])).toEqual([{ a: 0.99811235 }, { a: 0.99818765 }]);
    expect(values([{ a: 123456, b: 'x', c: null, d: 1e300 / 3 }])).toEqual([
      { a: 123456, b: 'x', c: null, d: 3.333e299 },
    ]);
    expect(values([6.54321, 2])).toEqual([6.543, 2]);
    expect(values([{ a: -1.23456 }])).toEqual([{ a: -1.235 }]);
  });
  it('are rounded by less than a ten-thousandth of their range and of themselves', () => {
    const rows = Array.from({ length: 300 }, () => ({ v: 5 + rng.normal() * 0.01 }));
    const range = Math.max(...rows.map((r) => r.v)) - Math.min(...rows.map((r) => r.v));
    const rounded = values(rows) as { v: number }[];
    for (const [i, row] of rows.entries()) expect(Math.abs(rounded[i].v - row.v)).toBeLessThan(5e-4 * range);
  });
  it('leave the rest of a specification alone', () => {
    const spec = {
      width: 123.456789,
      mark: { opacity: 0.123456 },
      datasets: { a: [{ v: 1.23456789 }] },
      values: [1.23456789],
    };
    expect(roundedData(spec)).toEqual({ ...spec, datasets: { a: [{ v: 1.235 }] } });
  });
});

describe('the ticks of a logarithmic axis', () => {
  const labels = async (values: number[], y: object = {}) => {
    const spec = lines(
      values.map((v, x) => ({ x, v })),
      { title: 't', x: { field: 'x', title: 'step' }, y: { field: 'v', log: true, ...y }, points: false },
    );
    const svg = (await chartBundle(spec, { description }))['image/svg+xml'] as string;
    const axis = svg.slice(svg.indexOf('aria-label="Y-axis'));
    return [...axis.slice(0, axis.indexOf('role-axis-title')).matchAll(/>([\d.e+-]+)<\/text>/g)].map(
      (m) => m[1],
    );
  };
  it('are few over many decades, 1 among them, and small ones are all written as powers', async () => {
    expect(await labels([2e-11, 3.7])).toEqual(['1e-10', '1e-8', '1e-6', '1e-4', '0.01', '1']);
    expect(await labels([2e-7, 3e-3])).toEqual(['1e-6', '1e-5', '1e-4', '0.001']);
  });
  it('reach as far as the axis, also where there are no values yet', async () => {
    expect(await labels([0.5, 1], { domain: [1e-4, 1] })).toEqual(['1e-4', '0.001', '0.01', '0.1', '1']);
  });
});

describe('makers', () => {
  const rowsOf = (spec: Spec) => (spec.data as { values: Record<string, number>[] }).values;
  it('turn seeds into mean ± standard error', () => {
    const spec = lines(
      [1, 2, 3].map((y, seed) => ({ x: 0, y, seed })),
      { title: 't', x: 'x', y: 'y' },
    );
    expect(rowsOf(spec)).toHaveLength(1);
    expect(rowsOf(spec)[0].y).toBe(2);
    expect(rowsOf(spec)[0].high - 2).toBeCloseTo(1 / Math.sqrt(3), 12);
    expect(2 - rowsOf(spec)[0].low).toBeCloseTo(1 / Math.sqrt(3), 12);
  });
  it('turn seeds into mean and range, which a logarithmic axis does not move', () => {
    const rows = [1, 100, 10_000].flatMap((y) => [0, 1].map((x) => ({ x, y: y * (1 + x), c: `c${x}` })));
    for (const log of [false, true])
      for (const spec of [
        lines(rows, { title: 't', x: 'x', y: { field: 'y', log }, spread: 'range' }),
        dots(rows, { title: 't', category: 'c', value: { field: 'y', log }, spread: 'range' }),
        bars(rows, { title: 't', category: 'c', value: { field: 'y', log }, spread: 'range' }),
      ]) {
        expect(rowsOf(spec).map((r) => [r.low, r.high])).toEqual([
          [1, 10_000],
          [2, 20_000],
        ]);
        expect(rowsOf(spec)[0].y).toBeCloseTo(log ? 100 : 10_101 / 3, 9);
        const { subtitle } = spec.title as { subtitle: string[] };
        expect(subtitle.join(' ')).toMatch(
          log ? /^geometric mean; .*: least to most, n = 3/ : /^mean; .*: least to/,
        );
      }
  });
  it('take the geometric mean on a logarithmic axis', () => {
    const [row] = rowsOf(
      lines(
        [1, 100].map((y) => ({ x: 0, y })),
        { title: 't', x: 'x', y: { field: 'y', log: true } },
      ),
    );
    expect(row.y).toBeCloseTo(10, 12);
    expect(row.high * row.low).toBeCloseTo(100, 10);
  });
  it('order the points of a line by x, whatever the order of the rows', () => {
    const spec = lines(
      [3, 1, 2].map((x) => ({ x, y: x })),
      { title: 't', x: 'x', y: 'y' },
    );
    expect(rowsOf(spec).map((r) => r.x)).toEqual([1, 2, 3]);
  });
  it('a histogram’s density has area 1, and its counts are all the values', () => {
    const area = (spec: Spec) => {
      const rows = rowsOf(spec);
      return rows.slice(0, -1).reduce((sum, r, i) => sum + r.height * (rows[i + 1].from - r.from), 0);
    };
    expect(area(histogram(numbers, { title: 't', x: 'x', bins: 13 }))).toBeCloseTo(1, 12);
    const counts = rowsOf(histogram(numbers, { title: 't', x: 'x', bins: 13, measure: 'count' }));
    expect(counts.slice(0, -1).reduce((s, r) => s + r.height, 0)).toBe(500);
    expect(
      rowsOf(histogram([2, 2], { title: 't', x: 'x', bins: 2, measure: 'count' })).map((r) => r.height),
    ).toEqual([0, 2, 2]);
  });
  it('a normal curve is the density it names', () => {
    const { x, y } = normalCurve(2, 3, 'n', 4001);
    const area = y.reduce((s, v) => s + v, 0) * (x[1] - x[0]);
    expect(area).toBeCloseTo(1, 3);
    expect(y[2000]).toBeCloseTo(1 / (3 * Math.sqrt(2 * Math.PI)), 12);
  });
  it('block averages count every entry once', () => {
    const m = Matrix.from([
      [1, 2, 3, 4, 5],
      [3, 4, 5, 6, 7],
      [10, 20, 30, 40, 50],
    ]);
    expect(averagedBlocks(m, 2)).toEqual({ rows: 2, cols: 2, data: Float64Array.from([3, 5.5, 20, 45]) });
    expect(Array.from(averagedBlocks(m, 5).data)).toEqual(Array.from(m.data));
    const { data, rows, cols } = averagedBlocks(gram, 10);
    const mean = (v: ArrayLike<number>) => Array.from(v).reduce((a, b) => a + b, 0) / v.length;
    expect([rows, cols]).toEqual([10, 10]);
    expect(mean(data)).toBeCloseTo(mean(gram.data), 12);
  });
  it('a heat map of 2000 × 2000 entries stays below 100 kB', () => {
    const big = Matrix.zeros(2000, 2000, 'float32');
    for (let i = 0; i < big.data.length; i++) big.data[i] = Math.random();
    const spec = heatMap(big, { title: 't', x: 'x', y: 'y', value: 'v' });
    expect(JSON.stringify(spec).length).toBeLessThan(100_000);
    expect((spec.title as { subtitle: string[] }).subtitle.join(' ')).toBe(
      '2000 × 2000 entries, shown as 223 × 223 block averages',
    );
  });
  it('break a title into lines that fit', () => {
    const title = 'The projection residual falls as the root of the dimension, not exponentially';
    const text = (lines([{ x: 0, y: 0 }], { title, x: 'x', y: 'y' }).title as { text: string[] }).text;
    expect(text.join(' ')).toBe(title);
    expect(text.length).toBeGreaterThan(1);
    for (const line of text)
      expect(textWidth({ fontSize: 15, fontWeight: 600 }, line)).toBeLessThanOrEqual(480);
  });
  it.each<[string, () => unknown, RegExp]>([
    [
      'a missing field',
      () => lines([{ a: 1 }], { title: 't', x: 'a', y: 'b' }),
      /row 0, “b”: expected a finite number, got undefined/,
    ],
    [
      'zero on a logarithmic axis',
      () => lines([{ a: 1, b: 0 }], { title: 't', x: 'a', y: { field: 'b', log: true } }),
      /a positive number, for a logarithmic axis/,
    ],
    ['NaN', () => scatter([{ a: 1, b: Number.NaN }], { title: 't', x: 'a', y: 'b' }), /got NaN/],
    [
      'no rows',
      () => bars([], { title: 't', category: 'a', value: 'b' }),
      /bars: expected one row of data or more/,
    ],
    ['no values', () => histogram([], { title: 't', x: 'x' }), /expected values, got none/],
    [
      'a series that no row has',
      () => lines([{ a: 1, b: 2 }], { title: 't', x: 'a', y: 'b', series: 'c' }),
      /row 0, “c”: expected a name, got undefined.*a, b/,
    ],
    [
      'a category that no row has',
      () => bars([{ a: 'x', v: 1 }], { title: 't', category: 'name', value: 'v' }),
      /row 0, “name”: expected a name/,
    ],
    ['no bins', () => histogram([1, 2], { title: 't', x: 'x', bins: 0 }), /bins.*1 or more, got 0/],
    ['half a bin', () => histogram([1, 2], { title: 't', x: 'x', bins: 2.5 }), /bins.*got 2.5/],
    [
      'a domain without extent',
      () => heatMap(gram, { title: 't', x: 'x', y: 'y', value: 'v', domain: [1, 1] }),
      /domain.*the smaller first, got 1 … 1/,
    ],
    [
      'no cells',
      () => heatMap(gram, { title: 't', x: 'x', y: 'y', value: 'v', resolution: 0 }),
      /resolution.*got 0/,
    ],
    [
      'values outside the bins',
      () => histogram([1, 5], { title: 't', x: 'x', domain: [0, 2] }),
      /values within 0 … 2, got 1 … 5/,
    ],
    [
      'NaN in a matrix',
      () => heatMap(Matrix.from([[0, Number.NaN]]), { title: 't', x: 'x', y: 'y', value: 'v' }),
      /entry \(0, 1\)/,
    ],
    [
      'groups out of range',
      () =>
        heatMap(gram, { title: 't', x: 'x', y: 'y', value: 'v', groups: { at: [40], names: ['a', 'b'] } }),
      /rising indices of 1 … 39/,
    ],
    [
      'an empty matrix',
      () => heatMap(Matrix.zeros(0, 3), { title: 't', x: 'x', y: 'y', value: 'v' }),
      /a matrix with entries/,
    ],
  ])('name %s', (_, make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });
});
