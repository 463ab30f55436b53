/**
 * Where every command of package.json starts: `node src/cli/bootstrap.mjs <command> [arguments]`. It installs what
 * is missing (setup.mjs), then hands over to the command's own file, written in TypeScript. It needs nothing but
 * Node, and an old Node must be able to read it far enough to say that it is too old.
 */
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const COMMANDS = {
  test: 'type-check, lint and test; arguments go to vitest',
  reproduce: 'run the notebooks: [study…] [--profile smoke|quick|paper]',
  lab: 'open JupyterLab on notebooks/; arguments go to JupyterLab',
  bench: 'measure against the Python peers; arguments go to bench/index.ts',
  'publish-results': 'copy executed quick notebooks and the scorecards of out/ into notebooks/',
  'tfjs-native': 'build @tensorflow/tfjs-node for this machine (optional)',
};

/** @param {string} sentence */
function fail(sentence) {
  process.stderr.write(`kernelbook: ${sentence}\n`);
  process.exitCode = 1;
}

async function main() {
  const [command, ...args] = process.argv.slice(2);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    return fail(
      `Node.js 20.19 or newer is needed, and this is ${process.versions.node}: install one from https://nodejs.org.`,
    );
  }
  if (!Object.hasOwn(COMMANDS, command ?? '')) {
    const list = Object.entries(COMMANDS).map(([name, what]) => `  ${name.padEnd(16)} ${what}`);
    return fail(`there is no command "${command ?? ''}"; there are\n${list.join('\n')}`);
  }
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
  const { setUp, SetupError } = await import('./setup.mjs');
  try {
    const { python } = await setUp({
      root,
      env: process.env,
      say: (line) => process.stdout.write(`${line}\n`),
    });
    const { register } = await import('tsx/esm/api');
    register();
    const { run } = await import(pathToFileURL(path.join(root, 'src', 'cli', `${command}.ts`)).href);
    process.exitCode = await run({ root, python, args });
  } catch (error) {
    const isForUser = error instanceof SetupError || error?.name === 'UsageError';
    if (!isForUser) throw error;
    fail(error.message);
  }
}

await main();
