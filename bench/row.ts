/**
 * A row of the benchmark: one piece of work, the same inputs for everybody, what we do, who else does it, and the
 * ratios to reach.
 */

import type { Vector } from '../src/lib/linalg';

/** Numbers that all sides must agree on: a name, and what was computed (or a few entries of it). */
export type Check = Record<string, number[]>;

export type Parameters = Record<string, number | string | readonly number[]>;

/** The files of a row's inputs; the name ends in `.f32` or `.f64`. */
export interface InputWriter {
  write(name: string, values: Vector): void;
}
export interface InputReader {
  read(name: string): Vector;
}

export interface Target {
  /** The peer that the ratio is against; several: the fastest of those that ran. */
  against: string | readonly string[];
  /** Ours ÷ theirs may be at most this. */
  must?: number;
  /** The ambition. */
  stretch?: number;
}

export interface MemoryTarget {
  megabytes: number;
}

export interface Row {
  name: string;
  title: string;
  parameters: Parameters;
  /** Writes the inputs, drawn from a seed. */
  inputs(writer: InputWriter): void;
  /** Reads them, sets up what does not count, and returns the work that counts. */
  ours(reader: InputReader, parameters: Parameters): Promise<() => Check | Promise<Check>>;
  /** Peers: a name → the script in bench/peers and the environment it runs in. */
  peers: Record<string, Peer>;
  targets: Target[];
  memory?: MemoryTarget;
  /** How far the sides' numbers may differ, relative to the largest of them. Default 1e-3. */
  tolerance?: number;
  /** What each check means is statistical on both sides (random projections): it is not compared. */
  uncompared?: boolean;
}

export interface Peer {
  script: string;
  environment: 'current' | 'tangents';
  /** Which of the script's ways of doing the row; the row's name when left out. */
  task?: string;
}
