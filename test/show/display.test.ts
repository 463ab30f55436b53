import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ValueError } from '../../src/lib/errors';
import { onProgress, progress } from '../../src/lib/run';
import { display, markdown, showProgress, table, tableBundle } from '../../src/lib/show';
import { DisplayArea } from '../../src/lib/show/display';
import { progressBundle } from '../../src/lib/show/progress-bar';
import { frameBundle } from '../../src/lib/show/table';

type Sent = { data: Record<string, string>; transient: { display_id?: string }; update: boolean };
const kernel = globalThis as { __tslabDisplay?: unknown };
let sent: Sent[];
const inJupyter = () => {
  const cell: Sent[] = [];
  sent = cell;
  kernel.__tslabDisplay = (content: Sent, update = false) => cell.push({ ...content, update });
};
beforeEach(() => void vi.spyOn(console, 'log').mockImplementation(() => {}));
afterEach(() => {
  delete kernel.__tslabDisplay;
  vi.restoreAllMocks();
});

describe('display', () => {
  it('sends one bundle to the cell and prints nothing', () => {
    inJupyter();
    markdown('**bold**');
    expect(sent).toHaveLength(1);
    expect(sent[0].data).toEqual({ 'text/markdown': '**bold**', 'text/plain': '**bold**' });
    expect(console.log).not.toHaveBeenCalled();
  });
  it('prints the text outside Jupyter', () => {
    display({ 'text/html': '<b>x</b>', 'text/plain': 'x' });
    expect(console.log).toHaveBeenCalledExactlyOnceWith('x');
  });
  it('takes what makes a bundle of itself', () => {
    display({ toBundle: () => ({ 'text/plain': 'made' }) });
    expect(console.log).toHaveBeenCalledExactlyOnceWith('made');
  });
  it.each([[{}], [null], ['a text'], [{ 'text/html': 'x' }]])('refuses %o', (what) => {
    expect(() => display(what as never)).toThrow(ValueError);
  });
});

describe('an area', () => {
  it('is drawn once and then updated under the same id', () => {
    inJupyter();
    const area = new DisplayArea();
    area.show({ 'text/plain': '1' });
    area.show({ 'text/plain': '2' });
    area.finish({ 'text/plain': '3' });
    expect(sent.map((s) => s.update)).toEqual([false, true, true]);
    expect(new Set(sent.map((s) => s.transient.display_id)).size).toBe(1);
    expect(sent[0].transient.display_id).toMatch(/^[0-9a-f]{16}$/);
    expect(console.log).not.toHaveBeenCalled();
  });
  it('stays under the cell that made it', () => {
    inJupyter();
    const first = sent;
    const area = new DisplayArea();
    inJupyter();
    area.show({ 'text/plain': 'x' });
    expect([first.length, sent.length]).toEqual([1, 0]);
  });
  it('prints only its last state outside Jupyter', () => {
    const area = new DisplayArea();
    area.show({ 'text/plain': '1' });
    expect(console.log).not.toHaveBeenCalled();
    area.finish({ 'text/plain': '2' });
    expect(console.log).toHaveBeenCalledExactlyOnceWith('2');
  });
});

describe('progress under a cell', () => {
  const event = {
    label: 'training',
    completed: 3,
    total: 10,
    elapsedSeconds: 3,
    remainingSeconds: 7,
    note: 'loss 0.1 <',
    finished: false,
    id: 1,
  };
  it('is a bar and a line with the time left, and in the end the line alone', () => {
    const running = progressBundle(event);
    expect(running['text/html']).toContain('<progress max="10" value="3"');
    expect(running['text/html']).toContain('7.0 s left');
    expect(running['text/html']).toContain('loss 0.1 &lt;');
    expect(running['text/plain']).toContain('3/10');
    const done = progressBundle({ ...event, completed: 10, remainingSeconds: 0, finished: true });
    expect(Object.keys(done)).toEqual(['text/plain']);
  });
  it('draws long work in place and quick work not at all', () => {
    inJupyter();
    vi.useFakeTimers({ toFake: ['performance'] });
    const stop = showProgress();
    const quick = progress(2, 'quick');
    quick.tick();
    quick.done();
    expect(sent).toHaveLength(0);
    const long = progress(4, 'long');
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(400);
      long.tick();
    }
    long.done();
    vi.useRealTimers();
    stop();
    expect(sent.map((s) => s.update)).toEqual([false, true, true, true]);
    expect(sent[0].data['text/plain']).toMatch(/^long {2}2\/4/);
    expect(Object.keys(sent[3].data)).toEqual(['text/plain']);
    const silent = vi.fn();
    const unsubscribe = onProgress(silent);
    progress(1, 'after').done();
    unsubscribe();
    expect(silent).toHaveBeenCalled();
    expect(sent).toHaveLength(4);
  });
});

