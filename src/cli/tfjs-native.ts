/**
 * `npm run tfjs:native`: builds the native part of @tensorflow/tfjs-node against the TensorFlow library inside the
 * PyPI wheel `tensorflow-cpu`, for machines where its own download fails. Optional: everything works without it.
 *
 * It goes to `.native/`, which `npm ci` leaves alone, and takes @tensorflow/tfjs-core and the rest from the
 * project's own node_modules, so that there is one tfjs engine in the process. The addon links to files in `.venv`:
 * after moving or deleting that, build again. Needs g++, make and Node's headers; 270 MB of download, 1.3 GB on disk.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Invocation, runProgram, UsageError } from './program';

const TFJS_NODE = '4.22.0';
/** tfjs-node 4.22.0 was written for libtensorflow 2.9; this one is checked by the product at the end. */
const TENSORFLOW = '2.21.0';

/** Runs one step; its failure ends the command. */
async function step(
  what: string,
  program: string,
  args: string[],
  cwd: string,
  env?: NodeJS.ProcessEnv,
): Promise<void> {
  console.log(`— ${what}`);
  const status = await runProgram(program, args, { cwd, env }).catch((error) => {
    throw new UsageError(`${what}: ${program} cannot be run (${(error as Error).message}).`);
  });
  if (status !== 0) throw new UsageError(`${what}: ${path.basename(program)} failed with status ${status}.`);
}

/** The folder of the tensorflow package in `.venv`. */
function tensorflowFolder(root: string): string {
  const lib = path.join(root, '.venv', 'lib');
  const found = readdirSync(lib)
    .map((python) => path.join(lib, python, 'site-packages', 'tensorflow'))
    .find((folder) => existsSync(folder));
  if (!found) throw new UsageError(`there is no tensorflow in ${lib} although pip installed it.`);
  return found;
}

/** A library of the wheel: Linux has `libtensorflow_cc.so.2`, macOS `libtensorflow_cc.2.dylib`. */
function libraryIn(folder: string, name: string): string {
  const pattern = new RegExp(`^${name}\\.(so\\.\\d+|\\d+\\.dylib)$`);
  const file = readdirSync(folder).find((entry) => pattern.test(entry));
  if (!file) throw new UsageError(`the tensorflow-cpu wheel in ${folder} has no ${name}.`);
  return file;
}

function link(to: string, at: string): void {
  rmSync(at, { force: true });
  symlinkSync(to, at);
}

/** Puts the wheel's headers and libraries where tfjs-node's build looks for its own download. */
function linkTensorflow(tensorflow: string, tfjsNode: string): void {
  const lib = path.join(tfjsNode, 'deps', 'lib');
  mkdirSync(lib, { recursive: true });
  const extension = process.platform === 'darwin' ? 'dylib' : 'so';
  const [cc, framework] = ['libtensorflow_cc', 'libtensorflow_framework'].map((name) =>
    libraryIn(tensorflow, name),
  );
  link(path.join(tensorflow, 'include'), path.join(tfjsNode, 'deps', 'include'));
  link(path.join(tensorflow, cc), path.join(lib, cc));
  link(path.join(tensorflow, framework), path.join(lib, framework));
  link(cc, path.join(lib, `libtensorflow.${extension}`));
  link(framework, path.join(lib, `libtensorflow_framework.${extension}`));
}

/** Run by Node in the project: the product of the native backend, which is wrong if the library does not fit. */
const CHECK = (tfjsNode: string) => `
const tf = require(${JSON.stringify(tfjsNode)});
const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
if (String(a.matMul(a).dataSync()) !== '7,10,15,22') process.exit(1);
console.log('ok: backend', tf.getBackend() + ', TensorFlow', tf.backend().binding.TF_Version);
`;

export async function run({ root, python }: Invocation): Promise<number> {
  if (process.platform === 'win32') throw new UsageError('tfjs:native builds on Linux and macOS only.');
  const native = path.join(root, '.native');
  const pip = ['-m', 'pip', 'install', '--quiet', '--no-deps', `tensorflow-cpu==${TENSORFLOW}`];
  await step('TensorFlow for .venv', python, pip, root);

  mkdirSync(native, { recursive: true });
  const manifest = { private: true, dependencies: { '@tensorflow/tfjs-node': TFJS_NODE } };
  writeFileSync(path.join(native, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const npm = process.env.npm_execpath?.endsWith('.js')
    ? [process.execPath, process.env.npm_execpath]
    : ['npm'];
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund'];
  await step('@tensorflow/tfjs-node for .native', npm[0], [...npm.slice(1), ...install], native);

  const scope = path.join(native, 'node_modules', '@tensorflow');
  for (const name of readdirSync(scope).filter((name) => name !== 'tfjs-node'))
    rmSync(path.join(scope, name), { recursive: true });
  const tfjsNode = path.join(scope, 'tfjs-node');
  linkTensorflow(tensorflowFolder(root), tfjsNode);

  const builder = path.join(native, 'node_modules', '@mapbox', 'node-pre-gyp', 'bin', 'node-pre-gyp');
  const prefix = path.resolve(process.execPath, '..', '..');
  const hasHeaders = existsSync(path.join(prefix, 'include', 'node', 'node_api.h'));
  const nodedir = hasHeaders ? [`--nodedir=${prefix}`] : [];
  await step(
    'The addon',
    process.execPath,
    [builder, 'install', '--build-from-source', ...nodedir],
    tfjsNode,
  );

  await step('Does it compute?', process.execPath, ['-e', CHECK(tfjsNode)], root, {
    TF_CPP_MIN_LOG_LEVEL: '3',
  });
  return 0;
}
