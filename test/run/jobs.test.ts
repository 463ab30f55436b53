import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { InterruptedError, ProfileError, ValueError } from '../../src/lib/errors';
import {
  cacheFolder,
  dataFolder,
  duration,
  onProgress,
  outFolder,
  type ProgressEvent,
  pick,
  profile,
  progress,
  progressText,
  projectRoot,
  runJobs,
} from '../../src/lib/run';

const base = mkdtempSync(join(tmpdir(), 'kernelbook-jobs-'));
afterAll(() => rmSync(base, { recursive: true }));
afterEach(() => {
  vi.unstubAllEnvs();
});
const newFolder = () => mkdtempSync(join(base, 'test-'));

/** The events of what `during` does. */
async function eventsOf(during: () => unknown): Promise<ProgressEvent[]> {
  const events: ProgressEvent[] = [];
  const stop = onProgress((event) => events.push(event));
  try {
    await during();
  } finally {
    stop();
  }
  return events;
}

describe('jobs', () => {
  const descriptions = [3, 1, 2, 1].map((seed) => ({ seed }));

  test('give results in the order of their descriptions, and equal ones are computed once', async () => {
    const compute = vi.fn(({ seed }: { seed: number }) => seed * seed);
    const folder = newFolder();
    expect(await runJobs('squares', descriptions, compute, { folder })).toEqual([9, 1, 4, 1]);
    expect(compute).toHaveBeenCalledTimes(3);
    expect(await runJobs('squares', [...descriptions].reverse(), compute, { folder })).toEqual([1, 4, 1, 9]);
    expect(compute).toHaveBeenCalledTimes(3);
  });

  test('run several at once where asked, in the order of their results, equal ones once', async () => {
    let underWay = 0;
    let most = 0;
    const compute = vi.fn(async ({ seed }: { seed: number }) => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, 5 * seed));
      underWay--;
      return seed * seed;
    });
    const many = [3, 1, 1, 2, 3, 4].map((seed) => ({ seed }));
    const options = { folder: newFolder(), atOnce: 2 };
    expect(await runJobs('at-once', many, compute, options)).toEqual([9, 1, 1, 4, 9, 16]);
    expect(compute).toHaveBeenCalledTimes(4);
    expect(most).toBe(2);
    await expect(runJobs('at-once', many, compute, { ...options, atOnce: 0 })).rejects.toThrow(ValueError);
  });

  test('that run at once end together when one fails, and what was finished is kept', async () => {
    const options = { folder: newFolder(), atOnce: 2 };
    const ended: number[] = [];
    const compute = vi.fn(async ({ seed }: { seed: number }) => {
      await new Promise((resolve) => setTimeout(resolve, seed === 1 ? 5 : 20));
      if (seed === 1) throw new RangeError('seed 1');
      ended.push(seed);
      return seed;
    });
    const seeds = [1, 2, 3, 4].map((seed) => ({ seed }));
    await expect(runJobs('failing', seeds, compute, options)).rejects.toThrow('seed 1');
    expect(ended).toEqual([2]);
    await expect(runJobs('failing', [{ seed: 2 }], compute, options)).resolves.toEqual([2]);
    expect(compute).toHaveBeenCalledTimes(2);
  });

  test('stop at a signal with an InterruptedError, and go on from there', async () => {
    const folder = newFolder();
    const stop = new AbortController();
    const compute = vi.fn(({ seed }: { seed: number }) => {
      if (seed === 1) stop.abort();
      return seed;
    });
    const run = () => runJobs('stopped', descriptions, compute, { folder, signal: stop.signal });
    await expect(run()).rejects.toThrow(InterruptedError);
    await expect(run()).rejects.toThrow(/stop after 0/);
    expect(compute).toHaveBeenCalledTimes(2);
    expect(await runJobs('stopped', descriptions, compute, { folder })).toEqual([3, 1, 2, 1]);
    expect(compute).toHaveBeenCalledTimes(3);
  });

  test('let the event loop run between them', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await runJobs(
      'yields',
      [1, 2, 3, 4, 5],
      (k) => {
        const end = performance.now() + 4;
        while (performance.now() < end);
        return k;
      },
      { folder: newFolder() },
    );
    clearInterval(timer);
    expect(turns).toBeGreaterThanOrEqual(2);
  });

  test('say how far they are, also when one fails', async () => {
    const folder = newFolder();
    const events = await eventsOf(() =>
      runJobs(
        'shown',
        [1, 2, 3],
        (k) => {
          if (k === 3) throw new Error('third');
          return k;
        },
        { folder, progress: 'seeds' },
      ).catch(() => {}),
    );
    const last = events.at(-1)!;
    expect(last).toMatchObject({ label: 'seeds', completed: 2, total: 3, finished: true });
    expect(await eventsOf(() => runJobs('shown', [1], () => 1, { folder, progress: false }))).toEqual([]);
  });
});