describe('a table', () => {
  const rows = [
    { kernel: 'trNTK', tau: 0.758123, n: 1000 },
    { kernel: 'Em <b>', tau: -0.00001234, n: 12345 },
    { kernel: 'CK', tau: 12345.678, n: null },
  ];
  it('aligns numbers at the right, keeps four digits, and escapes', () => {
    const { 'text/html': html, 'text/plain': text } = tableBundle(rows, { caption: 'Surrogates & kernels' });
    expect(html).toContain('<td style="text-align:right">0.7581</td>');
    expect(html).toContain('<td style="text-align:left">Em &lt;b&gt;</td>');
    expect(html).toContain('−1.234e-5');
    expect(html).toContain('>12346<');
    expect(html).toContain('>12345<');
    expect(html).toContain('>–<');
    expect(html).toContain('Surrogates &amp; kernels');
    const lines = text.split('\n');
    expect(lines[1]).toBe('kernel        tau      n');
    expect(lines[3]).toBe('trNTK      0.7581   1000');
  });
  it('takes a DataFrame and a Series by what they have', () => {
    const frame = {
      columns: ['a', 'b'],
      values: [
        [1, 'x'],
        [2.5, 'y'],
      ],
      index: [0, 1],
      dtypes: ['float32', 'string'],
    };
    expect(tableBundle(frame)['text/plain'].split('\n')[3]).toBe('2.500  y');
    const named = { columns: ['count'], values: [3, 4], index: ['mean', 'max'], dtypes: ['int32'] };
    expect(tableBundle(named)['text/plain'].split('\n').slice(2)).toEqual(['mean      3', 'max       4']);
    expect(frameBundle(frame)?.['text/html']).toContain('<table>');
    expect(frameBundle({ columns: [], rows: 3 })).toBeUndefined();
    expect(frameBundle(null)).toBeUndefined();
    expect(frameBundle('text')).toBeUndefined();
  });
  it('shows real danfojs frames', async () => {
    const { DataFrame, Series } = await import('danfojs-node');
    const frame = new DataFrame([
      { kernel: 'trNTK', tau: 0.75 },
      { kernel: 'Em', tau: 0.5 },
    ]);
    expect(frameBundle(frame)?.['text/plain'].split('\n').slice(2)).toEqual([
      'trNTK   0.7500',
      'Em      0.5000',
    ]);
    expect(
      frameBundle(new Series([1, 2]))
        ?.['text/plain'].split('\n')
        .slice(2),
    ).toEqual(['1', '2']);
  });
  it('chooses columns, names an unknown one, and counts what it leaves out', () => {
    expect(tableBundle(rows, { columns: ['n', 'kernel'] })['text/plain'].split('\n')[0]).toBe(
      '    n  kernel',
    );
    expect(() => table(rows, { columns: ['tua'] })).toThrow(/some of kernel, tau, n, got tua/);
    const many = Array.from({ length: 100 }, (_, i) => ({ i }));
    const bundle = tableBundle(many, { limit: 10 });
    expect(bundle['text/plain']).toContain('… and 90 more of 100 rows');
    expect((bundle['text/html'] as string).match(/<tr>/g)).toHaveLength(12);
  });
  it('refuses what is no table', () => {
    expect(() => table(3 as never)).toThrow(/an array of row objects, or a danfojs DataFrame/);
    expect(() => table([{ n: 1 }, 2] as never)).toThrow(/row 1: expected an object.*got 2/);
    expect(() => table(rows, { digits: 0 })).toThrow(/digits.*1 or more, got 0/);
    expect(() => table(rows, { limit: -1 })).toThrow(/limit.*got -1/);
  });
});
