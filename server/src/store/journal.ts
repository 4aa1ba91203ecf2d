import { type FileHandle, stat } from 'node:fs/promises';
import {
  adjacent,
  openJournalFile,
  readAt,
  readContents,
  records,
  replaceJournalFile,
  writeAt,
} from './journal-file.ts';
import { encodeRecords, journalFormat, recordKey, recordPayload } from './journal-format.ts';

/** A power cut loses at most what came in this time. */
const FLUSH_MILLISECONDS = 2000;
/** Adjacent records are read together up to this size. */
const READ_BYTES = 2 ** 20;

export interface JournalOptions {
  /** What the records belong to, such as the fingerprint of a heatmap; a journal of another identity is set aside. */
  identity: string;
  /** Bytes of every payload. */
  payloadBytes: number;
  /** Hears of a flush by the timer that failed; it is tried again with the next one. */
  onFlushError?: (error: unknown) => void;
}

export interface JournalEntry {
  /** A uint32, such as the index of a patch. */
  key: number;
  payload: Uint8Array;
}

/** A record whose bytes are not those that were written. */
export class DamagedRecord extends Error {
  readonly record: number;

  constructor(file: string, record: number) {
    super(`${file}: record ${record} is damaged: expected bytes that agree with their checksum`);
    this.name = 'DamagedRecord';
    this.record = record;
  }
}

