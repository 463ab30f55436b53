/**
 * The Python packages that we measure ourselves against live in `.peers/`, apart from the project's `.venv`: one
 * environment with the current ones, and one for neural-tangents, which imports only with a jax of its own time.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

export type Environment = 'current' | 'tangents';

const REQUIREMENTS: Record<Environment, string> = {
  current: 'requirements.txt',
  tangents: 'requirements-tangents.txt',
};

export interface Peers {
  /** The Python of each environment that there is. */
  python: Partial<Record<Environment, string>>;
  notes: string[];
}

const pythonOf = (folder: string) =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');

/** The environments that are there; KERNELBOOK_PEERS names another folder than `.peers`. */
export function findPeers(root: string): Peers {
  const peers: Peers = { python: {}, notes: [] };
  const missing: Environment[] = [];
  for (const name of Object.keys(REQUIREMENTS) as Environment[]) {
    const python = pythonOf(join(folderOf(root), name));
    if (existsSync(python)) peers.python[name] = python;
    else missing.push(name);
  }
  if (missing.length > 0)
    peers.notes.push(
      `No peers of ${missing.map((name) => `bench/${REQUIREMENTS[name]}`).join(' and ')}: their rows print our times alone. \`npm run bench -- --setup-peers\` installs them into .peers/.`,
    );
  return peers;
}

const folderOf = (root: string) => process.env.KERNELBOOK_PEERS ?? join(root, '.peers');

/** Makes `.peers/`, or what is missing of it. A peer that does not install is said and left out. */
export function setUpPeers(root: string): void {
  for (const name of Object.keys(REQUIREMENTS) as Environment[]) {
    const requirements = REQUIREMENTS[name];
    const folder = join(folderOf(root), name);
    const python = pythonOf(folder);
    console.log(`${name}: installing bench/${requirements} into ${folder}`);
    if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', folder], { stdio: 'inherit' });
    const pip = (...args: string[]) =>
      spawnSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args], {
        stdio: 'inherit',
      }).status === 0;
    if (!pip('-r', join(root, 'bench', requirements)))
      console.log(`${name}: pip could not install it (above); its rows print our times alone.`);
  }
  // trak declares more than its projections need, among it a compiler's work for GPUs: it comes alone.
  const current = pythonOf(join(folderOf(root), 'current'));
  const trak = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    'traker==0.3.2',
  ];
  if (spawnSync(current, trak, { stdio: 'inherit' }).status !== 0)
    console.log('current: trak did not install; the projected row goes without it.');
}
