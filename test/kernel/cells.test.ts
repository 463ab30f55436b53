import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Kernel, root, stdout } from './client';

// A folder deeper than notebooks/, inside the repository: #lib is found from anywhere.
const folder = path.join(root, '.cache', `test-cells-${process.pid}`, 'deeper');
let kernel: Kernel;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  kernel = await Kernel.start(folder);
});
afterAll(async () => {
  await kernel?.stop();
  rmSync(path.dirname(folder), { recursive: true, force: true });
});

describe('a cell', () => {
  test('imports the library by #lib from any folder, with its types', async () => {
    const { reply } = await kernel.run("import { Matrix } from '#lib';\nconst m = Matrix.zeros(2, 3);");
    expect(reply).toMatchObject({ status: 'ok' });
    expect(await kernel.value('m.rows * m.cols')).toBe('6');
    const wrong = await kernel.run('m.nothing');
    expect(wrong.reply.ename).toBe('TypeScriptError');
    expect(wrong.reply.evalue).toContain("Property 'nothing' does not exist on type 'Matrix");
  });

  test('sends the value of its last expression as execute_result, numbered', async () => {
    const { reply, outputs } = await kernel.run('const nine = 9;\nnine + 1');
    const count = reply.execution_count;
    expect(outputs).toEqual([
      { type: 'execute_result', execution_count: count, data: { 'text/plain': '10' }, metadata: {} },
    ]);
    expect((await kernel.run('nine')).reply.execution_count).toBe((count ?? 0) + 1);
  });

  test('without a value has no result', async () => {
    expect((await kernel.run('undefined')).outputs).toEqual([]);
    expect((await kernel.run('const quiet = 1;')).outputs).toEqual([]);
  });

  test('may await, and a later cell sees what it declared', async () => {
    await kernel.run('const slow = await new Promise<number>((r) => setTimeout(() => r(42), 20));');
    expect(await kernel.value('slow')).toBe('42');
  });

  test('may declare a name again, with another type', async () => {
    await kernel.run('const again = 1;');
    await kernel.run("const again = 'one';");
    expect(await kernel.value('again.toUpperCase()')).toBe('ONE');
  });

  test('sees earlier variables wherever they stand', async () => {
    await kernel.run('const seeds = [1, 2];\nlet total = 3;');
    const value = async (code: string, expected: string) => expect(await kernel.value(code)).toBe(expected);
    await value('const o = { seeds, total };\no', '{ seeds: [ 1, 2 ], total: 3 }');
    await value('seeds.map((s) => ({ s, total }))', '[ { s: 1, total: 3 }, { s: 2, total: 3 } ]');
    await value(
      'function make() { const seeds = 0; return { seeds, total }; }\nmake()',
      '{ seeds: 0, total: 3 }',
    );
    await value('({ total } = { total: 4 });\ntotal', '4');
    await value(
      'let other: number | undefined;\n({ other, total = 5 } = { other: 1 } as { other: number; total?: number });\ntotal + other',
      '6',
    );
    await value(
      "import { Matrix as M, eigh } from '#lib';\nconst tools = { eigh };\ntypeof tools.eigh",
      'function',
    );
    await value('const again2 = { eigh };\ntypeof again2.eigh', 'function');
    await value('[`total`, ...seeds].join() + { total }.total', 'total,1,25');
  });

  test('takes values apart under other names, in the shape of a type of an earlier cell', async () => {
    await kernel.run(
      [
        'interface Part { p: number; q?: number }',
        'const part: Part = { p: 1 };',
        'const list: Part[] = [part, { p: 2, q: 3 }];',
        "const whole = async () => ({ a: 1, deep: { pair: [2, 3], more: 4, 'two words': 5 }, list });",
        "const which = 'more' as const;",
        'const otherwise = 9;',
        'let kept = 0;',
      ].join('\n'),
    );
    const value = async (code: string, expected: string) => expect(await kernel.value(code)).toBe(expected);
    await value('const { a: one } = await whole();\none', '1');
    await value('const { p: one2 } = part;\none2', '1');
    await value(
      'const { deep: { pair: [two, three = otherwise, nine = otherwise], ...rest } } = await whole();\n[two, three, nine, rest.more]',
      '[ 2, 3, 9, 4 ]',
    );
    await value(
      "const { [which]: four, 'two words': five } = (await whole()).deep;\n[four, five]",
      '[ 4, 5 ]',
    );
    await value('const { q: none = otherwise, ...left } = part;\n[none, left.p]', '[ 9, 1 ]');
    await value(
      'const sum = ({ p: x, q: y = otherwise }: Part) => x + y + otherwise;\nlist.map(sum)',
      '[ 19, 14 ]',
    );
    await value('let total2 = 0;\nfor (const { p: x } of list) total2 += x;\ntotal2', '3');
    await value('({ a: kept, deep: { pair: [, kept] } } = await whole());\nkept', '3');
  });

  test('may loop over what is awaited', async () => {
    const run = await kernel.run('for await (const x of [1, Promise.resolve(2)]) console.log(x);');
    expect(stdout(run)).toBe('1\n2\n');
  });

  test('is checked strictly, and does not run when it fails the check', async () => {
    const { reply, outputs } = await kernel.run("console.log('ran');\nconst z: string = null;");
    expect(outputs.map(({ type }) => type)).toEqual(['error']);
    expect(reply).toMatchObject({ status: 'error', ename: 'TypeScriptError' });
    expect(reply.evalue).toBe("2:7 - Type 'null' is not assignable to type 'string'.");
  });

  test('prints to stdout and stderr, in order, without colours', async () => {
    const { outputs } = await kernel.run(
      "console.log('a', { b: 1 });\nconsole.error('c');\nconsole.log('d');",
    );
    expect(outputs.map(({ name, text }) => [name, text])).toEqual([
      ['stdout', 'a { b: 1 }\n'],
      ['stderr', 'c\n'],
      ['stdout', 'd\n'],
    ]);
  });

  test('that prints in a loop is heard in full, in few messages', async () => {
    const run = await kernel.run('for (let i = 0; i < 20_000; i++) console.log(i);');
    expect(stdout(run)).toBe(Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(''));
    expect(run.outputs.length).toBeLessThan(1000);
  });

  test('sees no warning of Node about experimental or deprecated features', async () => {
    const { outputs } = await kernel.run(
      "process.emitWarning('soon gone', 'DeprecationWarning');\nprocess.emitWarning('new', 'ExperimentalWarning');\nnew Buffer(1).length",
    );
    expect(outputs.map(({ type }) => type)).toEqual(['execute_result']);
    expect(kernel.stderr).toContain('DeprecationWarning: soon gone');
  });
});

