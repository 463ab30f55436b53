/**
 * The worker thread of the kernel: Jupyter's five sockets, and the queue of requests.
 *
 * Requests of the shell channel are answered in order, one at a time, each between its own `busy` and `idle`. When
 * a cell fails, the cells that wait behind it are aborted. The control channel (interrupt, shutdown) never waits.
 * What a client may ask: https://jupyter-client.readthedocs.io/en/stable/messaging.html.
 */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { Publisher, Reply, Router } from 'zeromq';
import type { ToServer, ToSession } from './messages';
import { typescriptVersion } from './version';
import { type Json, type Message, Wire } from './wire';

/** How long a cell may stay deaf to an interrupt before its code is stopped from outside, in ms. */
const DEAF = 300;
/** How long cells may still arrive after one failed and count as sent before, in ms. */
const GRACE = 50;
/** Streams are collected for so long, in ms: a loop that prints would flood the browser with messages. */
const FLUSH = 20;
/** How long the main thread may take to leave, in ms. */
const FAREWELL = 1000;
const OWNER_CHECK = 1000;

interface Connection {
  transport: string;
  ip: string;
  key: string;
  shell_port: number;
  control_port: number;
  stdin_port: number;
  iopub_port: number;
  hb_port: number;
}

const port = parentPort;
if (!port) throw new Error('server.ts runs in a worker of session.ts');
const toSession = (message: ToSession): void => port.postMessage(message);

/** What the session works at. */
interface Task {
  id: string;
  /** Whether the code of a cell runs, not the compiler: only that may be stopped from outside. */
  running: boolean;
  settle: (content: Json) => void;
}

class Server {
  private readonly wire: Wire;
  private readonly iopub = new Publisher({ sendHighWaterMark: 0, linger: 500 });
  private readonly shell = new Router({ sendHighWaterMark: 0, linger: 500 });
  private readonly control = new Router({ sendHighWaterMark: 0, linger: 500 });
  private readonly stdin = new Router();
  private readonly heartbeat = new Reply();

  private readonly queue: Message[] = [];
  private working = false;
  private count = 0;
  private current: Task | null = null;
  /** Cells by id, so that late output finds its cell. */
  private readonly parents = new Map<string, Message>();
  private lastHeard = 0;
  private stream: { id: string; name: string; text: string } | null = null;

  constructor(private readonly connection: Connection) {
    this.wire = new Wire(connection.key);
  }

  async start(): Promise<void> {
    const { transport, ip } = this.connection;
    const bind = (socket: Publisher | Router | Reply, at: number) =>
      socket.bind(`${transport}://${ip}:${at}`);
    await Promise.all([
      bind(this.iopub, this.connection.iopub_port),
      bind(this.shell, this.connection.shell_port),
      bind(this.control, this.connection.control_port),
      bind(this.stdin, this.connection.stdin_port),
      bind(this.heartbeat, this.connection.hb_port),
    ]);
    this.listen(this.shell, (message) => {
      this.queue.push(message);
      void this.work();
    });
    this.listen(this.control, (message) => void this.handleControl(message));
    void this.beat();
    this.publish('status', { execution_state: 'starting' }, null);
  }

  private async beat(): Promise<void> {
    for await (const frames of this.heartbeat) await this.heartbeat.send(frames);
  }

  private async listen(socket: Router, handle: (message: Message) => void): Promise<void> {
    for await (const frames of socket) {
      try {
        handle(this.wire.read(frames));
      } catch (error) {
        console.error(`Ignored a message: ${error}`);
      }
    }
  }

  // --- sending

  private readonly sending = new Map<Publisher | Router, Promise<void>>();

  /** ZeroMQ takes one message at a time. */
  private send(socket: Publisher | Router, frames: (Buffer | string)[]): void {
    const previous = this.sending.get(socket) ?? Promise.resolve();
    this.sending.set(
      socket,
      previous.then(() => socket.send(frames)).catch((error) => console.error(`Not sent: ${error}`)),
    );
  }

  private publish(kind: string, content: Json, parent: Message | null): void {
    const message = parent && { ...parent, identities: [] };
    const frames = this.wire.write(kind, content, message);
    this.send(this.iopub, [kind, ...frames]);
  }

  private reply(socket: Router, request: Message, content: Json): void {
    this.send(
      socket,
      this.wire.write(request.header.msg_type.replace(/_request$/, '_reply'), content, request),
    );
  }

