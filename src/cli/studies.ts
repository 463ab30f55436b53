/** The studies of the book, by their notebooks, and how the command line names them. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { UsageError } from './program';

/** One study: `notebooks/02-trntk-surrogates.ts` is `{ number: '02', name: 'trntk-surrogates' }`. */
export interface Study {
  number: string;
  name: string;
  /** The notebook's file name without ending, `02-trntk-surrogates`. */
  stem: string;
  /** The notebook's source. */
  source: string;
}

const NOTEBOOK = /^((\d\d)-([a-z0-9-]+))\.ts$/;

/** All studies, in the order of their numbers. */
export function listStudies(root: string): Study[] {
  const folder = path.join(root, 'notebooks');
  return readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const match = NOTEBOOK.exec(file);
      return match
        ? [{ stem: match[1], number: match[2], name: match[3], source: path.join(folder, file) }]
        : [];
    });
}

/**
 * The study meant by a word: its number, its name, or any beginning of its name or of one of the name's parts, if
 * only one study fits: `2`, `02`, `trntk`, `surr` for trntk-surrogates.
 * @throws UsageError naming the studies
 */
export function findStudy(word: string, studies: readonly Study[]): Study {
  const asked = path
    .basename(word)
    .replace(/\.(ts|ipynb)$/, '')
    .toLowerCase();
  const exact = studies.filter(
    ({ name, stem, number }) => [name, stem, number].includes(asked) || String(Number(number)) === asked,
  );
  const found =
    exact.length > 0
      ? exact
      : studies.filter(({ name, stem }) => stem.startsWith(asked) || `-${name}`.includes(`-${asked}`));
  if (found.length === 1 && asked !== '') return found[0];
  const names = studies.map(({ stem }) => stem).join(', ') || 'none yet';
  throw new UsageError(
    found.length > 1 && asked !== ''
      ? `"${word}" could be ${found.map(({ stem }) => stem).join(' or ')}; write more of it.`
      : `there is no study "${word}"; the studies are ${names}.`,
  );
}
