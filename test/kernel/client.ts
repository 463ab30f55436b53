/** The kernel as a test sees it: a Jupyter client in Python (bridge.py), spoken to in JSON. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { venvPython } from '../../src/cli/setup.mjs';

export const root = path.resolve(import.meta.dirname, '..', '..');

export interface Output {
  type: string;
  name?: string;
  text?: string;
  data?: Record<string, unknown>;
  ename?: string;
  evalue?: string;
  traceback?: string[];
  [field: string]: unknown;
}

export interface CellRun {
  reply: { status: string; execution_count?: number; ename?: string; evalue?: string; traceback?: string[] };
  outputs: Output[];
  /** Everything that was published for the cell, by kind; states by their name. */
  order: string[];
}

export interface RunOptions {
  /** The user presses the stop button when the first message of this kind comes: when the cell prints, as a rule. */
  interrupt?: 'stream' | 'execute_input';
  stop_on_error?: boolean;
}

export class Kernel {
  private readonly pending: ((line: string) => void)[] = [];
  private log = '';

  private constructor(readonly bridge: ChildProcess) {
    createInterface({ input: bridge.stdout! }).on('line', (line) => this.pending.shift()?.(line));
    bridge.stderr?.on('data', (chunk) => {
      this.log += chunk;
    });
    bridge.on('exit', () => {
      for (const answer of this.pending) answer(JSON.stringify({ error: `the client ended: ${this.log}` }));
    });
  }

  /** Starts a kernel in a folder, as a notebook that lies there would. */
  static async start(cwd: string): Promise<Kernel> {
    const kernel = new Kernel(
      spawn(venvPython(root), ['-B', path.join(import.meta.dirname, 'bridge.py')], { stdio: 'pipe' }),
    );
    await kernel.call('start', { cwd });
    return kernel;
  }

  // biome-ignore lint/suspicious/noExplicitAny: JSON, which each caller knows
  private async call(op: string, parameters: object = {}): Promise<any> {
    const line = await new Promise<string>((resolve) => {
      this.pending.push(resolve);
      this.bridge.stdin?.write(`${JSON.stringify({ op, ...parameters })}\n`);
    });
    const { answer, error } = JSON.parse(line);
    if (error) throw new Error(`${error}\n${this.log}`);
    return answer;
  }

  /** Sends the cells all at once. */
  runAll(codes: string[], options: RunOptions = {}): Promise<CellRun[]> {
    return this.call('run', { codes, ...options });
  }

  async run(code: string, options: RunOptions = {}): Promise<CellRun> {
    return (await this.runAll([code], options))[0];
  }

  /** The text of a cell's value. */
  async value(code: string): Promise<unknown> {
    const { reply, outputs } = await this.run(code);
    if (reply.status !== 'ok') throw new Error(`${code}: ${reply.ename}: ${reply.evalue}`);
    return outputs.find(({ type }) => type === 'execute_result')?.data?.['text/plain'];
  }

  // biome-ignore lint/suspicious/noExplicitAny: JSON, which the test checks
  ask(kind: string, content: object = {}, channel: 'shell' | 'control' = 'shell'): Promise<any> {
    return this.call('ask', { kind, content, channel });
  }

  tell(kind: string, content: object): Promise<Output[]> {
    return this.call('tell', { kind, content });
  }

  late(seconds: number): Promise<Output[]> {
    return this.call('late', { seconds });
  }

  alive(): Promise<{ kernel: boolean; heart: boolean }> {
    return this.call('alive');
  }

  async stop(): Promise<void> {
    await this.call('stop');
    this.bridge.kill();
  }

  /** What the kernel wrote to Jupyter's log. */
  get stderr(): string {
    return this.log;
  }
}

/**
 * A folder like the repository, with a library of its own, so that a test may edit it.
 * @param files contents by path, `src/lib/index.ts` …
 */
export function makeProject(files: Record<string, string>): { folder: string; remove: () => void } {
  const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'kernelbook-test-')));
  const packageJson = JSON.stringify({ type: 'module', imports: { '#lib': './src/lib/index.ts' } });
  for (const [file, text] of Object.entries({ 'package.json': packageJson, ...files })) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  }
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export const stdout = ({ outputs }: CellRun): string =>
  outputs
    .filter(({ type, name }) => type === 'stream' && name === 'stdout')
    .map(({ text }) => text)
    .join('');
