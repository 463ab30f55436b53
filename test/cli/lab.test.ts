/**
 * `npm run lab`, seen through a browser. Needs Chromium (on the PATH, or named by CHROMIUM); skipped without.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Checkout } from './checkout';

const PATIENCE = 120_000;

function findChromium(): string | undefined {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find(existsSync);
}

const executablePath = findChromium();
if (!executablePath)
  console.warn('No Chromium on the PATH, and CHROMIUM is not set: JupyterLab is not tested.');

/** A port that was free a moment ago. */
const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

const SPEC = {
  $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
  data: { values: [0, 1, 2, 3].map((x) => ({ x, y: x * x })) },
  mark: 'line',
  encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
};

const CELLS = [
  "import { Matrix } from '#lib';\nconst m = Matrix.zeros(2, 3);",
  `(globalThis as any).__tslabDisplay({ data: { 'application/vnd.vegalite.v5+json': ${JSON.stringify(SPEC)}, 'text/plain': 'squares' }, metadata: {}, transient: {} });`,
  "await new Promise((r) => setTimeout(r, 300));\n'third ' + m.rows",
  "'fourth ' + m.cols",
  'm.ro',
  "'never'",
];

const notebook = {
  cells: CELLS.map((source, i) => ({
    cell_type: 'code',
    id: `cell-${i}`,
    metadata: {},
    source,
    outputs: [],
    execution_count: null,
  })),
  metadata: {
    kernelspec: { name: 'tslab', language: 'typescript', display_name: 'TypeScript (Kernelbook)' },
  },
  nbformat: 4,
  nbformat_minor: 5,
};

describe.skipIf(!executablePath)('JupyterLab', { timeout: PATIENCE }, () => {
  let checkout: Checkout;
  let lab: ReturnType<Checkout['start']>;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    checkout = Checkout.ready({ 'notebooks/page.ipynb': JSON.stringify(notebook) });
    const port = await freePort();
    lab = checkout.start(
      [
        'lab',
        ...['--no-browser', '--allow-root', '--ip=127.0.0.1', `--port=${port}`, '--ServerApp.port_retries=0'],
        ...["--IdentityProvider.token=''", "--ServerApp.password=''"],
      ],
      // Settings and workspaces of its own, not the user's.
      {
        JUPYTER_CONFIG_DIR: checkout.path('config'),
        JUPYTER_DATA_DIR: checkout.path('data-dir'),
        HOME: checkout.folder,
      },
    );
    const url = `http://127.0.0.1:${port}`;
    let answer: number | undefined;
    for (let i = 0; i < 300 && answer !== 200 && lab.exitCode === null; i++) {
      await delay(300);
      answer = await fetch(`${url}/api/status`).then(
        ({ status }) => status,
        () => undefined,
      );
    }
    if (answer !== 200) throw new Error('JupyterLab did not start');
    browser = await chromium.launch({
      executablePath,
      args: [
        ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ],
    });
    page = await browser.newPage({ viewport: { width: 1200, height: 1400 } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`${url}/lab/tree/page.ipynb?reset`);
    // The page shows "idle" before it has a kernel, and would ask for one.
    const connected = async () => {
      const kernels = await fetch(`${url}/api/kernels`).then((answer) => answer.json());
      return (kernels as { execution_state: string; connections: number }[]).some(
        ({ execution_state, connections }) => execution_state === 'idle' && connections > 0,
      );
    };
    while (!(await connected())) await delay(300);
    await page.waitForSelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]');
    await delay(1000);
    await page.getByRole('menuitem', { name: 'Run', exact: true }).click();
    await page.getByText('Run All Cells', { exact: true }).click();
    // The fifth cell fails, and the sixth is told so: then nothing runs any more.
    await page.waitForFunction(
      `(() => {
        const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map((p) => p.textContent);
        return prompts[4] === '[5]:' && !prompts.some((text) => text.includes('*'));
      })()`,
    );
  }, 2 * PATIENCE);

  afterAll(async () => {
    await browser?.close();
    lab?.kill('SIGTERM');
    await lab?.ended;
    checkout?.remove();
  });

  const outputOf = (cell: number) =>
    page.locator('.jp-CodeCell').nth(cell).locator('.jp-OutputArea-output').allInnerTexts();

  test('runs all cells and shows each result under its own cell', async () => {
    expect(await outputOf(2)).toEqual(['third 2']);
    expect(await outputOf(3)).toEqual(['fourth 3']);
  });

  test('draws a Vega-Lite chart', async () => {
    await page.waitForSelector('.vega-embed canvas, .vega-embed svg');
    const cell = page.locator('.jp-CodeCell').nth(1);
    expect(await cell.locator('.vega-embed canvas, .vega-embed svg').count()).toBeGreaterThan(0);
  });

  test('shows a type error under its cell and does not run the next', async () => {
    expect((await outputOf(4)).join()).toContain("Property 'ro' does not exist on type 'Matrix");
    expect(await page.locator('.jp-CodeCell').nth(5).locator('.jp-InputPrompt').innerText()).toBe('[ ]:');
  });

  test('completes with the types of the library, and shows a signature', async () => {
    const editor = page.locator('.jp-CodeCell').nth(4).locator('.cm-content');
    await editor.click();
    await page.keyboard.press('End');
    await page.keyboard.press('Tab');
    await page.waitForFunction(
      `[...document.querySelectorAll('.jp-Completer-item')].some((item) => item.textContent.includes('rows')) ||
        document.querySelectorAll('.jp-CodeCell .cm-content')[4].textContent === 'm.rows'`,
    );
    await page.keyboard.press('Escape');
    await editor.click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('m.rows');
    await page.keyboard.press('Shift+Tab');
    const tooltip = page.locator('.jp-Tooltip');
    await tooltip.waitFor();
    expect(await tooltip.innerText()).toContain('rows: number');
  });
});
