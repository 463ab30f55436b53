/**
 * A side of a benchmark: a child process that answers one JSON line for each it is sent. What it writes to stderr is
 * kept for the message when it fails.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class Conversation {
  private readonly child: ChildProcess;
  private waiting: { resolve(answer: unknown): void; reject(error: Error): void } | undefined;
  private stderr = '';
  private ended: Error | undefined;

  constructor(command: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }) {
    this.child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.stderr?.on('data', (text) => {
      this.stderr = (this.stderr + text).slice(-4000);
    });
    createInterface({ input: this.child.stdout! }).on('line', (line) => {
      const { waiting } = this;
      this.waiting = undefined;
      try {
        waiting?.resolve(JSON.parse(line));
      } catch {
        waiting?.reject(new Error(`answered with ${line.slice(0, 200)}`));
      }
    });
    const end = (error: Error) => {
      this.ended ??= error;
      this.waiting?.reject(this.ended);
    };
    this.child.on('error', end);
    this.child.on('close', (code) => end(new Error(lastLine(this.stderr) || `ended with code ${code}`)));
    this.child.stdin?.on('error', () => undefined); // the process has ended: 'close' says so
  }

  /** Sends a message and waits for its answer; rejects when the process ends or answers with an error. */
  async ask<T>(message: object): Promise<T> {
    if (this.ended) throw this.ended;
    const answer = await new Promise<unknown>((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.child.stdin?.write(`${JSON.stringify(message)}\n`);
    });
    const { error } = answer as { error?: string };
    if (error !== undefined) throw new Error(error);
    return answer as T;
  }

  close(): void {
    this.child.stdin?.end();
    this.child.kill();
  }
}

const lastLine = (text: string) => text.trim().split('\n').at(-1) ?? '';
