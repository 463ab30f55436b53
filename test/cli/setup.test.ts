import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { findPython, hasPackages, kernelspec, setUp, venvPython } from '../../src/cli/setup.mjs';
import { Checkout, root } from './checkout';

const checkouts: Checkout[] = [];
const bare = (files: Record<string, string> = {}) => {
  const checkout = Checkout.bare(files);
  checkouts.push(checkout);
  return checkout;
};
afterEach(() => {
  for (const checkout of checkouts.splice(0)) checkout.remove();
});

/** A lock that asks for packages, and what npm notes about those that it installed. */
const lock = (packages: Record<string, object>) =>
  JSON.stringify({ lockfileVersion: 3, packages: { '': { name: 'checkout' }, ...packages } });

/** A folder with programs of our own making, to be the whole PATH. */
function programs(checkout: Checkout, scripts: Record<string, string>): string {
  mkdirSync(checkout.path('bin'), { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(checkout.path('bin', name), `#!/bin/sh\n${script}\n`);
    chmodSync(checkout.path('bin', name), 0o755);
  }
  return checkout.path('bin');
}

/** Makes `.venv` without pip, in a tenth of the time. Returns where a pip is that PYTHONPATH can lend to it. */
function emptyVenv(checkout: Checkout): string {
  const python = venvPython(root);
  execFileSync(python, ['-m', 'venv', '--without-pip', checkout.path('.venv')]);
  return execFileSync(
    python,
    ['-c', 'import os, pip; print(os.path.dirname(os.path.dirname(pip.__file__)))'],
    {
      encoding: 'utf8',
    },
  ).trim();
}

/** A command that failed with one sentence, and no stack. */
async function failure(
  checkout: Checkout,
  env: NodeJS.ProcessEnv,
  nodeOptions: string[] = [],
): Promise<string> {
  const { status, stderr } = await checkout.run(['lab', '--version'], env, nodeOptions);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^kernelbook: [^\n]+\n$/);
  return stderr;
}

describe('set-up fails with one clear sentence', { timeout: 240_000 }, () => {
  test('when Node is too old', async () => {
    const checkout = bare({
      'old.cjs':
        "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } });",
    });
    const said = await failure(checkout, {}, ['--require', checkout.path('old.cjs')]);
    expect(said).toBe(
      'kernelbook: Node.js 20.19 or newer is needed, and this is 18.20.4: install one from https://nodejs.org.\n',
    );
  });

  test('when the disk is full', async () => {
    const checkout = bare({ 'package-lock.json': lock({ 'node_modules/a': { version: '1.0.0' } }) });
    const said = await failure(checkout, { KERNELBOOK_FREE_BYTES: '1e8' });
    expect(said).toContain('The npm packages need about 1 GiB, and the disk of');
    expect(said).toContain('0.1 GiB free: make room');
  });

  test('when the registry of npm cannot be reached', async () => {
    const checkout = bare({
      'package.json': '{ "name": "checkout", "type": "module", "dependencies": { "left-pad": "1.3.0" } }',
      'package-lock.json': JSON.stringify({
        lockfileVersion: 3,
        packages: {
          '': { name: 'checkout', dependencies: { 'left-pad': '1.3.0' } },
          'node_modules/left-pad': { version: '1.3.0', integrity: `sha512-${'A'.repeat(86)}==` },
        },
      }),
    });
    const said = await failure(checkout, {
      npm_config_registry: 'http://127.0.0.1:9/',
      npm_config_fetch_retries: '0',
      npm_config_cache: checkout.path('npm-cache'),
    });
    expect(said).toContain(
      'The npm packages could not be downloaded, because the registry (http://127.0.0.1:9/)',
    );
    expect(hasPackages(checkout.folder)).toBe(false);
  });

  test('when package.json and its lock do not fit together', async () => {
    const checkout = bare({
      'package.json': '{ "name": "checkout", "type": "module", "dependencies": { "left-pad": "1.3.0" } }',
    });
    const said = await failure(checkout, {});
    expect(said).toContain('package.json and package-lock.json do not fit together: run npm install once.');
  });

  test('when there is no npm', async () => {
    const checkout = bare({ 'package-lock.json': lock({ 'node_modules/a': { version: '1.0.0' } }) });
    const said = await failure(checkout, { PATH: programs(checkout, {}), npm_execpath: '' });
    expect(said).toContain('There is no npm on the PATH');
  });

  const withPackages = () => {
    const checkout = bare();
    checkout.write({ 'node_modules/.package-lock.json': lock({}) });
    return checkout;
  };

  test('when there is no Python', async () => {
    const checkout = withPackages();
    expect(await failure(checkout, { PATH: programs(checkout, {}) })).toContain(
      'Python 3.10 or newer is needed, and none was found on the PATH: install it',
    );
  });

  test('when Python is too old', async () => {
    const checkout = withPackages();
    const bin = programs(checkout, { python3: 'echo 3 8 1 /usr/bin/python3.8' });
    expect(await failure(checkout, { PATH: bin })).toContain(
      'Python 3.10 or newer is needed, and only Python 3.8 (/usr/bin/python3.8) was found',
    );
  });

  test('when Python has no venv module', async () => {
    const checkout = withPackages();
    const bin = programs(checkout, { python3: 'echo 3 11 0 /usr/bin/python3' });
    expect(await failure(checkout, { PATH: bin })).toContain(
      'Python 3.11 lacks its venv module: install it (Debian and Ubuntu: apt-get install python3.11-venv)',
    );
  });

  test('when KERNELBOOK_PYTHON names no Python', async () => {
    const checkout = withPackages();
    expect(await failure(checkout, { KERNELBOOK_PYTHON: '/nowhere/python' })).toContain(
      'KERNELBOOK_PYTHON=/nowhere/python is not one',
    );
  });

  test('when the registry of pip cannot be reached', async () => {
    const checkout = withPackages();
    checkout.write({ 'requirements.txt': 'kernelbook-no-such-package==1\n' });
    const said = await failure(checkout, {
      PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
      PIP_RETRIES: '1',
      PIP_FIND_LINKS: '',
      PIP_CONFIG_FILE: '/dev/null',
      PYTHONPATH: emptyVenv(checkout),
    });
    expect(existsSync(checkout.path('.cache', 'setup-pip.log'))).toBe(true);
    expect(said).toContain(
      'The Python packages could not be downloaded, because the registry (http://127.0.0.1:9/simple)',
    );
    // The next time it is begun anew.
    expect(readFileSync(checkout.path('.venv', '.kernelbook.json'), 'utf8')).toBe('{"unfinished":true}');
  });

  test('when the command does not exist, listing those that do', async () => {
    const { status, stderr } = await bare().run(['reprodcue']);
    expect(status).toBe(1);
    expect(stderr).toContain('there is no command "reprodcue"');
    expect(stderr).toContain('  reproduce        run the notebooks');
  });
});