  /** Collects consecutive text of one stream; anything else that is published comes after it. */
  private publishOf(id: string, kind: string, content: Json): void {
    const { stream } = this;
    if (kind === 'stream' && stream && stream.id === id && stream.name === content.name) {
      stream.text += content.text;
      return;
    }
    this.flush();
    if (kind === 'stream') {
      this.stream = { id, name: content.name as string, text: content.text as string };
      setTimeout(() => this.flush(), FLUSH);
    } else {
      this.publish(kind, content, this.parents.get(id) ?? null);
    }
  }

  private flush(): void {
    if (!this.stream) return;
    const { id, name, text } = this.stream;
    this.stream = null;
    this.publish('stream', { name, text }, this.parents.get(id) ?? null);
  }

  // --- the shell channel

  private async work(): Promise<void> {
    if (this.working) return;
    this.working = true;
    for (let request = this.queue.shift(); request; request = this.queue.shift()) {
      await this.answer(this.shell, request, (content) => this.handleShell(content));
    }
    this.working = false;
  }

  private async answer(
    socket: Router,
    request: Message,
    handle: (request: Message) => Json | null | Promise<Json | null>,
  ): Promise<void> {
    this.publish('status', { execution_state: 'busy' }, request);
    const content = await handle(request);
    const waiting = isFailedCell(request, content) ? await this.cellsSentTogether() : [];
    this.flush();
    if (content) this.reply(socket, request, content);
    this.publish('status', { execution_state: 'idle' }, request);
    for (const cell of waiting) {
      await this.answer(this.shell, cell, () => ({ status: 'aborted' }));
    }
  }

  /** `null`: no reply (comm messages have none; an unknown message gets none). */
  private handleShell(request: Message): Json | null | Promise<Json> {
    const { content } = request;
    const id = request.header.msg_id;
    const code = String(content.code ?? '');
    const cursor = Number(content.cursor_pos ?? code.length);
    switch (request.header.msg_type) {
      case 'execute_request':
        return this.execute(request);
      case 'complete_request':
        return this.complete(id, code, cursor);
      case 'inspect_request':
        return this.ask({ type: 'inspect', id, code, cursor: toUtf16(code, cursor) });
      case 'is_complete_request':
        return this.ask({ type: 'isComplete', id, code });
      case 'kernel_info_request':
        return kernelInfo();
      case 'comm_info_request':
        return { status: 'ok', comms: {} };
      case 'history_request':
        return { status: 'ok', history: [] };
      case 'shutdown_request':
        return this.shutdown(request);
      case 'comm_open': // no comms here: the protocol's answer is to close them
        this.publish('comm_close', { comm_id: content.comm_id, data: {} }, request);
        return null;
      default:
        return null;
    }
  }

  private ask(message: ToSession & { id: string }): Promise<Json> {
    return new Promise((settle) => {
      this.current = { id: message.id, running: false, settle };
      toSession(message);
    });
  }

  private async complete(id: string, code: string, cursor: number): Promise<Json> {
    const reply = await this.ask({ type: 'complete', id, code, cursor: toUtf16(code, cursor) });
    if (reply.status !== 'ok') return reply;
    const { cursor_start, cursor_end } = reply as { cursor_start: number; cursor_end: number };
    return {
      ...reply,
      cursor_start: toCharacters(code, cursor_start),
      cursor_end: toCharacters(code, cursor_end),
    };
  }

  private async execute(request: Message): Promise<Json> {
    const id = request.header.msg_id;
    const code = String(request.content.code ?? '');
    const silent = request.content.silent === true;
    if (!silent && request.content.store_history !== false) this.count += 1;
    const count = this.count;
    this.remember(request);
    if (!silent) this.publish('execute_input', { code, execution_count: count }, request);
    const content = await this.ask({ type: 'execute', id, code, count, silent });
    if (content.status === 'error' && !silent) {
      const { ename, evalue, traceback } = content;
      this.flush();
      this.publish('error', { ename, evalue, traceback }, request);
    }
    return content;
  }

  private remember(request: Message): void {
    this.parents.set(request.header.msg_id, request);
    for (const id of [...this.parents.keys()].slice(0, -50)) this.parents.delete(id);
  }

