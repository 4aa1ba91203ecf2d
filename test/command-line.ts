import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../server/dist/cli.js', import.meta.url));

export interface CommandResult {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built command line to its end. */
export function runCommand(...args: string[]): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

export interface RunningCommand {
  /** The first line on stdout: the address to open. */
  address: string;
  process: ChildProcess;
  /** What it has written to stderr so far. */
  stderr(): string;
  stop(): Promise<void>;
}

/** Starts `serve` or `demo` of the built command line and waits for its address. */
export function startCommand(...args: string[]): Promise<RunningCommand> {
  return startCommandAs(undefined, ...args);
}

/** The same by another user of the system. */
export function startCommandAs(uid: number | undefined, ...args: string[]): Promise<RunningCommand> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'], uid });
    let stderr = '';
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    const exited = new Promise<void>((done) => child.once('exit', () => done()));
    child.once('exit', (status) => reject(new Error(`exit status ${status} before an address:\n${stderr}`)));
    createInterface({ input: child.stdout }).once('line', (address) => {
      resolve({
        address,
        process: child,
        stderr: () => stderr,
        stop: async () => {
          child.kill('SIGTERM');
          await exited;
        },
      });
    });
  });
}

/** A new empty folder. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'openseadragon-cam-'));
}
