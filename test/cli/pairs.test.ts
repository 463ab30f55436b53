/** Every notebook is a pair, and the page that people read was made by the source that is reviewed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { checkNotebooks } from '../../src/cli/publish-results';
import { venvPython } from '../../src/cli/setup.mjs';
import { listStudies } from '../../src/cli/studies';
import { root } from './checkout';

const notebooks = path.join(root, 'notebooks');
const pairs = listStudies(root).map(({ stem, source }) => ({
  stem,
  source,
  executed: path.join(notebooks, `${stem}.ipynb`),
}));

test('every source has its page', () => {
  const missing = pairs.filter(({ executed }) => !existsSync(executed)).map(({ stem }) => stem);
  expect(missing, 'run npm run reproduce, then npm run publish-results').toEqual([]);
});

test('every page is of its source, whole, without an error or a path of the machine it was made on', () => {
  const present = pairs.filter(({ executed }) => existsSync(executed));
  const checks = checkNotebooks(present, { root, python: venvPython(root) });
  const whole = { sameSource: true, complete: true, errors: 0, local: false };
  expect(
    present.map(({ stem, executed }, i) => {
      const local = readFileSync(executed, 'utf8').includes(root);
      return { stem, ...checks[i], local };
    }),
  ).toEqual(present.map(({ stem }) => ({ stem, ...whole })));
});

test('no page is without its source', () => {
  const pages = readdirSync(notebooks).filter((file) => file.endsWith('.ipynb'));
  expect(pages.filter((file) => !existsSync(path.join(notebooks, file.replace(/ipynb$/, 'ts'))))).toEqual([]);
});