describe('an error', () => {
  test.each([
    ['a syntax error', 'let x = ;', 'TypeScriptError', /Expression expected/],
    ['a thrown error', "throw new TypeError('bad')", 'TypeError', /^bad$/],
    ['a rejected promise', "await Promise.reject(new RangeError('late'))", 'RangeError', /^late$/],
    ['a thrown object', 'throw { a: 1 }', 'Thrown', /\{ a: 1 \}/],
    ['nothing thrown', 'throw undefined', 'Thrown', /undefined/],
  ])('of the kind “%s” gives a complete reply and one error output', async (_, code, ename, evalue) => {
    const { reply, outputs } = await kernel.run(code);
    expect(reply).toMatchObject({ status: 'error', ename, evalue: expect.stringMatching(evalue) });
    expect(reply.traceback?.length).toBeGreaterThan(0);
    expect(outputs).toEqual([
      { type: 'error', ename: reply.ename, evalue: reply.evalue, traceback: reply.traceback },
    ]);
    expect(await kernel.value('1 + 1')).toBe('2');
  });

  test('shows the cells and functions it passed, not the kernel', async () => {
    const { reply: first } = await kernel.run("function inner() {\n  throw new Error('deep');\n}");
    const { reply } = await kernel.run('inner()');
    const text = reply.traceback?.join('\n');
    expect(text).toContain(`at inner (cell ${first.execution_count}, line 2)`);
    expect(text).toContain(`at cell ${reply.execution_count}, line 1`);
    expect(text).not.toMatch(/node_modules|src\/kernel|node:internal|evalmachine/);
  });

  test('lists all the type errors of a cell', async () => {
    const { reply } = await kernel.run('const p: number = true;\nconst q: string = 1;');
    expect(reply.traceback).toHaveLength(2);
  });

  test('aborts the cells that were sent with it, and no later ones', async () => {
    const [failing, second, third] = await kernel.runAll(["throw new Error('stop')", '1', '2']);
    expect([failing, second, third].map(({ reply }) => reply.status)).toEqual([
      'error',
      'aborted',
      'aborted',
    ]);
    expect(second.outputs).toEqual([]);
    expect(second.reply).toEqual({ status: 'aborted' }); // no number: the cell did not run
    expect(await kernel.value('3')).toBe('3');
  });

  test('aborts nothing when the client says so', async () => {
    const runs = await kernel.runAll(["throw new Error('go on')", '1'], { stop_on_error: false });
    expect(runs.map(({ reply }) => reply.status)).toEqual(['error', 'ok']);
  });

  test('in a timer or a forgotten promise is told, and the kernel lives', async () => {
    const run = await kernel.run(
      "setTimeout(() => { throw new Error('timer'); }, 1);\nPromise.reject(new Error('forgotten'));\nawait new Promise((r) => setTimeout(r, 100));",
    );
    const text = run.outputs.map(({ text }) => text).join('');
    expect(run.reply.status).toBe('ok');
    expect(text).toContain('Error: timer');
    expect(text).toContain('Error: forgotten');
  });
});

