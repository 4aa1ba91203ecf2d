import { Problem } from '../errors.ts';
import type { BlockContent, DiskResults } from './disk-results.ts';
import type { PatchRecord } from './result-layout.ts';

/** Bytes of results kept in memory while they cannot be written; beyond it the oldest are given up. */
const UNWRITTEN_BYTES = 64 * 1024 ** 2;

/** Milliseconds between attempts to write again after a failure. */
const RETRY_PAUSE = 2000;

/** What a process that keeps a heatmap's results for itself says of itself. */
export interface Holder {
  pid: number;
  address: string | null;
}

/** Opening the disk side found another process that writes this heatmap. */
export class HeldElsewhere extends Error {
  readonly holder: Holder;

  constructor(holder: Holder) {
    super(`it is written by process ${holder.pid}${holder.address === null ? '' : ` (${holder.address})`}`);
    this.name = 'HeldElsewhere';
    this.holder = holder;
  }
}

/**
 * A heatmap's results: on disk, and in memory for as long as they cannot be written (a full disk, a folder that is
 * read-only or written by another process, no folder at all). Nothing here fails for the disk's sake: `problem` says what
 * is wrong, and writing is tried again.
 */
export interface ResultStore {
  /** Undefined while nothing can be written. */
  disk(): DiskResults | undefined;
  /** Why nothing can be written now; null while it can. */
  readonly problem: string | null;
  /** Another process that writes this heatmap. */
  readonly holder: Holder | undefined;
  /** Takes results over; they are readable at once. */
  keep(index: number, record: PatchRecord): void;
  /** Writes what was taken over to the journal; resolves when that was tried. */
  flush(): Promise<void>;
  /** Whether a patch lies in a chunk on disk. */
  isStored(index: number): boolean;
  /** Records of patches; those that are nowhere are left out. @throws DamagedChunk, DamagedRecord */
  read(indices: readonly number[]): Promise<Map<number, PatchRecord>>;
  /** Writes a block's chunks. @returns whether that could be done */
  writeBlock(blockRow: number, blockColumn: number, content: BlockContent): Promise<boolean>;
  /** Does something on disk. @returns whether that could be done */
  attempt(work: (disk: DiskResults) => Promise<void>): Promise<boolean>;
  close(): Promise<void>;
}

export interface ResultStoreOptions {
  /** Opens the disk side. @throws HeldElsewhere; Error of the file system */
  openDisk?: () => Promise<{ disk: DiskResults; release(): Promise<void> }>;
  /** The disk side is there, now or after it could not be opened before: takes over what it knows. */
  onOpened(disk: DiskResults): Promise<void>;
  /** Results were given up: memory is short and the disk does not take them. */
  onLost(indices: number[]): void;
  /** Told once when writing begins to fail, and once when it works again. */
  onProblem(problem: string | null): void;
}

/** Opens a store; a disk that cannot be opened is tried again whenever there is something to write. */
export async function openResultStore(options: ResultStoreOptions): Promise<ResultStore> {
  const { openDisk, onOpened, onLost, onProblem } = options;
  const unwritten = new Map<number, PatchRecord>();
  let unwrittenBytes = 0;
  let opened: { disk: DiskResults; release(): Promise<void> } | undefined;
  let problem: string | null = null;
  let holder: Holder | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();

  const failed = (error: unknown) => {
    holder = error instanceof HeldElsewhere ? error.holder : undefined;
    const found = reasonOf(error);
    if (found !== problem) onProblem(found);
    problem = found;
    if (!closed) timer ??= setTimeout(retry, RETRY_PAUSE).unref();
  };
  const worked = () => {
    holder = undefined;
    if (problem !== null) onProblem(null);
    problem = null;
  };
  const retry = () => {
    timer = undefined;
    void inTurn(write);
  };
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  };

  const open = async () => {
    if (opened || !openDisk) return;
    opened = await openDisk();
    await onOpened(opened.disk);
  };

  const write = async () => {
    try {
      await open();
      if (!opened) return;
      const entries = [...unwritten].map(([index, record]) => ({ index, record }));
      if (entries.length > 0) await opened.disk.append(entries);
      for (const { index, record } of entries) forget(index, record);
      worked();
    } catch (error) {
      failed(error);
    }
  };

  const forget = (index: number, record: PatchRecord) => {
    if (unwritten.get(index) !== record) return;
    unwritten.delete(index);
    unwrittenBytes -= record.byteLength;
  };

  const giveUpOldest = () => {
    const lost: number[] = [];
    for (const [index, record] of unwritten) {
      if (unwrittenBytes <= UNWRITTEN_BYTES) break;
      forget(index, record);
      lost.push(index);
    }
    if (lost.length > 0) onLost(lost);
  };

  const attempt = async (work: (disk: DiskResults) => Promise<void>): Promise<boolean> => {
    if (!opened) return false;
    try {
      await work(opened.disk);
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  };

  await write();
  return {
    disk: () => opened?.disk,
    get problem() {
      return problem;
    },
    get holder() {
      return holder;
    },
    keep(index, record) {
      unwritten.set(index, record);
      unwrittenBytes += record.byteLength;
    },
    async flush() {
      // While writing fails nobody waits for it.
      if (problem === null && openDisk) await inTurn(write);
      giveUpOldest();
    },
    isStored: (index) => (opened?.disk.stored[index] ?? 0) !== 0,
    async read(indices) {
      const found = new Map<number, PatchRecord>();
      const elsewhere: number[] = [];
      for (const index of indices) {
        const record = unwritten.get(index);
        if (record) found.set(index, record);
        else elsewhere.push(index);
      }
      if (opened && elsewhere.length > 0) {
        for (const [index, record] of await opened.disk.read(elsewhere)) found.set(index, record);
      }
      return found;
    },
    writeBlock: (blockRow, blockColumn, content) =>
      attempt(async (disk) => {
        await disk.writeBlock(blockRow, blockColumn, content);
        for (const [index, record] of content.records) forget(index, record);
      }),
    attempt,
    async close() {
      closed = true;
      clearTimeout(timer);
      await inTurn(write);
      clearTimeout(timer);
      await opened?.disk.close().catch(failed);
      await opened?.release();
      opened = undefined;
    },
  };
}

/** What is wrong with the disk, for people. */
function reasonOf(error: unknown): string {
  if (error instanceof HeldElsewhere || error instanceof Problem) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC') return 'the disk is full';
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') return 'the folder cannot be written';
  return error instanceof Error ? error.message.split('\n')[0] : String(error);
}
