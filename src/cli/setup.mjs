/**
 * Makes a checkout ready: the npm packages, `.venv` with the Python packages of requirements.txt, and the Jupyter
 * kernelspec inside it. Node's own modules only, since it runs before anything is installed.
 *
 * Each step looks first whether it is done, in milliseconds, and can be interrupted anywhere: npm's own record of an
 * installation (node_modules/.package-lock.json) is written when it is complete, and `.venv` is marked while it is
 * being made. A step that cannot be done throws a SetupError, one sentence that says what to do.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** One sentence for the user; no stack. */
export class SetupError extends Error {}

/** @typedef {{ root: string, env: NodeJS.ProcessEnv, say: (line: string) => void }} Place */

const GIBIBYTE = 2 ** 30;
const PYTHON_AT_LEAST = [3, 10];
const NPM_LOG_LINES = 40;

/**
 * @param {Place} place
 * @returns {Promise<{ python: string }>} the Python of `.venv`
 */
export async function setUp(place) {
  await installPackages(place);
  const python = await installPython(place);
  installKernelspec(place);
  return { python };
}

/** @param {string} file @returns {any} `null` where there is no such file, or half of one */
function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Writes a whole file or none. @param {string} file @param {string} text */
function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, file);
}

/** @param {Place} place @param {string} what @param {number} gibibytes */
function requireSpace({ root, env }, what, gibibytes) {
  const { bavail, bsize } = fs.statfsSync(root);
  const free = Number(env.KERNELBOOK_FREE_BYTES ?? bavail * bsize); // the variable is for the tests
  if (free < gibibytes * GIBIBYTE) {
    const has = (free / GIBIBYTE).toFixed(1);
    throw new SetupError(
      `${what} need about ${gibibytes} GiB, and the disk of ${root} has ${has} GiB free: make room and run the command again.`,
    );
  }
}

/**
 * Runs a program to its end and keeps what it said. A Ctrl-C reaches it as well; it is waited for.
 * @param {string} program @param {string[]} args @param {Place} place
 * @returns {Promise<{ status: number | null, output: string }>}
 */
function runQuietly(program, args, { root, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const wait = () => {};
    process.on('SIGINT', wait);
    child.on('error', reject);
    child.on('close', (status, signal) => {
      process.off('SIGINT', wait);
      if (signal === 'SIGINT' || status === 130) process.exit(130);
      resolve({ status, output });
    });
  });
}

const UNREACHABLE =
  /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|network|NewConnectionError|Name or service not known|Temporary failure in name resolution|Connection refused|Max retries exceeded|Network is unreachable/i;
const NO_SPACE = /ENOSPC|No space left on device/i;

/**
 * The sentence for an installation that failed.
 * @param {string} what @param {string} registry @param {string} output @param {string} log where the whole output is
 */
function installationError(what, registry, output, log) {
  if (NO_SPACE.test(output)) {
    return new SetupError(`There is no room on the disk for ${what}: make room and run the command again.`);
  }
  if (UNREACHABLE.test(output)) {
    return new SetupError(
      `${what} could not be downloaded, because the registry (${registry}) cannot be reached: check the network or its proxy settings and run the command again.`,
    );
  }
  const lines = output.split('\n').filter((line) => /error/i.test(line));
  const last = (lines[0] ?? output.trim().split('\n').at(-1) ?? '').trim();
  return new SetupError(`${what} could not be installed (the log is ${log}): ${last}`);
}

/** @param {Place} place @param {string} name @param {string} output */
function keepLog({ root }, name, output) {
  const file = path.join(root, '.cache', `setup-${name}.log`);
  write(
    file,
    output
      .split('\n')
      .slice(-NPM_LOG_LINES * 10)
      .join('\n'),
  );
  return path.relative(root, file);
}

// --- npm packages

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes its own record of node_modules last, so
 * an interrupted installation has none, or an older one.
 * @param {string} root
 */
