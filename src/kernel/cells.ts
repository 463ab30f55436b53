/**
 * Runs cells. A cell sees the variables of the cells before it through one `exports` object, as tslab's converter
 * compiles it: `const a = 1` becomes `exports.a = 1`, and a later `a` becomes `exports.a`; the converter also hands
 * back the declarations (`declare const a: number`) against which the next cell is checked.
 *
 * The code of a cell runs in a turn of the event loop of its own. Nothing awaits it there, so stopping that turn
 * from outside (server.ts does, when a cell loops without end) takes nothing of the kernel with it.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';
import { type Converter, createConverter } from './compiler';
import type { KernelGlobals } from './display';
import { type CellText, describeDiagnostics, describeThrown, type Failure, INTERRUPTED } from './failure';

export type Outcome = { status: 'ok'; value: unknown } | { status: 'error'; failure: Failure };

/** Where a cell finds the variables of the notebook and its `require`. */
const SCOPE = '__tslab__';

/** Node's word for a script that SIGINT stopped. */
const STOPPED_BY_SIGINT = 'ERR_SCRIPT_EXECUTION_INTERRUPTED';

/**
 * The variables of the notebook. An `import { x }` of a cell is compiled to a getter, which could not be declared
 * again by a later cell: it is stored as the value it has.
 */
function createScope(): Record<string, unknown> {
  const scope: Record<string, unknown> = {};
  return new Proxy(scope, {
    defineProperty: (_target, name, { get, value }) => {
      if (name !== '__esModule') scope[name as string] = get ? get() : value;
      return true;
    },
  });
}

export class Cells {
  readonly converter: Converter = createConverter();
  /** Declarations of the variables that exist by now. */
  declarations = '';
  private readonly scope = createScope();
  private readonly require = createRequire(path.join(process.cwd(), 'cell.ts'));
  private readonly texts = new Map<number, CellText>();
  private stop: (() => void) | null = null;

  /**
   * Compiles and runs one cell.
   * @param count the cell's number, which tracebacks show
   * @param starting called when the cell is compiled, just before its code runs
   */
  async run(code: string, count: number, starting: () => void): Promise<Outcome> {
    const abort = new AbortController();
    (globalThis as KernelGlobals).__tslabInterrupt = abort.signal;
    const interrupted = new Promise<Outcome>((resolve) => {
      this.stop = () => {
        resolve({ status: 'error', failure: INTERRUPTED });
        abort.abort(new Error(INTERRUPTED.evalue));
      };
    });
    try {
      const compiled = this.converter.convert(this.declarations, code);
      if (compiled.diagnostics.length > 0) {
        return { status: 'error', failure: describeDiagnostics(compiled.diagnostics) };
      }
      this.texts.set(count, { source: code, compiled: compiled.output ?? '' });
      const finished = new Promise<Outcome>((resolve) => {
        setImmediate(() => {
          if (abort.signal.aborted) return; // interrupted while the compiler worked
          starting();
          this.evaluate(compiled.output ?? '', compiled.hasToplevelAwait ?? false, count).then(resolve);
        });
      });
      const outcome = await Promise.race([interrupted, finished]);
      if (outcome.status === 'error') return outcome;
      this.declarations = compiled.declOutput ?? '';
      return { status: 'ok', value: this.take(compiled.lastExpressionVar) };
    } finally {
      this.stop = null;
    }
  }

  /** Ends the running cell's turn with `Interrupted`. What it awaited goes on unless it heeds the abort signal. */
  interrupt(): void {
    this.stop?.();
  }

  private async evaluate(javascript: string, isAsync: boolean, count: number): Promise<Outcome> {
    // Called inside the script, not on its result: only a running script is stopped by SIGINT.
    const wrapped = `(${isAsync ? 'async ' : ''}function (exports, require) { ${javascript}\n})(${SCOPE}.exports, ${SCOPE}.require)`;
    (globalThis as Record<string, unknown>)[SCOPE] = { exports: this.scope, require: this.require };
    try {
      await vm.runInThisContext(wrapped, {
        filename: `cell-${count}.js`,
        breakOnSigint: true,
        displayErrors: false,
      });
      return { status: 'ok', value: undefined };
    } catch (thrown) {
      const stopped = (thrown as NodeJS.ErrnoException | null)?.code === STOPPED_BY_SIGINT;
      return {
        status: 'error',
        failure: stopped ? INTERRUPTED : describeThrown(thrown, (n) => this.texts.get(n)),
      };
    }
  }

  private take(name: string | undefined): unknown {
    if (name === undefined) return undefined;
    const value = this.scope[name];
    delete this.scope[name];
    return value;
  }
}
