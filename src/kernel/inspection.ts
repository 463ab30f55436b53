/** What JupyterLab shows on Shift-Tab: the signature at the cursor and its doc comment. */
import { createRequire } from 'node:module';
import type { Converter } from './compiler';

const require = createRequire(import.meta.url);
const { printQuickInfo } = require('tslab/dist/inspect') as typeof import('tslab/dist/inspect');

/** The text for the name at `cursor`, or just before it; `null` where there is none. */
export function inspectAt(
  converter: Converter,
  declarations: string,
  code: string,
  cursor: number,
): string | null {
  // With the cursor behind a name, or behind its opening parenthesis, that name is meant.
  const before = code.slice(0, cursor).replace(/[(\s]+$/, '').length;
  for (const position of new Set([cursor, before, before - 1])) {
    if (position < 0) continue;
    const info = converter.inspect(declarations, code, position);
    if (info) return printQuickInfo(info);
  }
  return null;
}
