/**
 * What Linux says about the processor, in /proc/cpuinfo: how many physical cores there are, and whether OpenBLAS
 * needs to be told what they can do. Elsewhere both questions stay open, and the libraries' own answers hold.
 */

import { readFileSync } from 'node:fs';

let text: string | undefined;

function cpuinfo(): string {
  if (text === undefined)
    try {
      text = readFileSync('/proc/cpuinfo', 'utf8');
    } catch {
      text = ''; // not Linux, or /proc is closed to us
    }
  return text;
}

/** The number of distinct cores, hyperthreads counted once; undefined where the system does not tell. */
export function physicalCores(): number | undefined {
  const cores = new Set<string>();
  for (const block of cpuinfo().split('\n\n')) {
    const socket = /^physical id\s*:\s*(\d+)/m.exec(block)?.[1];
    const core = /^core id\s*:\s*(\d+)/m.exec(block)?.[1];
    if (socket !== undefined && core !== undefined) cores.add(`${socket}/${core}`);
  }
  return cores.size || undefined;
}

/**
 * The kernels that OpenBLAS should use where it would choose worse ones by itself: it does not know AMD's processors
 * that are newer than it, and then leaves their AVX-512 aside, which halves the speed of every product (measured on
 * family 26 with 0.3.34: 2048³ in single precision 150 ms against 79 ms). Undefined where its own choice is right.
 */
export function betterKernels(): string | undefined {
  const amd = /^vendor_id\s*:\s*AuthenticAMD$/m.test(cpuinfo());
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo())?.[1].split(' '));
  const skylake = ['avx512f', 'avx512cd', 'avx512bw', 'avx512dq', 'avx512vl'];
  return amd && skylake.every((flag) => flags.has(flag)) ? 'SKYLAKEX' : undefined;
}
