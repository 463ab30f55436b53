/** Checkouts of our own making, in the temporary folder: a test of the commands must not touch the real one. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '..', '..');

export interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

export class Checkout {
  private constructor(public folder: string) {}

  /** The commands and nothing else: no packages, no `.venv`. */
  static bare(files: Record<string, string> = {}): Checkout {
    const checkout = new Checkout(realpathSync(mkdtempSync(path.join(os.tmpdir(), 'kernelbook-checkout-'))));
    cpSync(path.join(root, 'src', 'cli'), checkout.path('src', 'cli'), { recursive: true });
    checkout.write({
      'package.json': '{ "name": "checkout", "type": "module" }',
      'package-lock.json':
        '{ "name": "checkout", "lockfileVersion": 3, "packages": { "": { "name": "checkout" } } }',
      'requirements.txt': '',
      ...files,
    });
    return checkout;
  }

  /** Ready to run notebooks, with the packages and the Python of the real checkout, and its library. */
  static ready(files: Record<string, string> = {}): Checkout {
    const checkout = Checkout.bare();
    for (const file of [
      'package.json',
      'package-lock.json',
      'requirements.txt',
      'tsconfig.json',
      'README.md',
    ]) {
      cpSync(path.join(root, file), checkout.path(file));
    }
    cpSync(path.join(root, 'src', 'kernel'), checkout.path('src', 'kernel'), { recursive: true });
    for (const name of ['src/lib', 'node_modules'])
      symlinkSync(path.join(root, name), checkout.path(name), 'dir');
    // A virtual environment is a pyvenv.cfg beside bin and lib; the kernelspecs in share must be our own.
    mkdirSync(checkout.path('.venv'));
    for (const name of ['bin', 'lib', 'include', 'etc'])
      symlinkSync(path.join(root, '.venv', name), checkout.path('.venv', name), 'dir');
    const share = path.join('.venv', 'share', 'jupyter');
    mkdirSync(checkout.path(share), { recursive: true });
    for (const name of readdirSync(path.join(root, share)).filter((name) => name !== 'kernels'))
      symlinkSync(path.join(root, share, name), checkout.path(share, name), 'dir');
    for (const name of ['pyvenv.cfg', '.kernelbook.json'])
      cpSync(path.join(root, '.venv', name), checkout.path('.venv', name));
    checkout.write(files);
    return checkout;
  }

  path(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  write(files: Record<string, string>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(path.dirname(this.path(file)), { recursive: true });
      writeFileSync(this.path(file), text);
    }
  }

  /** Starts `npm run <command>`, without npm. `ended` resolves when it is done. */
  start(
    args: string[],
    env: NodeJS.ProcessEnv = {},
    nodeOptions: string[] = [],
  ): ChildProcess & { ended: Promise<Run> } {
    const { KERNELBOOK_PROFILE: _, ...ours } = process.env;
    const child = spawn(
      process.execPath,
      [...nodeOptions, this.path('src', 'cli', 'bootstrap.mjs'), ...args],
      {
        cwd: this.folder,
        env: { ...ours, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const ended = new Promise<Run>((resolve) => {
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk) => (stdout += chunk));
      child.stderr.on('data', (chunk) => (stderr += chunk));
      child.on('close', (status) => resolve({ status, stdout, stderr }));
    });
    return Object.assign(child, { ended });
  }

  run(args: string[], env: NodeJS.ProcessEnv = {}, nodeOptions: string[] = []): Promise<Run> {
    return this.start(args, env, nodeOptions).ended;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
