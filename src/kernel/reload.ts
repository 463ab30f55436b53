/**
 * Editing the library while a notebook is open: before each cell the files behind the loaded modules are looked at,
 * and a module whose file changed is forgotten, with every module that imports it, so that the next `import` of the
 * cell loads the new code. Modules that do not depend on the change stay, with their classes and their native
 * libraries.
 */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const { cache } = createRequire(import.meta.url);

/** tsx may put a query behind the file name. */
const fileOf = (id: string): string => id.split('?')[0];

function modificationTime(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return -1; // deleted, or being replaced at this moment: changed in any case
  }
}

/** Packages do not change, and the kernel does not reload itself. */
function mayChange(id: string): boolean {
  const file = fileOf(id);
  return (
    path.isAbsolute(file) &&
    !file.split(path.sep).includes('node_modules') &&
    path.dirname(file) !== import.meta.dirname
  );
}

export class Reloader {
  private readonly times = new Map<string, number>();

  /** Forgets what changed since the last call; notes the times of what is new. */
  forgetChanged(): void {
    const ours = Object.keys(cache).filter(mayChange);
    const stale = ours.filter((id) => {
      const time = modificationTime(fileOf(id));
      const known = this.times.get(id);
      this.times.set(id, time);
      return known !== undefined && known !== time;
    });
    if (stale.length > 0) this.forget(stale, ours);
  }

  private forget(stale: string[], ours: readonly string[]): void {
    const importers = new Map<string, string[]>();
    for (const id of ours) {
      for (const child of cache[id]?.children ?? []) {
        importers.set(child.id, [...(importers.get(child.id) ?? []), id]);
      }
    }
    const pending = [...stale];
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      if (!cache[id]) continue;
      delete cache[id];
      this.times.delete(id);
      pending.push(...(importers.get(id) ?? []));
    }
  }
}