export function hasPackages(root) {
  const wanted = readJson(path.join(root, 'package-lock.json'))?.packages;
  const installed = readJson(path.join(root, 'node_modules', '.package-lock.json'))?.packages;
  const platform = readJson(path.join(root, 'node_modules', '.kernelbook.json'));
  if (!wanted || !fitsTogether(readJson(path.join(root, 'package.json')), wanted[''])) return false;
  if (platform && platform.platform !== `${process.platform}-${process.arch}`) return false;
  return Object.entries(wanted).every(
    ([at, { version, optional, link }]) =>
      at === '' ||
      optional ||
      link ||
      (installed?.[at]?.version === version && fs.existsSync(path.join(root, at))),
  );
}

/**
 * Whether the lock was made for this package.json.
 * @param {Record<string, any> | null} project @param {Record<string, any> | undefined} locked
 */
function fitsTogether(project, locked) {
  const same = (name) => {
    const [ours, theirs] = [project?.[name] ?? {}, locked?.[name] ?? {}];
    const keys = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
    return [...keys].every((key) => ours[key] === theirs[key]);
  };
  return ['dependencies', 'devDependencies', 'optionalDependencies'].every(same);
}

/** @param {Place} place */
async function installPackages(place) {
  const { root, env, say } = place;
  const mark = path.join(root, 'node_modules', '.kernelbook.json');
  if (!hasPackages(root)) {
    requireSpace(place, 'The npm packages', 1);
    say('Installing the npm packages (a minute or two) …');
    const { status, output } = await runNpm(place, ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    if (status !== 0 && output.includes('EUSAGE')) {
      throw new SetupError('package.json and package-lock.json do not fit together: run npm install once.');
    }
    if (status !== 0) {
      const registry = env.npm_config_registry ?? 'the one that npm is set up for';
      throw installationError('The npm packages', registry, output, keepLog(place, 'npm', output));
    }
  }
  if (!fs.existsSync(mark)) write(mark, JSON.stringify({ platform: `${process.platform}-${process.arch}` }));
}

/** npm as it came with this Node: the one that runs us, or the one beside Node. @param {Place} place @param {string[]} args */
function runNpm(place, args) {
  const { env } = place;
  if (env.npm_execpath?.endsWith('.js'))
    return runQuietly(process.execPath, [env.npm_execpath, ...args], place);
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  return runQuietly(npm, args, place).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new SetupError(
      'There is no npm on the PATH: install Node.js together with npm (https://nodejs.org).',
    );
  });
}

// --- Python

/** @param {string} root */
export const venvPython = (root) =>
  process.platform === 'win32'
    ? path.join(root, '.venv', 'Scripts', 'python.exe')
    : path.join(root, '.venv', 'bin', 'python');

const PROBE =
  'import sys, importlib.util as u; print(sys.version_info[0], sys.version_info[1], ' +
  'int(bool(u.find_spec("venv") and u.find_spec("ensurepip"))), sys.executable)';

/**
 * The first Python on the PATH that is new enough and can make virtual environments.
 * @param {Place} place
 * @returns {{ command: string[], version: string }}
 */
export function findPython({ env }) {
  const named = Array.from({ length: 10 }, (_, i) => [`python3.${19 - i}`]);
  const commands = env.KERNELBOOK_PYTHON
    ? [[env.KERNELBOOK_PYTHON]]
    : [['python3'], ['python'], ...named, ...(process.platform === 'win32' ? [['py', '-3']] : [])];
  /** @type {string | null} */
  let tooOld = null;
  /** @type {string | null} */
  let withoutVenv = null;
  for (const [program, ...args] of commands) {
    const { status, stdout } = spawnSync(program, [...args, '-c', PROBE], { env, encoding: 'utf8' });
    const [, major, minor, venv, executable] = stdout?.match(/^(\d+) (\d+) ([01]) (.*)$/m) ?? [];
    if (status !== 0 || !major) continue;
    const version = `${major}.${minor}`;
    if (+major < PYTHON_AT_LEAST[0] || (+major === PYTHON_AT_LEAST[0] && +minor < PYTHON_AT_LEAST[1])) {
      tooOld ??= `${version} (${executable})`;
    } else if (venv === '0') {
      withoutVenv ??= version;
    } else {
      return { command: [program, ...args], version };
    }
  }
  if (withoutVenv) {
    throw new SetupError(
      `Python ${withoutVenv} lacks its venv module: install it (Debian and Ubuntu: apt-get install python${withoutVenv}-venv) and run the command again.`,
    );
  }
  const found = env.KERNELBOOK_PYTHON
    ? `KERNELBOOK_PYTHON=${env.KERNELBOOK_PYTHON} is not one`
    : tooOld
      ? `only Python ${tooOld} was found`
      : 'none was found on the PATH';
  throw new SetupError(
    `Python 3.10 or newer is needed, and ${found}: install it (https://www.python.org/downloads/) or name one by KERNELBOOK_PYTHON.`,
  );
}

