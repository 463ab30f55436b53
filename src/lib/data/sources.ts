/**
 * Where the files of a data set come from. A set names its files with the checksums of their contents (gzip undone),
 * and its sources in order; each source is tried until one gives all files with the right checksums. What a source
 * could not give, and why, is kept for the one error at the end.
 */

import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { get } from 'node:https';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { DataError, KernelbookError } from '../errors';
import { dataFolder, progress, projectRoot } from '../run';
import { gunzipped } from './idx';
import { untar } from './tar';

/** A file of a data set. */
export interface DataFile {
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the content, gzip undone. */
  readonly sha256: string;
}

/** What is known of a data set before any of it is read. */
export interface DataSetDescription {
  /** The name of its folder in `data/`. */
  readonly folder: string;
  readonly title: string;
  readonly files: readonly DataFile[];
  /** A gzipped tar archive that holds the files, as the official page offers it. */
  readonly archive?: DataFile;
  readonly sources: readonly Source[];
  /** The page of the set. */
  readonly page: string;
}

/** A place that may have the files. */
export interface Source {
  readonly name: string;
  /** The contents of the files, by name, not yet checked. Throws with one sentence that says why not. */
  fetch(set: DataSetDescription): Promise<Map<string, Uint8Array>> | Map<string, Uint8Array>;
  /** Whether it asks the network: such sources are left out when KERNELBOOK_OFFLINE is set. */
  readonly remote?: boolean;
}

/** The files of a set, and where they came from. */
export interface Located {
  files: Map<string, Uint8Array>;
  source: string;
}

/**
 * The files of a data set from the first source that has them all with the right checksums. Throws a DataError that
 * says what each source lacked and where to put which file.
 */
export async function locate(set: DataSetDescription): Promise<Located> {
  const failures: string[] = [];
  const damaged: string[] = [];
  for (const source of set.sources) {
    if (source.remote && process.env.KERNELBOOK_OFFLINE) {
      failures.push(`${source.name}: not asked, KERNELBOOK_OFFLINE is set`);
      continue;
    }
    try {
      const files = await source.fetch(set);
      for (const file of set.files) checkContent(file, files.get(file.name), source.name);
      if (damaged.length > 0)
        process.emitWarning(`${set.title} is read from ${source.name}, because of ${damaged.join('; ')}`);
      return { files, source: source.name };
    } catch (error) {
      failures.push(`${source.name}: ${reason(error)}`);
      if (!source.remote && !(error instanceof Absent)) damaged.push(reason(error));
    }
  }
  const folder = shown(folderOf(set));
  const names = set.files.map((file) => file.name).join(', ');
  throw new DataError({
    what: set.title,
    expected: `its files (${names}) from one of its sources`,
    got: failures.join('; '),
    todo: `Download ${set.archive ? set.archive.name : 'them (gzipped or not)'} from ${set.page} and put ${set.archive ? 'it, or the files in it,' : 'them'} into ${folder}/.`,
  });
}

/** The folder that users put files in: `data/<set>/`. Files may be gzipped, or be the archive. */
export function folderSource(): Source {
  return {
    name: 'data/',
    fetch(set) {
      const folder = folderOf(set);
      const files = new Map<string, Uint8Array>();
      const archive = set.archive && join(folder, set.archive.name);
      if (archive && existsSync(archive) && !existsSync(join(folder, set.files[0].name)))
        return untar(readFileSync(archive), shown(archive));
      for (const file of set.files) {
        const path = [file.name, `${file.name}.gz`].map((name) => join(folder, name)).find(existsSync);
        if (!path) throw new Absent(`${shown(join(folder, file.name))} is not there`);
        files.set(file.name, checkContent(file, gunzipped(readFileSync(path), shown(path)), shown(path)));
      }
      return files;
    },
  };
}

/** A package of node_modules that holds the files in one of its folders. */
export function packageSource(name: string, folder: string): Source {
  return {
    name: `npm ${name}`,
    fetch(set) {
      let root: string;
      try {
        root = dirname(createRequire(join(projectRoot(), 'package.json')).resolve(`${name}/package.json`));
      } catch {
        throw new Absent('the package is not installed (npm install)');
      }
      return new Map(
        set.files.map((file) => {
          const path = join(root, folder, file.name);
          if (!existsSync(path)) throw new Error(`${file.name} is not in the package`);
          return [file.name, gunzipped(readFileSync(path), path)];
        }),
      );
    },
  };
}

const run = promisify(execFile);

/** A folder of the system that holds the files gzipped, as an installed package leaves them. */
export function systemSource(folder: string): Source {
  return { name: folder, fetch: (set) => gzippedFiles(folder, set) };
}

function gzippedFiles(folder: string, set: DataSetDescription): Map<string, Uint8Array> {
  return new Map(
    set.files.map((file) => {
      const path = join(folder, `${file.name}.gz`);
      if (!existsSync(path)) throw new Absent(`${file.name}.gz is not there`);
      return [file.name, gunzipped(readFileSync(path), path)];
    }),
  );
}

/**
 * A Debian package that installs gzipped files in `folder`: downloaded, unpacked without root, and the files kept in
 * `data/<set>/`.
 */