describe('cells that are sent all at once', () => {
  test('run in order, each with its own outputs between busy and idle', async () => {
    const codes = [0, 1, 2, 3].map(
      (i) =>
        `await new Promise((r) => setTimeout(r, ${40 - 10 * i}));\nconsole.log('out ${i}');\n'value ${i}'`,
    );
    const runs = await kernel.runAll(codes);
    runs.forEach(({ outputs, order }, i) => {
      expect(outputs.map(({ text, data }) => text ?? data?.['text/plain'])).toEqual([
        `out ${i}\n`,
        `value ${i}`,
      ]);
      expect(order).toEqual(['busy', 'execute_input', 'stream', 'execute_result', 'idle']);
    });
  });
});

describe('a display', () => {
  test('of an object with Symbol.for("Jupyter.display") is its bundle, bytes as base64', async () => {
    const { outputs } = await kernel.run(
      "({ [Symbol.for('Jupyter.display')]: async () => ({ 'text/html': '<b>x</b>', 'image/png': new Uint8Array([1, 2, 3]) }) })",
    );
    expect(outputs[0].data).toMatchObject({ 'text/html': '<b>x</b>', 'image/png': 'AQID' });
    expect(outputs[0].data).toHaveProperty(['text/plain']);
  });

  test('of an object with toBundle() is its bundle', async () => {
    const { outputs } = await kernel.run(
      "({ toBundle: () => ({ 'text/plain': 'short', 'text/html': '<i>s</i>' }) })",
    );
    expect(outputs[0].data).toEqual({ 'text/plain': 'short', 'text/html': '<i>s</i>' });
  });

  test('of a foreign object is what the registered function makes of it', async () => {
    await kernel.run(
      "(globalThis as any).__tslabMimeBundle = (v: unknown) => v instanceof Date ? { 'text/plain': 'a day' } : undefined;",
    );
    expect(await kernel.value('new Date(0)')).toBe('a day');
    expect(await kernel.value('[1, 2]')).toBe('[ 1, 2 ]');
    await kernel.run('(globalThis as any).__tslabMimeBundle = undefined;');
  });

  test('can be written and updated, and stays with the cell that made it', async () => {
    const first = await kernel.run(
      "const write = (globalThis as any).__tslabDisplay;\nwrite({ data: { 'text/plain': '1' }, metadata: {}, transient: { display_id: 'd' } });",
    );
    expect(first.outputs).toMatchObject([{ type: 'display_data', transient: { display_id: 'd' } }]);
    const second = await kernel.run(
      "write({ data: { 'text/plain': '2' }, metadata: {}, transient: { display_id: 'd' } }, true);\nawait new Promise((r) => setTimeout(r, 50));",
    );
    expect(second.outputs).toEqual([]); // it went to the first cell
  });

  test("through tslab's own module works too", async () => {
    const { outputs } = await kernel.run("import { display } from 'tslab';\ndisplay.html('<p>hi</p>');");
    expect(outputs).toMatchObject([{ type: 'display_data', data: { 'text/html': '<p>hi</p>' } }]);
  });

  test('after the cell is done comes under that cell', async () => {
    await kernel.run("setTimeout(() => console.log('late'), 150);");
    expect(await kernel.late(1)).toMatchObject([{ type: 'stream', text: 'late\n' }]);
  });
});