describe('progress', () => {
  test('starts, ends once, and estimates from the steps that took time', async () => {
    const events = await eventsOf(async () => {
      const p = progress(10, 'training');
      p.skip(4);
      await new Promise((resolve) => setTimeout(resolve, 150));
      p.tick(3, 'loss 0.5');
      p.done();
      p.done();
      p.tick();
    });
    expect(events.map(({ completed, finished }) => [completed, finished])).toEqual([
      [0, false],
      [7, false],
      [7, true],
    ]);
    expect(events[0].remainingSeconds).toBeUndefined();
    const { elapsedSeconds, remainingSeconds, note } = events[1];
    expect(remainingSeconds).toBeAllclose(elapsedSeconds, { rtol: 1e-12 }); // 3 steps done, 3 left
    expect(note).toBe('loss 0.5');
    expect(events[2].remainingSeconds).toBe(0);
  });

  test('is quiet between: a million steps give few events', async () => {
    const start = performance.now();
    const events = await eventsOf(() => {
      const p = progress(1e6, 'steps');
      for (let i = 0; i < 1e6; i++) p.tick();
      p.done();
    });
    expect(events.length).toBeLessThanOrEqual(3 + (performance.now() - start) / 100);
    expect(events.at(-1)?.completed).toBe(1e6);
  });

  test('draws on stderr only where that is a terminal and nobody listens', () => {
    const write = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
    const wasTTY = process.stderr.isTTY;
    const run = () => progress(2, 'drawn').done();
    process.stderr.isTTY = false;
    run();
    expect(write).not.toHaveBeenCalled();
    process.stderr.isTTY = true;
    const stop = onProgress(() => {});
    run();
    expect(write).not.toHaveBeenCalled();
    stop();
    run();
    expect(write.mock.calls.map(([text]) => String(text)).join('')).toMatch(/drawn {2}0\/2.*\n$/s);
    process.stderr.isTTY = wasTTY;
    write.mockRestore();
  });

  test('is told in one line', () => {
    const event = {
      label: 'training',
      completed: 120,
      total: 200,
      elapsedSeconds: 12,
      note: 'loss 0.03',
      finished: false,
      id: 1,
    };
    expect(progressText({ ...event, remainingSeconds: 8 })).toBe(
      'training  120/200  60 %  8.0 s left  loss 0.03',
    );
    expect([0.04, 9.96, 59.4, 200, 7500].map(duration)).toEqual([
      '0.0 s',
      '10 s',
      '59 s',
      '3 min 20 s',
      '2 h 5 min',
    ]);
    expect(() => progress(Number.NaN, 'x')).toThrow(ValueError);
  });
});

describe('profiles and folders', () => {
  test('the profile is quick unless KERNELBOOK_PROFILE names another', () => {
    const sizes = { smoke: 1, quick: 2, paper: 3 };
    vi.stubEnv('KERNELBOOK_PROFILE', undefined);
    expect([profile(), pick(sizes)]).toEqual(['quick', 2]);
    for (const name of ['smoke', 'quick', 'paper'] as const) {
      vi.stubEnv('KERNELBOOK_PROFILE', name);
      expect([profile(), pick(sizes)]).toEqual([name, sizes[name]]);
      expect(outFolder()).toBe(join(projectRoot(), 'out', name));
    }
  });

  test('an unknown profile is a ProfileError that lists the three', () => {
    vi.stubEnv('KERNELBOOK_PROFILE', 'fast');
    expect(profile).toThrow(ProfileError);
    expect(profile).toThrow(/smoke, quick, paper, got "fast"/);
    expect(outFolder).toThrow(ProfileError);
  });

  test('folders lie below the root of the project, or where the environment says', () => {
    vi.stubEnv('KERNELBOOK_PROFILE', 'smoke');
    expect(cacheFolder()).toBe(join(projectRoot(), '.cache'));
    expect(dataFolder()).toBe(join(projectRoot(), 'data'));
    vi.stubEnv('KERNELBOOK_OUT', 'elsewhere');
    vi.stubEnv('KERNELBOOK_CACHE', base);
    expect(outFolder()).toBe(join(projectRoot(), 'elsewhere', 'smoke'));
    expect(cacheFolder()).toBe(base);
  });
});