/**
 * `.venv` with the packages of requirements.txt. Everything in it is called as `python -m …`, never by the scripts in
 * its bin folder, whose first lines hold absolute paths: so a moved checkout keeps its `.venv`.
 * @param {Place} place
 */
async function installPython(place) {
  const { root, say } = place;
  const python = venvPython(root);
  const mark = path.join(root, '.venv', '.kernelbook.json');
  const requirements = fs.readFileSync(path.join(root, 'requirements.txt'));
  const wanted = createHash('sha256').update(requirements).digest('hex');
  const state = readJson(mark);
  // existsSync follows the link: a Python that was uninstalled is noticed.
  if (fs.existsSync(python) && state?.requirements === wanted) return python;
  const works = fs.existsSync(python) && spawnSync(python, ['-c', 'import pip']).status === 0;

  requireSpace(place, 'The Python packages', 1);
  if (!works || state?.unfinished) {
    const { command, version } = findPython(place);
    say(`Making .venv with Python ${version} …`);
    const [program, ...args] = command;
    const made = await runQuietly(
      program,
      [...args, '-m', 'venv', '--clear', path.join(root, '.venv')],
      place,
    );
    if (made.status !== 0) {
      throw installationError('.venv', 'none', made.output, keepLog(place, 'venv', made.output));
    }
  }
  write(mark, JSON.stringify({ unfinished: true }));
  say('Installing the Python packages (a minute or two) …');
  const pip = [
    '-m',
    'pip',
    'install',
    '--disable-pip-version-check',
    '--no-input',
    '--quiet',
    '-r',
    'requirements.txt',
  ];
  const { status, output } = await runQuietly(python, pip, place);
  if (status !== 0) {
    const registry = place.env.PIP_INDEX_URL ?? 'the one that pip is set up for';
    throw installationError('The Python packages', registry, output, keepLog(place, 'pip', output));
  }
  // JupyterLab runs .js files of its own; without this, package.json's "type": "module" would reach them.
  write(path.join(root, '.venv', 'package.json'), '{}\n');
  write(mark, JSON.stringify({ requirements: wanted }));
  return python;
}

// --- the kernelspec

/** What Jupyter reads to start our kernel. @param {string} root */
export const kernelspec = (root) => ({
  argv: [
    process.execPath,
    // A loop that is stopped from outside leaves Node's count of async contexts wrong, which Node would die of.
    '--no-force-async-hooks-checks',
    path.join(root, 'src', 'kernel', 'main.cjs'),
    '{connection_file}',
  ],
  display_name: 'TypeScript (Kernelbook)',
  language: 'typescript',
  interrupt_mode: 'message',
});

/**
 * Holds absolute paths, of Node and of the checkout: written again when either moved. Its name is `tslab`, so that
 * GitHub and other tools know the notebooks' language.
 * @param {Place} place
 */
function installKernelspec({ root, say }) {
  const file = path.join(root, '.venv', 'share', 'jupyter', 'kernels', 'tslab', 'kernel.json');
  const wanted = `${JSON.stringify(kernelspec(root), null, 2)}\n`;
  const present = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
  if (present === wanted) return;
  write(file, wanted);
  say(
    present === null
      ? 'The TypeScript kernel is installed in .venv.'
      : 'The kernelspec in .venv is up to date again.',
  );
}
