/**
 * How far long work has come, as a source of events: the work ticks, and whoever shows progress listens. `show`
 * listens in a notebook; with no listener a line is drawn on stderr where that is a terminal, and nothing elsewhere.
 */

import { ValueError } from '../errors';

/** Where a piece of work stands. */
export interface ProgressEvent {
  readonly label: string;
  /** Steps done, of `total`. */
  readonly completed: number;
  readonly total: number;
  readonly elapsedSeconds: number;
  /** Estimated from the steps done so far (without skipped ones); undefined before the first, 0 at the end. */
  readonly remainingSeconds: number | undefined;
  /** What the work last said of itself, such as a loss. */
  readonly note: string;
  /** No further event follows. */
  readonly finished: boolean;
  /** The same for all events of one piece of work. */
  readonly id: number;
}

export type ProgressListener = (event: ProgressEvent) => void;

const listeners = new Set<ProgressListener>();
let lastId = 0;

/** Calls `listener` with every event from now on. Returns the function that ends it. */
export function onProgress(listener: ProgressListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** The work in hand: made by `progress`. */
export class Progress {
  readonly label: string;
  readonly total: number;
  private readonly id = ++lastId;
  private readonly start = performance.now();
  private completed = 0;
  private skipped = 0;
  private note = '';
  private finished = false;
  private lastSent = Number.NEGATIVE_INFINITY;

  constructor(total: number, label: string) {
    if (!(Number.isFinite(total) && total >= 0))
      throw new ValueError({
        what: 'progress(total, label), total',
        expected: 'a number of steps',
        got: String(total),
        todo: 'Give how many times tick() will be called.',
      });
    this.total = total;
    this.label = label;
    this.send(true);
  }

  /** `steps` more are done. Cheap: events go out at most ten times a second. */
  tick(steps = 1, note?: string): void {
    this.completed += steps;
    if (note !== undefined) this.note = note;
    this.send(false);
  }

  /** `steps` more need not be done (found in the cache): they count as done, not towards the time left. */
  skip(steps = 1): void {
    this.skipped += steps;
    this.tick(steps);
  }

  /** The work has ended, finished or not. Later calls do nothing. */
  done(note?: string): void {
    if (this.finished) return;
    if (note !== undefined) this.note = note;
    this.finished = true;
    this.send(true);
  }

  /** Where the work stands now. */
  get event(): ProgressEvent {
    const elapsedSeconds = (performance.now() - this.start) / 1000;
    const worked = this.completed - this.skipped;
    const left = Math.max(0, this.total - this.completed);
    const estimate = worked > 0 ? (elapsedSeconds / worked) * left : undefined;
    return {
      label: this.label,
      completed: this.completed,
      total: this.total,
      elapsedSeconds,
      remainingSeconds: this.finished || left === 0 ? 0 : estimate,
      note: this.note,
      finished: this.finished,
      id: this.id,
    };
  }

  private send(always: boolean): void {
    const now = performance.now();
    if (!always && (this.finished || now - this.lastSent < 100)) return;
    this.lastSent = now;
    const { event } = this;
    if (listeners.size === 0) drawLine(event);
    else for (const listener of listeners) listener(event);
  }
}

/**
 * Starts a piece of work of `total` steps: `const p = progress(epochs, 'training'); …; p.tick(); …; p.done()`.
 * Throws a ValueError when `total` is no number.
 */
export function progress(total: number, label: string): Progress {
  return new Progress(total, label);
}

/** One line for an event: `training  120/200  60 %  8 s left  loss 0.031`. */
export function progressText({
  label,
  completed,
  total,
  elapsedSeconds,
  remainingSeconds,
  note,
  finished,
}: ProgressEvent): string {
  const share = total > 0 ? `${Math.floor((100 * completed) / total)} %` : '';
  const time = finished
    ? `${duration(elapsedSeconds)}`
    : remainingSeconds === undefined
      ? ''
      : `${duration(remainingSeconds)} left`;
  return [label, `${completed}/${total}`, share, time, note].filter(Boolean).join('  ');
}

/** `0.8 s`, `41 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

function drawLine(event: ProgressEvent): void {
  const { stderr } = process;
  if (!stderr.isTTY) return;
  const text = progressText(event).slice(0, Math.max(20, (stderr.columns || 80) - 1));
  stderr.write(`\r\x1b[2K${text}${event.finished ? '\n' : ''}`);
}