describe('set-up', { timeout: 240_000 }, () => {
  test('begins anew what was begun, installs once, is silent then, and follows a moved checkout', async () => {
    const checkout = bare();
    emptyVenv(checkout);
    checkout.write({ '.venv/.kernelbook.json': '{"unfinished":true}', '.venv/left-behind': '' });
    const ready = async () => {
      const said: string[] = [];
      const { python } = await setUp({
        root: checkout.folder,
        env: process.env,
        say: (line) => said.push(line),
      });
      expect(existsSync(python)).toBe(true);
      return said;
    };
    const spec = () =>
      JSON.parse(readFileSync(checkout.path('.venv/share/jupyter/kernels/tslab/kernel.json'), 'utf8'));

    expect((await ready()).map((line) => line.split(' ')[0])).toEqual(['Making', 'Installing', 'The']);
    expect(existsSync(checkout.path('.venv', 'left-behind'))).toBe(false);
    expect(spec()).toEqual(kernelspec(checkout.folder));
    expect(readFileSync(checkout.path('.venv', 'package.json'), 'utf8')).toBe('{}\n');
    expect(await ready()).toEqual([]);

    const moved = `${checkout.folder}-moved`;
    renameSync(checkout.folder, moved);
    checkout.folder = moved;
    expect(await ready()).toEqual(['The kernelspec in .venv is up to date again.']);
    expect(spec().argv).toContain(path.join(moved, 'src', 'kernel', 'main.cjs'));
    expect(await ready()).toEqual([]);

    checkout.write({ 'requirements.txt': '# other words\n' });
    expect(await ready()).toEqual(['Installing the Python packages (a minute or two) …']);
    expect(await ready()).toEqual([]);
  });

  test('takes any Python that is new enough and complete, whatever its name', () => {
    const checkout = bare();
    const bin = programs(checkout, {
      python3: 'echo 3 9 1 /usr/bin/python3.9',
      'python3.13': 'echo 3 13 0 /usr/bin/python3.13',
      'python3.12': 'echo 3 12 1 /usr/bin/python3.12',
    });
    expect(findPython({ env: { PATH: bin } })).toEqual({ command: ['python3.12'], version: '3.12' });
  });
});

describe('the npm packages', () => {
  const wanted = {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/b': { version: '2.0.0', optional: true },
  };
  const having = (installed: Record<string, object> | null, files: Record<string, string> = {}) => {
    const checkout = bare({ 'package-lock.json': lock(wanted), ...files });
    if (installed) checkout.write({ 'node_modules/.package-lock.json': lock(installed) });
    return hasPackages(checkout.folder);
  };
  const a = { 'node_modules/a/package.json': '{}' };

  test('are there when all that must be are there', () => {
    expect(having({ 'node_modules/a': { version: '1.0.0' } }, a)).toBe(true);
  });

  test.each([
    ['nothing was installed', null, {}],
    ['an installation was cut off', null, a],
    ['one is missing', {}, {}],
    ['one is of another version', { 'node_modules/a': { version: '0.9.0' } }, a],
    ['one was deleted', { 'node_modules/a': { version: '1.0.0' } }, {}],
    [
      'they are for another machine',
      { 'node_modules/a': { version: '1.0.0' } },
      { ...a, 'node_modules/.kernelbook.json': '{ "platform": "amiga-m68k" }' },
    ],
    [
      'package.json asks for another one',
      { 'node_modules/a': { version: '1.0.0' } },
      { ...a, 'package.json': '{ "name": "checkout", "devDependencies": { "c": "1.0.0" } }' },
    ],
  ])('are not when %s', (_, installed, files) => {
    expect(having(installed, files as unknown as Record<string, string>)).toBe(false);
  });

  test('of this checkout are there', () => {
    expect(hasPackages(root)).toBe(true);
  });
});