  /** Takes the cells out of the queue that a client sent without waiting for the failed one. */
  private async cellsSentTogether(): Promise<Message[]> {
    await delay(GRACE);
    const isCell = ({ header }: Message) => header.msg_type === 'execute_request';
    const cells = this.queue.filter(isCell);
    this.queue.splice(0, this.queue.length, ...this.queue.filter((request) => !isCell(request)));
    return cells;
  }

  // --- the session's side

  receive(message: ToServer): void {
    switch (message.type) {
      case 'running':
        if (this.current?.id === message.id) this.current.running = true;
        break;
      case 'heard':
        this.lastHeard = performance.now();
        break;
      case 'publish':
        this.publishOf(message.id, message.kind, message.content);
        break;
      case 'reply': {
        const { current } = this;
        if (current?.id !== message.id) break;
        this.current = null;
        current.settle(message.content);
      }
    }
  }

  // --- the control channel

  private async handleControl(request: Message): Promise<void> {
    await this.answer(this.control, request, ({ header }) => {
      switch (header.msg_type) {
        case 'interrupt_request':
          void this.interrupt();
          return { status: 'ok' };
        case 'shutdown_request':
          return this.shutdown(request);
        case 'kernel_info_request':
          return kernelInfo();
        default:
          return null;
      }
    });
  }

  /**
   * Stops the running cell. An `await` is left at once, and SIGINT breaks a loop at the top of a cell. A loop that
   * keeps the thread from hearing either (one that runs behind an `await`) is stopped through the inspector.
   */
  private async interrupt(): Promise<void> {
    const { current } = this;
    if (!current) return;
    if (process.platform !== 'win32') process.kill(process.pid, 'SIGINT');
    while (this.current === current) {
      const asked = performance.now();
      toSession({ type: 'interrupt', id: current.id });
      await delay(DEAF);
      const deaf = this.current === current && current.running && this.lastHeard < asked;
      if (deaf) await terminateExecution();
    }
  }

  /** Replies, then lets the session run its exit handlers; a session that is busy is not waited for. */
  private shutdown(request: Message): Json {
    setTimeout(() => toSession({ type: 'shutdown' }), FLUSH);
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), FAREWELL);
    return { status: 'ok', restart: request.content.restart === true };
  }
}

const isFailedCell = (request: Message, content: Json | null): boolean =>
  request.header.msg_type === 'execute_request' &&
  content?.status === 'error' &&
  request.content.stop_on_error !== false;

/** Ends the JavaScript that the main thread runs now; its event loop goes on. */
function terminateExecution(): Promise<void> {
  const session = new Session();
  session.connectToMainThread();
  return new Promise((resolve) => {
    session.post('Runtime.terminateExecution', () => {
      session.disconnect();
      resolve();
    });
  });
}

/** Jupyter counts characters, JavaScript UTF-16 units: `𝕏` is one of those and two of these. */
const toUtf16 = (code: string, characters: number): number => [...code].slice(0, characters).join('').length;
const toCharacters = (code: string, units: number): number => [...code.slice(0, units)].length;

const kernelInfo = (): Json => ({
  status: 'ok',
  protocol_version: '5.3',
  implementation: 'kernelbook',
  implementation_version: '1.0.0',
  banner: `TypeScript ${typescriptVersion} on Node.js ${process.versions.node}`,
  language_info: {
    name: 'typescript',
    version: typescriptVersion,
    mimetype: 'text/typescript',
    file_extension: '.ts',
    // The highlighting of JupyterLab reads `mode`, that of the classic notebook `name` and `typescript`.
    codemirror_mode: { mode: 'typescript', name: 'javascript', typescript: true },
  },
  help_links: [],
});

/** Ends the process when Jupyter, which names itself in JPY_PARENT_PID, is gone. */
function followOwner(): void {
  const owner = Number(process.env.JPY_PARENT_PID);
  if (!(owner > 1)) return;
  const isParent = process.ppid === owner; // then a change of parent tells even if a zombie keeps the number
  setInterval(() => {
    let gone = isParent && process.ppid !== owner;
    try {
      process.kill(owner, 0);
    } catch (error) {
      gone ||= (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
    if (gone) process.kill(process.pid, 'SIGKILL');
  }, OWNER_CHECK);
}

const connection = JSON.parse(readFileSync(process.argv[2], 'utf8')) as Connection;
const server = new Server(connection);
port.on('message', (message: ToServer) => {
  if (message.type === 'ready') void server.start();
  else server.receive(message);
});
followOwner();
