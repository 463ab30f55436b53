/**
 * Measures one row: starts the sides, warms them up, lets them run in turn, keeps the best of each, compares what they
 * computed, and judges the ratios.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Conversation } from './conversation';
import type { Peers } from './peers';
import type { Check, Row } from './row';

export interface Side {
  name: string;
  /** Best of the rounds, wall and processor time of all threads. */
  seconds: number;
  cpu: number;
  /** Peak resident bytes above the idle process, where the system tells. */
  memory?: number;
  rounds: number;
}

export interface Verdict {
  peer: string;
  ratio: number;
  target: { must?: number; stretch?: number };
  must?: boolean;
  stretch?: boolean;
}

export interface RowResult {
  row: string;
  title: string;
  threads: number;
  by: 'seconds' | 'cpu';
  ours?: Side;
  peers: Side[];
  judged: Verdict[];
  memory?: { megabytes: number; met: boolean };
  /** Sides that could not run or disagree, in words. */
  problems: string[];
  /** Shares of our time, when a stretch target is missed. */
  parts?: { part: string; share: number }[];
}

interface Answer {
  seconds: number;
  cpu: number;
  memory?: number;
  check: Check;
}

/** Seconds that a side may use for its rounds beyond the first two. */
const PATIENCE = 20;

interface Options {
  root: string;
  threads: number;
  repeats: number;
  peers: Peers;
  /** What the ratios are of: wall time, or (for one thread on a busy machine) processor time. */
  by: 'seconds' | 'cpu';
}

export async function measure(row: Row, { root, threads, repeats, peers, by }: Options): Promise<RowResult> {
  const inputs = mkdtempSync(join(tmpdir(), 'kernelbook-bench-'));
  const result: RowResult = {
    row: row.name,
    title: row.title,
    threads,
    by,
    peers: [],
    judged: [],
    problems: [],
  };
  const sides: { name: string; talk: Conversation; best?: Side; spent: number; check?: Check }[] = [];
  try {
    row.inputs({
      write: (name, values) =>
        writeFileSync(
          join(inputs, name),
          new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
        ),
    });
    const env = environment(threads);
    const worker = ['--expose-gc', '--import', 'tsx', join(root, 'bench', 'worker.ts')];
    const starts = [
      { name: 'ours', command: process.execPath, args: worker, task: row.name, first: {} },
      ...Object.entries(row.peers).flatMap(([name, peer]) => {
        const python = peers.python[peer.environment];
        if (!python) return [];
        const script = join(root, 'bench', 'peers', peer.script);
        return [{ name, command: python, args: [script], task: peer.task ?? row.name, first: { threads } }];
      }),
    ];
    for (const { name, command, args, task, first } of starts) {
      const talk = new Conversation(command, args, { cwd: root, env });
      try {
        await talk.ask({ do: 'prepare', row: task, inputs, parameters: row.parameters, ...first });
        await warmUp(talk);
        sides.push({ name, talk, spent: 0 });
      } catch (error) {
        talk.close();
        result.problems.push(`${name} did not run: ${(error as Error).message}`);
      }
    }
    for (let round = 0; round < repeats; round++)
      for (const side of sides) {
        if (round >= 2 && side.spent > PATIENCE) continue;
        const { seconds, cpu, check } = await side.talk.ask<Answer>({ do: 'run' });
        side.spent += seconds;
        side.check = check;
        const { best } = side;
        side.best = {
          name: side.name,
          seconds: Math.min(seconds, best?.seconds ?? seconds),
          cpu: Math.min(cpu, best?.cpu ?? cpu),
          rounds: round + 1,
        };
      }
    for (const { talk, best } of sides)
      best!.memory = (await talk.ask<Answer>({ do: 'run', collect: true })).memory;
    const ours = sides.find(({ name }) => name === 'ours');
    result.ours = ours?.best;
    result.peers = sides.filter((side) => side !== ours).map((side) => side.best!);
    for (const side of sides)
      if (side !== ours && ours?.check && side.check && !row.uncompared) {
        const difference = disagreement(ours.check, side.check, row.tolerance ?? 1e-3);
        if (difference) result.problems.push(`${side.name} computed something else: ${difference}`);
      }
    judge(row, result);
    const short = result.judged.some(({ must, stretch }) => must === false || stretch === false);
    if (ours && short)
      result.parts = (await ours.talk.ask<Pick<RowResult, 'parts'>>({ do: 'profile' })).parts;
  } finally {
    for (const { talk } of sides) talk.close();
    rmSync(inputs, { recursive: true, force: true });
  }
  return result;
}

/** Runs until what compiles as it runs has compiled: a second, or ten runs. */
async function warmUp(talk: Conversation): Promise<void> {
  let spent = 0;
  for (let run = 0; run < 10 && spent < 1; run++) spent += (await talk.ask<Answer>({ do: 'run' })).seconds;
}

function judge(row: Row, result: RowResult): void {
  const { ours, by } = result;
  if (!ours) return;
  for (const { against, must, stretch } of row.targets) {
    const names = typeof against === 'string' ? [against] : against;
    const ran = result.peers.filter(({ name }) => names.includes(name));
    if (ran.length === 0) continue;
    const best = ran.reduce((a, b) => (b[by] < a[by] ? b : a));
    const ratio = ours[by] / best[by];
    result.judged.push({
      peer: best.name,
      ratio,
      target: { must, stretch },
      must: must === undefined ? undefined : ratio <= must,
      stretch: stretch === undefined ? undefined : ratio <= stretch,
    });
  }
  if (row.memory && ours.memory !== undefined)
    result.memory = { megabytes: row.memory.megabytes, met: ours.memory <= row.memory.megabytes * 2 ** 20 };
}

/** The first number that differs by more than the tolerance, relative to the largest of its list; undefined if none. */
function disagreement(ours: Check, theirs: Check, tolerance: number): string | undefined {
  for (const [name, expected] of Object.entries(theirs)) {
    const got = ours[name];
    if (!got || got.length !== expected.length) return `${name} is missing or of another length`;
    const scale = Math.max(...expected.map(Math.abs));
    for (let i = 0; i < expected.length; i++)
      if (!(Math.abs(got[i] - expected[i]) <= tolerance * scale))
        return `${name}[${i}] is ${expected[i]}, ours ${got[i]}`;
  }
  return undefined;
}

/**
 * The same number of threads for every library, and waiting threads that sleep. OPENBLAS_CORETYPE is left out: it
 * would hold back one library's kernels (ours, scipy's) and not another's.
 */
function environment(threads: number): NodeJS.ProcessEnv {
  const n = String(threads);
  const one = threads === 1 ? '--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1' : '';
  const { OPENBLAS_CORETYPE: _, OPENBLAS_L2_SIZE: __, ...own } = process.env;
  return {
    ...own,
    KERNELBOOK_THREADS: n,
    OMP_NUM_THREADS: n,
    OPENBLAS_NUM_THREADS: n,
    MKL_NUM_THREADS: n,
    OMP_WAIT_POLICY: 'PASSIVE',
    XLA_FLAGS: one,
    JAX_PLATFORMS: 'cpu',
    CUDA_VISIBLE_DEVICES: '',
    PYTHONUNBUFFERED: '1',
  };
}
