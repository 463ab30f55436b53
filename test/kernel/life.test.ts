import { execFile, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { Kernel, makeProject, root } from './client';

describe('an interrupt', () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await Kernel.start(root);
    await kernel.run('const kept = 7;');
  });
  afterAll(() => kernel?.stop());

  /** Tells the client, which presses the stop button then, that the cell runs. */
  const on = "console.log('on');";
  const interrupt = 'stream';

  test.each([
    ['a loop', `${on}\nwhile (true) {}`],
    ['an await', `${on}\nawait new Promise(() => {});`],
    ['a loop behind an await', `async function f() { await 0; ${on} while (true) {} }\nawait f();`],
    ['a loop in a timer', `await new Promise(() => setTimeout(() => { ${on} while (true) {} }, 20));`],
    [
      'one loop after another',
      `setInterval(() => { ${on} const t = Date.now(); while (Date.now() < t + 60_000) {} }, 10).unref();\nawait new Promise(() => {});`,
    ],
  ])('stops %s, and the variables are kept', async (_, code) => {
    const { reply, outputs } = await kernel.run(code, { interrupt });
    expect(reply).toMatchObject({ status: 'error', ename: 'Interrupted' });
    expect(outputs.map(({ type }) => type)).toEqual(['stream', 'error']);
    expect(await kernel.value('kept')).toBe('7');
  });

  test('that comes while the cell is still compiled keeps it from running', async () => {
    const { reply } = await kernel.run(
      "import { sep } from 'node:path';\n(globalThis as any).ran = sep;\nwhile (true) {}",
      { interrupt: 'execute_input' },
    );
    expect(reply.ename).toBe('Interrupted');
    expect(await kernel.value('(globalThis as any).ran')).toBe(undefined);
  });

  test('aborts the cells that wait', async () => {
    const runs = await kernel.runAll([`${on}\nawait new Promise(() => {});`, "'next'"], { interrupt });
    expect(runs.map(({ reply }) => reply.status)).toEqual(['error', 'aborted']);
  });

  test('tells awaited work by an abort signal that it may stop', async () => {
    await kernel.run(
      `(globalThis as any).told = 'no';\n(globalThis as any).__tslabInterrupt.addEventListener('abort', () => { (globalThis as any).told = 'yes'; });\n${on}\nawait new Promise(() => {});`,
      { interrupt },
    );
    expect(await kernel.value('(globalThis as any).told')).toBe('yes');
  });

  test('stops what the library computes for the cell, and the next cell runs', async () => {
    const { reply } = await kernel.run(
      `import { Matrix, dense, gradientDescent, meanSquaredError, network, random, train } from '#lib';
const seen = ((globalThis as any).seen = { epochs: 0, end: '' });
const net = network(2, [dense(1)]);
const data = { inputs: Matrix.zeros(20, 2), targets: Matrix.zeros(20, 1) };
const options = { loss: meanSquaredError, optimizer: gradientDescent({ rate: 0.1 }), epochs: 1e9 };
await train(net, net.init(random(0)), data, { ...options, onEpoch: () => { if (++seen.epochs === 100) ${on} } })
  .catch((error) => { seen.end = error.constructor.name; });`,
      { interrupt },
    );
    expect(reply.ename).toBe('Interrupted');
    const seen = '(globalThis as any).seen';
    expect(await kernel.value(`${seen}.end`)).toBe('TrainingInterrupted');
    const epochs = await kernel.value(`${seen}.epochs`);
    await kernel.run('await new Promise((r) => setTimeout(r, 100));');
    expect(await kernel.value(`${seen}.epochs`)).toBe(epochs);
  });

  test('of an idle kernel does nothing', async () => {
    expect(await kernel.ask('interrupt', {}, 'control')).toMatchObject({ status: 'ok' });
    expect(await kernel.value('kept')).toBe('7');
  });

  test('and the heartbeat are answered while a loop runs', async () => {
    const { reply } = await kernel.run(`${on}\nwhile (true) {}`, { interrupt });
    expect(reply.ename).toBe('Interrupted');
    expect(await kernel.alive()).toEqual({ kernel: true, heart: true });
  });
});