describe('the user', () => {
  test('gets completions from the types of the library', async () => {
    await kernel.run("import { Matrix } from '#lib';\nconst known = Matrix.zeros(2, 2);");
    const code = 'known.ro';
    const { type, matches, cursor_start, cursor_end } = await kernel.ask('complete', {
      code,
      cursor_pos: code.length,
    });
    expect(type).toBe('complete_reply');
    expect(matches).toContain('rows');
    expect([cursor_start, cursor_end]).toEqual([6, 8]);
  });

  test('gets completions behind characters outside the basic plane', async () => {
    const code = "'𝕏'; known.ro";
    const { matches, cursor_start, cursor_end } = await kernel.ask('complete', {
      code,
      cursor_pos: [...code].length,
    });
    expect(matches).toContain('rows');
    expect([...code].slice(cursor_start, cursor_end).join('')).toBe('ro');
  });

  test.each([
    ['on the name', 10],
    ['behind the name', 12],
    ['behind the parenthesis', 13],
  ])('sees signature and comment with the cursor %s', async (_, cursor_pos) => {
    await kernel.run('/** Twice as much. */\nfunction double(x: number): number { return 2 * x; }');
    const { found, data } = await kernel.ask('inspect', { code: 'a = () => double(1)'.slice(4), cursor_pos });
    expect(found).toBe(true);
    expect(data['text/plain']).toContain('function double(x: number): number');
    expect(data['text/plain']).toContain('Twice as much.');
  });

  test('sees nothing where nothing is', async () => {
    expect(await kernel.ask('inspect', { code: '   ', cursor_pos: 1 })).toMatchObject({ found: false });
  });

  test('is told whether a line is complete', async () => {
    expect(await kernel.ask('is_complete', { code: 'const f = () => {' })).toMatchObject({
      status: 'incomplete',
      indent: '  ',
    });
    expect(await kernel.ask('is_complete', { code: 'const f = 1;' })).toMatchObject({ status: 'complete' });
  });
});

describe('the protocol', () => {
  test('kernel_info names language and version, on both channels', async () => {
    for (const channel of ['shell', 'control'] as const) {
      const info = await kernel.ask('kernel_info', {}, channel);
      expect(info).toMatchObject({ type: 'kernel_info_reply', status: 'ok', protocol_version: '5.3' });
      expect(info.language_info).toMatchObject({ name: 'typescript', file_extension: '.ts' });
      expect(info.language_info.version).toMatch(/^5\.\d+\.\d+$/);
    }
  });

  test('history and comms are answered, and empty', async () => {
    expect(await kernel.ask('history', { hist_access_type: 'tail' })).toMatchObject({
      type: 'history_reply',
      history: [],
    });
    expect(await kernel.ask('comm_info')).toMatchObject({ type: 'comm_info_reply', comms: {} });
    expect(await kernel.tell('comm_open', { comm_id: 'c', target_name: 't', data: {} })).toEqual([
      { type: 'comm_close', comm_id: 'c', data: {} },
    ]);
    expect(await kernel.tell('comm_msg', { comm_id: 'c', data: {} })).toEqual([]);
  });

  test('a message that it does not know leaves the cells clean', async () => {
    expect(await kernel.tell('unheard_request', {})).toEqual([]);
  });
});
