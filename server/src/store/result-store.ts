import { Problem } from '../errors.ts';
import type { FoundRecords } from './chunked-records.ts';
import { type DiskResults, FolderGone } from './disk-results.ts';
import type { PatchRecord } from './result-layout.ts';

/** Bytes of results kept in memory while they cannot be written; beyond it the oldest are given up. */
const UNWRITTEN_BYTES = 32 * 1024 ** 2;

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
    const where = holder.address === null ? '' : ` (${holder.address})`;
    super(`process ${holder.pid}${where} writes this heatmap; results stay in memory until it ends`);
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
  /** Undefined while there is none. */
  disk(): DiskResults | undefined;
  /** Why nothing can be written now; null while it can. */
  readonly problem: string | null;
  /** Another process that writes this heatmap. */
  readonly holder: Holder | undefined;
  /** Takes results over; they are readable at once. */
  keep(index: number, record: PatchRecord): void;
  /** Whether a patch is in memory alone. */
  isUnwritten(index: number): boolean;
  /** Writes what was taken over to the journal; resolves when that was tried. */
  flush(): Promise<void>;
  /** Whether a patch lies in a chunk on disk. */
  isStored(index: number): boolean;
  /** Records of patches; those that are nowhere are left out. @throws Error of the file system */
  read(indices: readonly number[]): Promise<FoundRecords>;
  /** Results lie in chunks now: they are not kept in memory any more. */
  written(records: ReadonlyMap<number, PatchRecord>): void;
  /** Does something on disk. @returns whether that could be done */
  attempt(work: (disk: DiskResults) => Promise<void>): Promise<boolean>;
  /** Writes what it can and lets go of the disk; what is taken over from then on stays in memory. */
  close(): Promise<void>;
}

/** A heatmap's folder that this process has to itself. */
export interface OpenedDisk {
  disk: DiskResults;
  release(): Promise<void>;
}

export interface ResultStoreOptions {
  /** Opens the disk side. @throws HeldElsewhere; Error of the file system */
  openDisk?: () => Promise<OpenedDisk>;
  /**
   * The disk side is there, now or after it could not be opened before. What this resolves to is called at the moment
   * from which the disk is read, and takes over what the disk knows.
   */
  adopt(disk: DiskResults): Promise<() => void>;
  /** Writes what has waited for the disk beside the journal. @returns whether that could be done */
  catchUp(): Promise<boolean>;
  /** Results were given up: memory is short and the disk does not take them. */
  onLost(indices: number[]): void;
  /** Told once when writing begins to fail, and once when it works again. */
  onProblem(problem: string | null): void;
}

/** Opens a store; a disk that cannot be opened or written is tried again every two seconds. */
export async function openResultStore(options: ResultStoreOptions): Promise<ResultStore> {
  const { openDisk, adopt, catchUp, onLost, onProblem } = options;
  const unwritten = new Map<number, PatchRecord>();
  let unwrittenBytes = 0;
  let opened: OpenedDisk | undefined;
  let problem: string | null = null;
  let holder: Holder | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => {});
    return result;
  };

  const failed = (error: unknown) => {
    holder = error instanceof HeldElsewhere ? error.holder : undefined;
    const found = reasonOf(error);
    const isNew = found !== problem;
    problem = found;
    if (isNew) onProblem(found);
    // A folder that was removed can be begun anew at once.
    retryIn(error instanceof FolderGone ? 0 : RETRY_PAUSE);
  };
  const retryIn = (pause: number) => {
    if (!closed) timer ??= setTimeout(retry, pause).unref();
  };
  const retry = () => {
    timer = undefined;
    void inTurn(async () => {
      // Attempts that failed while another one waited for its turn have had theirs with it.
      if (closed || problem === null || !(await write())) return;
      // The journal takes results; the chunks have to as well.
      if (!(await catchUp()) || timer) return;
      [problem, holder] = [null, undefined];
      onProblem(null);
    });
  };

  const open = async () => {
    if (opened || !openDisk) return;
    const found = await openDisk();
    try {
      const take = await adopt(found.disk);
      opened = found;
      take();
    } catch (error) {
      await letGo(found);
      throw error;
    }
  };

  /** Whether everything is in the journal. */
  const write = async (): Promise<boolean> => {
    try {
      // Somebody may have removed the folder, which shows in no other way while a file of it is open.
      if (opened && problem !== null && !(await opened.disk.isThere())) await abandon();
      await open();
      const entries = [...unwritten].map(([index, record]) => ({ index, record }));
      if (opened && entries.length > 0) {
        await opened.disk.append(entries);
        for (const { index, record } of entries) remove(index, record);
      }
      return true;
    } catch (error) {
      failed(error);
      return false;
    }
  };

  const abandon = async () => {
    const gone = opened;
    opened = undefined;
    if (gone) await letGo(gone);
  };

  const remove = (index: number, record: PatchRecord) => {
    if (unwritten.get(index) !== record) return;
    unwritten.delete(index);
    unwrittenBytes -= record.byteLength;
  };

  const giveUpOldest = () => {
    const lost: number[] = [];
    for (const [index, record] of unwritten) {
      if (unwrittenBytes <= UNWRITTEN_BYTES) break;
      remove(index, record);
      lost.push(index);
    }
    if (lost.length > 0) onLost(lost);
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
      const before = unwritten.get(index);
      if (before) remove(index, before);
      unwritten.set(index, record);
      unwrittenBytes += record.byteLength;
    },
    isUnwritten: (index) => unwritten.has(index),
    async flush() {
      // While writing fails nobody waits for it.
      if (problem === null && openDisk && !closed) await inTurn(write);
      giveUpOldest();
    },
    isStored: (index) => (opened?.disk.stored[index] ?? 0) !== 0,
    async read(indices) {
      const found: FoundRecords = { records: new Map(), lost: [] };
      const elsewhere: number[] = [];
      for (const index of indices) {
        const record = unwritten.get(index);
        if (record) found.records.set(index, record);
        else elsewhere.push(index);
      }
      if (!opened || elsewhere.length === 0) return found;
      const { records, lost } = await opened.disk.read(elsewhere);
      for (const [index, record] of records) found.records.set(index, record);
      return { records: found.records, lost };
    },
    written(records) {
      for (const [index, record] of records) remove(index, record);
    },
    async attempt(work) {
      if (!opened) return false;
      const { disk } = opened;
      try {
        await work(disk);
        return true;
      } catch (error) {
        // Otherwise it would be told of one of the files that are missing.
        const found = (await disk.isThere().catch(() => true)) ? error : new FolderGone(disk.folder);
        if (opened?.disk === disk) failed(found);
        // Of one that was given up meanwhile all is told.
        else if (problem !== null) retryIn(0);
        return false;
      }
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await inTurn(write);
      await abandon();
    },
  };

  /** Nothing that still fails here is of use to anybody: what was not written is known to be so. */
  async function letGo({ disk, release }: OpenedDisk): Promise<void> {
    await disk.close().catch(() => {});
    await release().catch(() => {});
  }
}

/** What is wrong with the disk, for people. */
function reasonOf(error: unknown): string {
  if (error instanceof HeldElsewhere || error instanceof Problem) return error.message;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full; results stay in memory until there is room';
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM') {
    return 'the folder cannot be written; results stay in memory until it can';
  }
  return error instanceof Error ? error.message.split('\n')[0] : String(error);
}
