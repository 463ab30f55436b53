/**
 * How a value becomes an output: a MIME bundle, one representation for each kind of reader.
 *
 * A value says for itself how it is shown by a method `[Symbol.for('Jupyter.display')](): MimeBundle` (or a promise
 * of one), the convention of Deno's kernel, or by `toBundle()`, that of the library's charts and tables. A class that cannot be given one (a danfojs DataFrame) is shown by the
 * function which the library puts at `globalThis.__tslabMimeBundle`; it returns `undefined` for what it does not
 * know. Everything else is shown as Node's `inspect` prints it.
 */
import { inspect } from 'node:util';

export type MimeBundle = Record<string, unknown>;

/** Writes one output under the running cell; with `update` it replaces the one of the same `display_id`. */
export type DisplayWriter = (
  content: { data: MimeBundle; metadata: Record<string, unknown>; transient: { display_id?: string } },
  update?: boolean,
) => void;

/** What the kernel and the library share, without importing each other. */
export interface KernelGlobals {
  __tslabDisplay?: DisplayWriter;
  __tslabMimeBundle?: (value: unknown) => MimeBundle | undefined | Promise<MimeBundle | undefined>;
  /** Aborted when the user interrupts the running cell. */
  __tslabInterrupt?: AbortSignal;
}

type Show = () => MimeBundle | Promise<MimeBundle>;

const DISPLAY = Symbol.for('Jupyter.display');

const text = (value: unknown): string => (typeof value === 'string' ? value : inspect(value));

/** JSON has no bytes: a PNG travels as base64. */
function encode(bundle: MimeBundle): MimeBundle {
  return Object.fromEntries(
    Object.entries(bundle).map(([type, data]) => [
      type,
      data instanceof Uint8Array ? Buffer.from(data).toString('base64') : data,
    ]),
  );
}

/** The bundle of a cell's last value, always with `text/plain`. */
export async function mimeBundle(value: unknown): Promise<MimeBundle> {
  const { [DISPLAY]: display, toBundle } = value as { [DISPLAY]?: Show; toBundle?: Show };
  const own = display ?? toBundle;
  const bundle =
    typeof own === 'function'
      ? await own.call(value)
      : await (globalThis as KernelGlobals).__tslabMimeBundle?.(value);
  if (!bundle) return { 'text/plain': text(value) };
  return encode('text/plain' in bundle ? bundle : { ...bundle, 'text/plain': text(value) });
}
