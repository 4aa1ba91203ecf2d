import { readFile } from 'node:fs/promises';
import { childrenOf } from '../test/processes.ts';

/** Jiffies of a second in /proc, on every Linux. */
const TICKS = 100;

/** Seconds of processor time that this process and its children have had (Linux). */
export async function processorSeconds(): Promise<{ self: number; children: number }> {
  const { user, system } = process.cpuUsage();
  const pids = await childrenOf(process.pid);
  const times = await Promise.all(pids.map(secondsOf));
  return { self: (user + system) / 1e6, children: times.reduce((sum, seconds) => sum + seconds, 0) };
}

/** The same of a process and of all that it started, now alive. */
export async function processorSecondsBelow(pid: number): Promise<number> {
  const below = await Promise.all((await childrenOf(pid)).map(processorSecondsBelow));
  return below.reduce((sum, seconds) => sum + seconds, await secondsOf(pid));
}

async function secondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
}
