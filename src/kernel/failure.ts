/**
 * What an `error` output says: the name and the message of the error, and a traceback that shows the user's code
 * and the library, not the kernel, tslab or Node.
 */
import { inspect } from 'node:util';
import type { Diagnostic } from './compiler';

export interface Failure {
  ename: string;
  evalue: string;
  traceback: string[];
}

const INTERNAL =
  /^\s+at .*(node_modules[\\/](tslab|tsx)[\\/]|node:(internal|vm|events)|[\\/]src[\\/]kernel[\\/])/;

/** A cell's code in a stack: `cell-3.js:7:13`. The numbers are of the compiled code and would mislead. */
const CELL_FRAME = /\bcell-(\d+)\.js:\d+:\d+/g;

/** A thrown value, which need not be an Error. */
export function describeThrown(thrown: unknown): Failure {
  const isError = thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
  const text = inspect(thrown);
  return {
    ename: isError ? (thrown as Error).name : 'Thrown',
    evalue: isError ? (thrown as Error).message : text,
    traceback: text
      .split('\n')
      .filter((line) => !INTERNAL.test(line))
      .map((line) => line.replace(CELL_FRAME, 'cell $1')),
  };
}

/** The compiler's complaints about one cell, each as `line:column - message`. */
export function describeDiagnostics(diagnostics: readonly Diagnostic[]): Failure {
  const lines = diagnostics.map(({ fileName, start, messageText }) => {
    const where = `${start.line + 1}:${start.character + 1}`;
    return `${fileName ? `${fileName} ` : ''}${where} - ${messageText}`;
  });
  return { ename: 'TypeScriptError', evalue: lines.join('\n'), traceback: lines };
}

export const INTERRUPTED: Failure = {
  ename: 'Interrupted',
  evalue: 'The cell was interrupted.',
  traceback: ['Interrupted: The cell was interrupted.'],
};