describe('a library that is edited', () => {
  const index = "export { answer } from './answer';\nexport { Steady } from './steady';\n";
  const answer = (value: number) => `export const answer = (): number => ${value};\n`;
  const steady =
    'export class Steady {}\n(globalThis as any).loads = ((globalThis as any).loads ?? 0) + 1;\n';
  let project: ReturnType<typeof makeProject>;
  let kernel: Kernel;
  const write = (file: string, text: string) =>
    writeFileSync(path.join(project.folder, 'src/lib', file), text);

  beforeAll(async () => {
    project = makeProject({
      'src/lib/index.ts': index,
      'src/lib/answer.ts': answer(1),
      'src/lib/steady.ts': steady,
      'notebooks/README.md': '',
    });
    kernel = await Kernel.start(path.join(project.folder, 'notebooks'));
    await kernel.run("import { answer, Steady } from '#lib';");
    expect(await kernel.value('answer()')).toBe('1');
    await kernel.run('const old = new Steady();');
  });
  afterAll(async () => {
    await kernel?.stop();
    project?.remove();
  });

  test('is loaded anew by the next import, not before', async () => {
    write('answer.ts', answer(2));
    expect(await kernel.value('answer()')).toBe('1');
    await kernel.run("import { answer } from '#lib';");
    expect(await kernel.value('answer()')).toBe('2');
  });

  test('keeps the modules that do not depend on the edit', async () => {
    await kernel.run("import { Steady } from '#lib';");
    expect(await kernel.value('old instanceof Steady')).toBe('true');
    expect(await kernel.value('(globalThis as any).loads')).toBe('1');
  });

  test('brings its new types', async () => {
    write('answer.ts', "export const answer = (who: string): string => who + '!';\n");
    await delay(500); // the compiler looks at the files a few times a second
    const { reply } = await kernel.run("import { answer } from '#lib';\nanswer()");
    expect(reply.evalue).toContain('Expected 1 arguments, but got 0');
    expect(await kernel.value("import { answer } from '#lib';\nanswer('you')")).toBe('you!');
  });

  test('finds a file that was not there before', async () => {
    const { reply } = await kernel.run("import { fresh } from './fresh';\nfresh");
    expect(reply.evalue).toContain("Cannot find module './fresh'");
    writeFileSync(path.join(project.folder, 'notebooks', 'fresh.ts'), 'export const fresh = 5;\n');
    write('answer.ts', answer(4));
    await delay(500);
    expect(await kernel.value("import { fresh } from './fresh';\nfresh")).toBe('5');
    expect(await kernel.value("import { answer } from '#lib';\nanswer()")).toBe('4');
  });

  test('says where it has an error, and works once that is mended', async () => {
    write('answer.ts', "throw new Error('half done');\n");
    const { reply } = await kernel.run("import * as lib from '#lib';\nlib");
    expect(reply.status).toBe('error');
    write('answer.ts', answer(3));
    await delay(500);
    expect(await kernel.value("import { answer } from '#lib';\nanswer()")).toBe('3');
  });
});

// Each needs a kernel of its own, and most of the time waits for it: all at once.
describe.concurrent('a kernel ends', () => {
  const start = async (onTestFinished: TestContext['onTestFinished']) => {
    const kernel = await Kernel.start(root);
    onTestFinished(() => {
      kernel.bridge.kill('SIGKILL');
    });
    return { kernel, pid: Number(await kernel.value('process.pid')) };
  };
  const isRunning = (pid: number) => {
    try {
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  };
  const gone = async (pid: number) => {
    for (let i = 0; i < 100 && isRunning(pid); i++) await delay(100);
    return !isRunning(pid);
  };

  test('when asked, with its exit handlers run', async ({ expect, onTestFinished }) => {
    const { kernel, pid } = await start(onTestFinished);
    const file = path.join(os.tmpdir(), `kernelbook-exit-${pid}`);
    await kernel.run(
      `import { writeFileSync } from 'node:fs';\nprocess.on('exit', () => writeFileSync(${JSON.stringify(file)}, 'bye'));`,
    );
    await kernel.stop();
    expect(isRunning(pid)).toBe(false);
    expect(spawnSync('cat', [file], { encoding: 'utf8' }).stdout).toBe('bye');
    rmSync(file);
  });

  test('when its owner is killed while it is idle', async ({ expect, onTestFinished }) => {
    const { kernel, pid } = await start(onTestFinished);
    kernel.bridge.kill('SIGKILL');
    expect(await gone(pid)).toBe(true);
  });

  test('when its owner is killed while a cell loops', async ({ expect, onTestFinished }) => {
    const { kernel, pid } = await start(onTestFinished);
    const looping = kernel
      .run('(async () => { await 0; while (true) {} })();\n1')
      .catch(() => 'the client ended');
    await delay(500);
    kernel.bridge.kill('SIGKILL');
    expect(await gone(pid)).toBe(true);
    expect(await looping).toBe('the client ended');
  });

  test('when native code crashes, which the owner sees', async ({ expect, onTestFinished }) => {
    const { kernel } = await start(onTestFinished);
    await expect(kernel.run("process.kill(process.pid, 'SIGSEGV');\nwhile (true) {}")).rejects.toThrow(
      'the kernel died',
    );
  });

  test('at once, without a core dump, when a cell calls process.exit', async ({ expect, onTestFinished }) => {
    const { kernel } = await start(onTestFinished);
    await expect(kernel.run('process.exit(3);')).rejects.toThrow('the kernel died');
    expect(kernel.stderr).not.toMatch(/Napi|terminate called/);
  });
});

test('a checkout whose packages are not installed says so', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'kernelbook-bare-'));
  cpSync(path.join(root, 'src', 'kernel'), path.join(folder, 'src', 'kernel'), { recursive: true });
  const main = path.join(folder, 'src', 'kernel', 'main.cjs');
  const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) =>
    execFile(process.execPath, [main, 'connection.json'], (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    ),
  );
  expect(code).toBe(1);
  expect(stderr).toContain(`the packages of ${folder} are not installed. Run "npm run lab"`);
  rmSync(folder, { recursive: true });
});