export function debianSource(name: string, folder: string): Source {
  return {
    name: `Debian ${name}`,
    remote: true,
    async fetch(set) {
      const temporary = temporaryFolder();
      const shownProgress = progress(2, `${set.title}: Debian package ${name}`);
      try {
        await command(
          'apt-get',
          ['-o', 'Acquire::Retries=1', '-o', 'Acquire::http::Timeout=20', 'download', name],
          temporary,
        );
        shownProgress.tick();
        const deb = readdirSync(temporary).find((file) => file.endsWith('.deb'));
        if (!deb) throw new Error('apt-get left no package');
        await command('dpkg-deb', ['-x', deb, 'unpacked'], temporary);
        shownProgress.tick();
        const files = gzippedFiles(join(temporary, 'unpacked', folder), set);
        for (const file of set.files) checkContent(file, files.get(file.name), name);
        mkdirSync(folderOf(set), { recursive: true });
        for (const file of set.files)
          renameSync(
            join(temporary, 'unpacked', folder, `${file.name}.gz`),
            join(folderOf(set), `${file.name}.gz`),
          );
        return files;
      } finally {
        shownProgress.done();
        rmSync(temporary, { recursive: true, force: true });
      }
    },
  };
}

/** Downloads: each file gzipped at `base/<file>.gz`, or the set's archive at `base/<archive>`; kept in `data/<set>/`. */
export function downloadSource(base: string, { timeoutMs = 10_000 } = {}): Source {
  return {
    name: new URL(base).host,
    remote: true,
    async fetch(set) {
      const wanted = set.archive ? [set.archive] : set.files;
      const temporary = temporaryFolder();
      const shownProgress = progress(wanted.length, `${set.title}: ${new URL(base).host}`);
      try {
        const files = new Map<string, Uint8Array>();
        const names = wanted.map((file) => (set.archive ? file.name : `${file.name}.gz`));
        for (const [i, file] of wanted.entries()) {
          const path = join(temporary, names[i]);
          await download(`${base}/${names[i]}`, path, file.bytes, timeoutMs);
          const bytes = readFileSync(path);
          if (set.archive) {
            checkContent(set.archive, bytes, base);
            for (const [name, content] of untar(bytes, names[i])) files.set(name, content);
          } else files.set(file.name, checkContent(file, gunzipped(bytes, names[i]), base));
          shownProgress.tick();
        }
        mkdirSync(folderOf(set), { recursive: true });
        for (const name of names) renameSync(join(temporary, name), join(folderOf(set), name));
        return files;
      } finally {
        shownProgress.done();
        rmSync(temporary, { recursive: true, force: true });
      }
    },
  };
}

/** Nothing is wrong: a source just does not have the files. */
class Absent extends Error {}

function checkContent(file: DataFile, content: Uint8Array | undefined, where: string): Uint8Array {
  if (!content) throw new Error(`${file.name} is not in ${where}`);
  if (content.length !== file.bytes || createHash('sha256').update(content).digest('hex') !== file.sha256)
    throw new Error(`${file.name} in ${where} has the wrong checksum (torn, changed, or another file)`);
  return content;
}

/** One request, at most `limit` bytes and a little, no longer than `timeoutMs` without a byte. */
async function download(
  url: string,
  path: string,
  limit: number,
  timeoutMs: number,
  redirects = 3,
): Promise<void> {
  const stop = new AbortController();
  // A name that does not resolve and a host that does not answer both count as silence.
  let silence = setTimeout(() => stop.abort(), timeoutMs);
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => stop.abort(), timeoutMs);
  };
  try {
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      get(url, { signal: stop.signal }, resolve).on('error', reject);
    });
    const { statusCode = 0, headers } = response;
    if (statusCode >= 300 && statusCode < 400 && headers.location && redirects > 0) {
      response.destroy();
      const next = new URL(headers.location, url);
      if (next.protocol !== 'https:')
        throw new Error(`${url} leads to ${next.protocol}//, which is not safe`);
      return await download(next.href, path, limit, timeoutMs, redirects - 1);
    }
    if (statusCode !== 200) {
      response.destroy();
      throw new Error(`${url} answered ${statusCode}`);
    }
    let received = 0;
    response.on('data', (chunk: Buffer) => {
      heard();
      received += chunk.length;
      if (received > limit + 65_536)
        response.destroy(new Error(`${url} sent more than the file should have`));
    });
    await pipeline(response, createWriteStream(path));
  } catch (error) {
    if (stop.signal.aborted) throw new Error(`${url} gave no answer for ${timeoutMs / 1000} s`);
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code ? `${url} cannot be reached (${code})` : message);
  } finally {
    clearTimeout(silence);
  }
}

async function command(name: string, args: string[], cwd: string): Promise<void> {
  try {
    await run(name, args, { cwd, timeout: 180_000, env: { ...process.env, LC_ALL: 'C' } });
  } catch (error) {
    const { code, stderr, killed } = error as { code?: string | number; stderr?: string; killed?: boolean };
    if (code === 'ENOENT') throw new Error(`${name} is not on this machine`);
    if (killed) throw new Error(`${name} took longer than 3 minutes`);
    const line = stderr?.split('\n').find((text) => text.startsWith('E:')) ?? `exit ${code}`;
    throw new Error(`${name} failed (${line.trim()}; apt-get update may help)`);
  }
}

/** A new folder within `data/`, so that files can be renamed from it to their places. */
function temporaryFolder(): string {
  mkdirSync(dataFolder(), { recursive: true });
  return mkdtempSync(join(dataFolder(), `.fetch-${process.pid}-${randomBytes(2).toString('hex')}-`));
}

function folderOf(set: DataSetDescription): string {
  return join(dataFolder(), set.folder);
}

/** A path as users know it: from the root of the project where it lies within. */
export function shown(path: string): string {
  const short = relative(projectRoot(), path);
  return short.startsWith('..') ? path : short;
}

function reason(error: unknown): string {
  if (error instanceof KernelbookError) return error.message.replace(/\.$/, '');
  return error instanceof Error ? error.message : String(error);
}
