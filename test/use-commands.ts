import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import type { CommandResult } from './command-line.ts';

/**
 * Runs commands of the built command line for the tests of a file, one after another in a process that is started once:
 * that is most of what a short command takes. It has to end by itself after the last.
 */
export function useCommands(): (...args: string[]) => Promise<CommandResult> {
  let runner: ChildProcess;
  beforeAll(() => {
    runner = fork(fileURLToPath(new URL('command-runner.mjs', import.meta.url)), { execArgv: [] });
  });
  afterAll(async () => {
    const ended = once(runner, 'exit');
    runner.disconnect();
    expect(await ended).toEqual([0, null]);
  });
  return async (...args) => {
    const answer = once(runner, 'message');
    runner.send(args);
    const [result] = await answer;
    return result;
  };
}
