/**
 * The main thread of the kernel: it runs the cells, one at a time, as the server asks for them.
 *
 * The kernel has two threads because a cell may keep its thread busy for hours. The server (server.ts, a worker)
 * holds the sockets: whatever a cell does, it answers heartbeats and interrupts, passes on what a running loop
 * prints, and ends the process when Jupyter is gone. The cells have the main thread, which native libraries and
 * `process.chdir` want.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { Cells } from './cells';
import { isCompleteCode } from './compiler';
import { type DisplayWriter, type KernelGlobals, mimeBundle } from './display';
import { describeThrown } from './failure';
import { inspectAt } from './inspection';
import type { ToServer, ToSession } from './messages';
import { Reloader } from './reload';
import type { Json } from './wire';

/** `import { display } from 'tslab'` works in cells, too: tslab's own display writes through this variable. */
const tslab = createRequire(import.meta.url)('tslab/dist/jupyter') as { lastWriteDisplayData: unknown };

const server = new Worker(path.join(import.meta.dirname, 'main.cjs'), { argv: process.argv.slice(2) });
const cells = new Cells();
const reloader = new Reloader();

interface Cell {
  id: string;
  silent: boolean;
}
/** The cell that runs or ran last. */
let current: Cell = { id: '', silent: true };
let busy = false;

const send = (message: ToServer): void => server.postMessage(message);

function publish({ id, silent }: Cell, kind: string, content: Json): void {
  if (!silent) send({ type: 'publish', id, kind, content });
}

/** The display writer of one cell: what keeps it draws under that cell, whichever runs then. */
const displayOf =
  (cell: Cell): DisplayWriter =>
  (content, update = false) =>
    publish(cell, update ? 'update_display_data' : 'display_data', { ...content });

/** Sends what is written to stdout or stderr to the notebook. */
function capture(name: 'stdout' | 'stderr'): void {
  const stream = process[name];
  const decoder = new TextDecoder();
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
    publish(current, 'stream', {
      name,
      text: typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }),
    });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') process.nextTick(callback as () => void);
    return true;
  }) as typeof stream.write;
  // The kernel inherits the terminal of JupyterLab; a notebook is none: no colours, no cursor movements.
  Object.defineProperty(stream, 'isTTY', { value: false });
}

type CellRequest = Extract<ToSession, { type: 'execute' }>;

async function execute({ code, count, id, silent }: CellRequest): Promise<Json> {
  const cell = { id, silent };
  current = cell;
  reloader.forgetChanged();
  tslab.lastWriteDisplayData = (globalThis as KernelGlobals).__tslabDisplay = displayOf(cell);
  try {
    const outcome = await cells.run(code, count, () => send({ type: 'running', id }));
    if (outcome.status === 'error') return { status: 'error', execution_count: count, ...outcome.failure };
    if (outcome.value !== undefined && outcome.value !== null) {
      const data = await mimeBundle(outcome.value);
      publish(cell, 'execute_result', { execution_count: count, data, metadata: {} });
    }
    return { status: 'ok', execution_count: count, payload: [], user_expressions: {} };
  } finally {
    reloader.forgetChanged(); // notes the times of the modules that this cell loaded
  }
}

function answer(request: ToSession): Json | Promise<Json> {
  switch (request.type) {
    case 'execute':
      return execute(request);
    case 'complete': {
      const { start, end, candidates } = cells.converter.complete(
        cells.declarations,
        request.code,
        request.cursor,
      );
      return { status: 'ok', matches: candidates, cursor_start: start, cursor_end: end, metadata: {} };
    }
    case 'inspect': {
      const info = inspectAt(cells.converter, cells.declarations, request.code, request.cursor);
      return { status: 'ok', found: info !== null, data: info ? { 'text/plain': info } : {}, metadata: {} };
    }
    case 'isComplete': {
      const { completed, indent } = isCompleteCode(request.code);
      return completed ? { status: 'complete' } : { status: 'incomplete', indent: indent ?? '' };
    }
    default:
      throw new Error(`no answer to ${request.type}`);
  }
}

async function handle(request: ToSession): Promise<void> {
  if (request.type === 'shutdown') process.exit(0);
  if (request.type === 'interrupt') {
    send({ type: 'heard', id: request.id });
    if (busy && request.id === current.id) cells.interrupt();
    return;
  }
  if (request.type === 'execute') busy = true;
  const content = await Promise.resolve()
    .then(() => answer(request))
    .catch((thrown): Json => ({ status: 'error', ...describeThrown(thrown) }));
  if (request.type === 'execute') busy = false;
  send({ type: 'reply', id: request.id, content });
}

// Stderr of the process (Jupyter's log) takes what concerns the kernel, not the reader: Node's warnings of
// experimental and deprecated features, the end of the server.
const log = process.stderr.write.bind(process.stderr);
process.removeAllListeners('warning');
process.on('warning', ({ name, message }) => log(`${name}: ${message}\n`));
server.on('error', (error) => {
  log(`The kernel's server ended: ${error.stack ?? error}\n`);
  process.exit(1);
});

// The last thing that process.exit does is to end the threads, and ZeroMQ's sockets cannot be ended in the midst of
// their work: they would abort the process, with a core dump. There is nothing left to lose, so go at once.
(process as unknown as { reallyExit: () => void }).reallyExit = () => process.kill(process.pid, 'SIGKILL');

// An error in a timer or a forgotten promise ends neither the notebook nor the kernel.
process.on('uncaughtException', (error) => console.error('Uncaught', error));
process.on('unhandledRejection', (reason) => console.error('Unhandled rejection', reason));
process.on('SIGINT', () => cells.interrupt());

capture('stdout');
capture('stderr');
server.on('message', handle);
send({ type: 'ready' });
