/** Every notebook is a pair, and the page that people read was made by the source that is reviewed. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { venvPython } from '../../src/cli/setup.mjs';
import { listStudies } from '../../src/cli/studies';
import { root } from './checkout';

const notebooks = path.join(root, 'notebooks');

test.each(listStudies(root).map(({ stem, source }) => [stem, source]))(
  '%s: the page is of its source',
  (stem, source) => {
    const page = path.join(notebooks, `${stem}.ipynb`);
    expect(existsSync(page), 'run npm run reproduce, then npm run publish-results').toBe(true);
    const script = path.join(root, 'src', 'cli', 'notebooks.py');
    const found = JSON.parse(
      execFileSync(venvPython(root), ['-B', script, 'check', source, page], { encoding: 'utf8' }),
    );
    expect(found).toEqual({ sameSource: true, complete: true, errors: 0 });
    expect(readFileSync(page, 'utf8')).not.toContain(root);
  },
);

test('no page is without its source', () => {
  const pages = readdirSync(notebooks).filter((file) => file.endsWith('.ipynb'));
  expect(pages.filter((file) => !existsSync(path.join(notebooks, file.replace(/ipynb$/, 'ts'))))).toEqual([]);
});
