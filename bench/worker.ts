/**
 * Our side of a row, in a process of its own (run with --expose-gc): answers `prepare`, `run` and `profile` on stdin
 * as bench/peers/protocol.py does for the others.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { backend } from '../src/lib/linalg';
import { profile } from './profile';
import type { Check } from './row';
import { rows } from './rows';

const collect = (globalThis as { gc?: () => void }).gc ?? (() => undefined);

/** Resident memory in bytes, now and at its highest since `resetPeak`; undefined where the system does not tell. */
function memory(key: 'VmRSS' | 'VmHWM'): number | undefined {
  try {
    const kilobytes = new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

function resetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {} // then the peak is that of the whole process
}

let work: () => Check | Promise<Check> = () => ({});
let idle: number | undefined;

interface Message {
  do: 'prepare' | 'run' | 'profile';
  row: string;
  inputs: string;
  collect?: boolean;
}

async function answer(message: Message): Promise<object> {
  if (message.do === 'prepare') {
    const row = rows.find(({ name }) => name === message.row)!;
    const read = (name: string) => {
      const bytes = readFileSync(join(message.inputs, name));
      const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
      return name.endsWith('.f32') ? new Float32Array(buffer) : new Float64Array(buffer);
    };
    backend(); // opens the library: the peers have theirs open too
    work = await row.ours({ read }, row.parameters);
    collect();
    idle = memory('VmRSS');
    return {};
  }
  if (message.do === 'profile') return { parts: await profile(work) };
  // Only where memory is measured: it also empties what the allocator keeps for the next run, which costs time.
  if (message.collect) collect();
  resetPeak();
  const cpu = process.cpuUsage();
  const start = performance.now();
  const check = await work();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const peak = memory('VmHWM');
  return {
    seconds,
    cpu: (user + system) / 1e6,
    memory: peak !== undefined && idle !== undefined ? Math.max(0, peak - idle) : undefined,
    check,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const reply = await answer(JSON.parse(line)).catch((error: Error) => ({
    error: String(error.stack ?? error),
  }));
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
