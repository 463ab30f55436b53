/**
 * Where the time of a piece of work goes, from V8's sampling profiler: calls of the native library, element-wise
 * work, collecting garbage, and the files in which the rest is spent.
 */

import { Session } from 'node:inspector/promises';

interface ProfileNode {
  id: number;
  callFrame: { functionName: string; url: string };
  children?: number[];
}

/** Shares of the time, largest first: `products 71 %`, `elementwise 18 %` … */
export async function profile(work: () => unknown): Promise<{ part: string; share: number }[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  await work();
  const { profile: recorded } = await session.post('Profiler.stop');
  session.disconnect();
  const nodes = new Map((recorded.nodes as ProfileNode[]).map((node) => [node.id, node]));
  const parents = new Map<number, ProfileNode>();
  for (const node of nodes.values()) for (const child of node.children ?? []) parents.set(child, node);
  const time = new Map<string, number>();
  let total = 0;
  const { samples = [], timeDeltas = [] } = recorded;
  for (let i = 0; i < samples.length; i++) {
    const name = part(nodes.get(samples[i])!, parents);
    if (name === undefined) continue;
    time.set(name, (time.get(name) ?? 0) + timeDeltas[i]);
    total += timeDeltas[i];
  }
  return [...time]
    .map(([name, micros]) => ({ part: name, share: micros / (total || 1) }))
    .sort((a, b) => b.share - a.share)
    .filter(({ share }) => share >= 0.01);
}

/** The part that a sample belongs to; native code and V8's own have no file, and go to the caller that has one. */
function part(node: ProfileNode, parents: Map<number, ProfileNode>): string | undefined {
  const { functionName } = node.callFrame;
  if (functionName === '(garbage collector)') return 'allocation';
  if (functionName === '(idle)') return 'native, off the main thread';
  if (functionName === '(program)') return 'runtime';
  let frame: ProfileNode | undefined = node;
  while (frame && !frame.callFrame.url) frame = parents.get(frame.id);
  const url = frame?.callFrame.url ?? '';
  if (url.startsWith('wasm') || /\/elementwise\//.test(url)) return 'elementwise';
  if (/\/linalg\/native\//.test(url)) return 'native library';
  return /\/(src|bench)\/(.*)\.ts/.exec(url)?.[2] ?? 'runtime';
}
