import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openModel } from '../server/src/models/open-model.ts';

/** What a process of the bare loop classifies. */
export interface BareLoopOptions {
  modelFile: string;
  /** RGB bytes of patches, one after the other. */
  patchesFile: string;
  threads: number;
}

/** Patches that a round classifies, from the first one (inclusive) to the last (exclusive). */
interface Share {
  from: number;
  to: number;
}

/** Processes that classify patches in memory and do nothing else. */
export interface BareLoop {
  /** Seconds in which the first so many patches are classified, shared out evenly among the processes. */
  seconds(patches: number): Promise<number>;
  close(): Promise<void>;
}

/** @param processes each with a model of its own, and with the workers' priority */
export async function startBareLoop(processes: number, options: BareLoopOptions): Promise<BareLoop> {
  const entry = path.join(import.meta.dirname, 'bare-process.mjs');
  const children = Array.from({ length: processes }, () => fork(entry, [JSON.stringify(options)]));
  await Promise.all(children.map((child) => once(child, 'message')));
  return {
    async seconds(patches) {
      const start = performance.now();
      await Promise.all(
        children.map((child, index) => {
          const share = (part: number) => Math.round((patches * part) / children.length);
          return ask(child, { from: share(index), to: share(index + 1) });
        }),
      );
      return (performance.now() - start) / 1000;
    },
    async close() {
      await Promise.all(
        children.map((child) => {
          const exited = once(child, 'exit');
          child.disconnect();
          return exited;
        }),
      );
    },
  };
}

async function ask(child: ChildProcess, share: Share): Promise<void> {
  const answer = once(child, 'message');
  child.send(share);
  await answer;
}

/** The process itself: classifies what it is sent, and says when it has. */
export async function run({ modelFile, patchesFile, threads }: BareLoopOptions): Promise<void> {
  os.setPriority(os.constants.priority.PRIORITY_BELOW_NORMAL);
  const model = await openModel(modelFile, { threads });
  const { patchHeight, patchWidth } = model.description;
  const bytes = patchHeight * patchWidth * 3;
  const patches = new Uint8Array(await readFile(patchesFile));
  process.on('message', async ({ from, to }: Share) => {
    for (let start = from; start < to; start += model.batchSize) {
      const end = Math.min(to, start + model.batchSize);
      await model.classify(patches.subarray(start * bytes, end * bytes), end - start);
    }
    process.send?.('done');
  });
  const closed = once(process, 'disconnect');
  process.send?.('ready');
  await closed;
  process.exit();
}