/** Fixed-size records in one append-only file. Numbers of records are never used twice while the journal is open. */
export interface Journal {
  /** What opening found; `setAside` says which file was of no use and where it has gone. */
  readonly found: { records: number; damaged: number; truncatedBytes: number; setAside?: string };
  /** Bytes of the file. */
  readonly bytes: number;
  /**
   * Writes entries in one write and gives the numbers of their records. A failure, such as a full disk, leaves the
   * file as it was.
   */
  append(entries: readonly JournalEntry[]): Promise<number[]>;
  /**
   * Payloads of records. Numbers from before the latest compaction are understood too.
   * @throws DamagedRecord; RangeError where there is no such record
   */
  read(numbers: readonly number[]): Promise<Uint8Array[]>;
  /** Each key's newest record as found when opening, in the order of the file. */
  keys(): ReadonlyMap<number, number>;
  /**
   * Rewrites the file with the live records alone; whatever else is asked for waits. A failure leaves the old file in
   * use.
   * @returns the new number of each live record; `keys` still tells the old ones
   */
  compact(isLive: (key: number, record: number) => boolean): Promise<Map<number, number>>;
  /** Has everything appended so far outlast a power cut. */
  sync(): Promise<void>;
  /** Whether the file still has its name: what is written to a removed one is lost. */
  isInPlace(): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a journal, made anew where it is missing; its folder must exist and no other process may have it open. */
export async function openJournal(file: string, options: JournalOptions): Promise<Journal> {
  const format = journalFormat(options.identity, options.payloadBytes);
  const { header, recordBytes } = format;
  const opened = await openJournalFile(file, format);
  let handle = opened.handle;
  const contents = await readContents(handle, format).catch((error) => closeAfter(handle, error));
  let { count } = contents;
  // Records have numbers from `first` on; after a compaction these are greater than any before, so that an old number
  // is never taken for a new one.
  let first = 0;
  let moved = new Map<number, number>();
  const end = () => header.length + count * recordBytes;
  if (contents.tailBytes > 0) await handle.truncate(end()).catch((error) => closeAfter(handle, error));

  let turn: Promise<unknown> = Promise.resolve();
  let compaction: Promise<unknown> | undefined;
  const uses = new Set<Promise<unknown>>();
  let isClosed = false;
  let closing: Promise<void> | undefined;
  let isSynced = true;
  let syncing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  /** Appends and compactions one after the other, in the order of the calls. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(() => {
      if (isClosed) throw new Error(`${file}: the journal is closed`);
      return work();
    });
    turn = result.catch(() => {});
    return result;
  };

  /** Work beside the appends, for which the file must stay the same. */
  const beside = async <T>(work: () => Promise<T>): Promise<T> => {
    while (compaction) await compaction.catch(() => {});
    if (isClosed) throw new Error(`${file}: the journal is closed`);
    const use = work();
    uses.add(use);
    return use.finally(() => uses.delete(use));
  };

  const sync = () =>
    beside(() => {
      if (!isSynced) {
        isSynced = true;
        syncing = handle.datasync().catch((error) => {
          isSynced = false;
          throw error;
        });
      }
      return syncing;
    });

  const flushLater = () => {
    isSynced = false;
    timer ??= setTimeout(() => {
      timer = undefined;
      sync().catch((error) => {
        if (isClosed) return;
        flushLater();
        options.onFlushError?.(error);
      });
    }, FLUSH_MILLISECONDS).unref();
  };

  const placeOf = (record: number): number => {
    const place = (record < first ? (moved.get(record) ?? Number.NaN) : record) - first;
    if (place >= 0 && place < count) return place;
    throw new RangeError(`${file}: expected the number of a record, found ${record}`);
  };

  const readRun = async (
    run: readonly number[],
    numbers: ReadonlyMap<number, number>,
    into: Map<number, Uint8Array>,
  ) => {
    const bytes = await readAt(
      handle,
      Buffer.allocUnsafe(run.length * recordBytes),
      header.length + run[0] * recordBytes,
    );
    for (const [i, place] of run.entries()) {
      const record = bytes.subarray(i * recordBytes, (i + 1) * recordBytes);
      if (record.length < recordBytes || recordKey(record) === undefined) {
        throw new DamagedRecord(file, numbers.get(place) ?? place + first);
      }
      into.set(place, recordPayload(record));
    }
  };

  const rewrite = async (isLive: (key: number, record: number) => boolean): Promise<Map<number, number>> => {
    await Promise.allSettled(uses);
    const next = first + count;
    const numbers = new Map<number, number>();
    const rewritten = await replaceJournalFile(file, format, async (append) => {
      let kept: Buffer[] = [];
      for await (const { place, record } of records(handle, format, count)) {
        const key = recordKey(record);
        if (key === undefined || !isLive(key, first + place)) continue;
        numbers.set(first + place, next + numbers.size);
        kept.push(Buffer.from(record));
        if (kept.length * recordBytes < READ_BYTES) continue;
        await append(Buffer.concat(kept));
        kept = [];
      }
      await append(Buffer.concat(kept));
    });
    const old = handle;
    [handle, first, count, moved, isSynced] = [rewritten, next, numbers.size, numbers, true];
    await old.close().catch(() => {});
    return new Map(numbers);
  };

  return {
    found: {
      records: contents.count - contents.damaged,
      damaged: contents.damaged,
      truncatedBytes: contents.tailBytes,
      setAside: opened.setAside,
    },
    get bytes() {
      return end();
    },
    append: (entries) =>
      inTurn(async () => {
        await writeAt(handle, encodeRecords(format, entries), end()).catch(async (error) => {
          // The next append writes at the same place, so that a truncation that fails as well does no harm.
          await handle.truncate(end()).catch(() => {});
          throw error;
        });
        const start = first + count;
        count += entries.length;
        flushLater();
        return entries.map((_, i) => start + i);
      }),
    read: (numbers) =>
      beside(async () => {
        const places = numbers.map(placeOf);
        const numberOf = new Map(places.map((place, i) => [place, numbers[i]]));
        const payloads = new Map<number, Uint8Array>();
        const runs = adjacent(places, Math.max(1, Math.floor(READ_BYTES / recordBytes)));
        await Promise.all(runs.map((run) => readRun(run, numberOf, payloads)));
        return places.map((place) => payloads.get(place) ?? new Uint8Array());
      }),
    keys: () => contents.newest,
    compact: (isLive) =>
      inTurn(async () => {
        const work = rewrite(isLive);
        compaction = work;
        return work.finally(() => {
          compaction = undefined;
        });
      }),
    sync,
    isInPlace: () =>
      beside(async () => {
        const [named, open] = await Promise.all([stat(file).catch(() => undefined), handle.stat()]);
        return named !== undefined && named.ino === open.ino && named.dev === open.dev;
      }),
    close() {
      closing ??= inTurn(sync).finally(async () => {
        isClosed = true;
        clearTimeout(timer);
        await Promise.allSettled(uses);
        await handle.close();
      });
      return closing;
    },
  };
}

async function closeAfter(handle: FileHandle, error: unknown): Promise<never> {
  await handle.close();
  throw error;
}
