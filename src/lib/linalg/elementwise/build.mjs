/**
 * Builds the SIMD module from assembly/ and writes it, in base64, to simd.generated.ts: `npm run build:wasm`. The
 * binary is committed, so that using the library needs no compiler; a test builds it again and compares.
 */

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import asc from 'assemblyscript/asc';

const here = path.dirname(fileURLToPath(import.meta.url));
const generated = path.join(here, 'simd.generated.ts');

/** The bytes of the module, compiled from the sources. */
export async function build() {
  let bytes;
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      '--outFile=simd.wasm',
      '-O3',
      '--runtime=stub',
      '--enable=simd',
      '--importMemory',
      '--noExportMemory',
      // The constants lie from 2048 on, the slots of assembly/lanes.ts below, the arenas from 4096 on.
      '--memoryBase=2048',
    ],
    {
      readFile: (name) => {
        const file = path.join(here, name);
        return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : null;
      },
      writeFile: (_name, contents) => {
        bytes = contents;
      },
      listFiles: () => [],
    },
  );
  if (error) throw new Error(`assembly/ does not compile: ${error.message}\n${stderr}`);
  return bytes;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const bytes = await build();
  const lines = Buffer.from(bytes)
    .toString('base64')
    .match(/.{1,108}/g)
    .map((line) => `  '${line}'`);
  const text = `// Written by build.mjs from assembly/ (npm run build:wasm): ${bytes.length} bytes of WebAssembly.\nexport const simd: string = [\n${lines.join(',\n')},\n].join('');\n`;
  const temporary = `${generated}.new`;
  fs.writeFileSync(temporary, text);
  fs.renameSync(temporary, generated);
  console.log(`${path.relative(process.cwd(), generated)}: ${bytes.length} bytes`);
}
