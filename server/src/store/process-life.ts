import { readFile } from 'node:fs/promises';

/** States of a process that has ended and is only waiting for its parent to notice. */
const ENDED = ['Z', 'X'];

/**
 * When a process was started, in clock ticks since the machine was, so that a number given to another process later is
 * not taken for the same one. Null where the system does not tell (no /proc) or the process is gone.
 */
export async function processStart(pid: number): Promise<number | null> {
  return (await processStatus(pid))?.start ?? null;
}

/** Whether a process of this machine runs and is the one that was started then; `start` null is not compared. */
export async function isRunning(pid: number, start: number | null): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs for another user.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const status = await processStatus(pid);
  if (!status) return true;
  return !ENDED.includes(status.state) && (start === null || status.start === start);
}

async function processStatus(pid: number): Promise<{ state: string; start: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  // The second field is the command in brackets, which may hold brackets and spaces itself; the third is the state.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields && { state: fields[0], start: Number(fields[22 - 3]) };
}
