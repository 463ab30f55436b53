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

/** A cell's code in a stack: `cell-3.js:7:13`. The line is of the compiled code. */
const CELL_FRAME = /\bcell-(\d+)\.js:(\d+):\d+/g;

/** The text of one cell, as written and as compiled. */
export interface CellText {
  source: string;
  compiled: string;
}

/** A line without what the compiler does to it: `(0, lib_1.f)(exports.x);` and `f(x)` are the same. */
const essence = (line: string): string =>
  line
    .replace(/\(0, ([\w.]+)\)/g, '$1')
    .replace(/\bexports\.tsLastExpr\d* = |\bexports\.|\b\w+_\d+\.|[\s;]/g, '');

/** The line of the source that became a line of the compiled code, counted from 1; `null` if that is not certain. */
function sourceLine({ source, compiled }: CellText, line: number): number | null {
  const wanted = essence(compiled.split('\n')[line - 1] ?? '');
  const found = source.split('\n').flatMap((text, i) => (essence(text) === wanted ? [i + 1] : []));
  return wanted !== '' && found.length === 1 ? found[0] : null;
}

/**
 * A thrown value, which need not be an Error.
 * @param cellText the text of a cell by its number, for the line numbers of the traceback
 */
export function describeThrown(thrown: unknown, cellText?: (count: number) => CellText | undefined): Failure {
  const isError = thrown instanceof Error || Object.prototype.toString.call(thrown) === '[object Error]';
  // A SyntaxError begins with the line of compiled code that it is about.
  const text = inspect(thrown).replace(/^cell-\d+\.js:\d+\n[\s\S]*?\n\n(?=SyntaxError)/, '');
  const place = (_: string, count: string, line: string) => {
    const cell = cellText?.(Number(count));
    const at = cell && sourceLine(cell, Number(line));
    return at ? `cell ${count}, line ${at}` : `cell ${count}`;
  };
  return {
    ename: isError ? (thrown as Error).name : 'Thrown',
    evalue: isError ? (thrown as Error).message : text,
    traceback: text
      .split('\n')
      .filter((line) => !INTERNAL.test(line))
      .map((line) => line.replace(CELL_FRAME, place).replace(/^(\s+at )Proxy\./, '$1'))
      .filter((line, i, lines) => line !== lines[i - 1]), // the function that wraps a cell is in that cell, too
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
