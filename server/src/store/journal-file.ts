import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { headerFault, type JournalFormat, recordKey } from './journal-format.ts';

/** Large enough to read at the disk's speed, small enough that reading a journal of gigabytes takes no memory. */
const BLOCK_BYTES = 2 ** 20;

/** What a journal's file holds. */
export interface JournalContents {
  /** Places of records, damaged ones in the middle included. */
  count: number;
  /** Places of damaged records in the middle. */
  damaged: number;
  /** Bytes behind the last whole record. */
  tailBytes: number;
  /** Each key's newest record, in the order of the file. */
  newest: Map<number, number>;
}

/** Reads all of a journal once and checks every record. */
export async function readContents(handle: FileHandle, format: JournalFormat): Promise<JournalContents> {
  const { size } = await handle.stat();
  const places = Math.floor((size - format.header.length) / format.recordBytes);
  const newest = new Map<number, number>();
  let whole = 0;
  let count = 0;
  for await (const { place, record } of records(handle, format, places)) {
    const key = recordKey(record);
    if (key === undefined) continue;
    whole++;
    count = place + 1;
    newest.delete(key);
    newest.set(key, place);
  }
  const tailBytes = size - format.header.length - count * format.recordBytes;
  return { count, damaged: count - whole, tailBytes, newest };
}

/**
 * Opens a journal's file for reading and writing, made anew where it is missing or not of this format.
 * @returns `setAside` says where a file of another format has gone, and why
 */
export async function openJournalFile(
  file: string,
  format: JournalFormat,
): Promise<{ handle: FileHandle; setAside?: string }> {
  // What a crash in the middle of a compaction, or of the first opening, has left.
  await rm(unfinished(file), { force: true });
  const handle = await open(file, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (!handle) return { handle: await replaceJournalFile(file, format, async () => {}) };
  const start = await readAt(handle, Buffer.alloc(format.header.length), 0);
  const fault = headerFault(format, start);
  if (fault === undefined) return { handle };
  await handle.close();
  // One is kept for whoever wants to look; keeping them all could fill the disk.
  const aside = `${file}.damaged`;
  await rename(file, aside);
  const setAside = `${file}: ${fault}; set aside as ${aside}`;
  return { handle: await replaceJournalFile(file, format, async () => {}), setAside };
}

/**
 * Writes a whole journal beside the old one and puts it in its place, synced; where that fails the old one stays.
 * @param write writes the records through `append`
 */
export async function replaceJournalFile(
  file: string,
  format: JournalFormat,
  write: (append: (bytes: Buffer) => Promise<void>) => Promise<void>,
): Promise<FileHandle> {
  const handle = await open(unfinished(file), 'w+');
  try {
    let end = 0;
    const append = async (bytes: Buffer) => {
      await writeAt(handle, bytes, end);
      end += bytes.length;
    };
    await append(format.header);
    await write(append);
    await handle.datasync();
    await rename(unfinished(file), file);
  } catch (error) {
    await handle.close();
    await rm(unfinished(file), { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
  return handle;
}

/** The records of a journal in the order of the file, read in large blocks; `record` is valid until the next one. */
export async function* records(
  handle: FileHandle,
  { header, recordBytes }: JournalFormat,
  count: number,
): AsyncGenerator<{ place: number; record: Buffer }> {
  const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / recordBytes));
  const block = Buffer.alloc(Math.min(perBlock, Math.max(count, 0)) * recordBytes);
  for (let first = 0; first < count; first += perBlock) {
    const wanted = Math.min(perBlock, count - first) * recordBytes;
    const bytes = await readAt(handle, block.subarray(0, wanted), header.length + first * recordBytes);
    for (let i = 0; (i + 1) * recordBytes <= bytes.length; i++) {
      yield { place: first + i, record: bytes.subarray(i * recordBytes, (i + 1) * recordBytes) };
    }
  }
}

/** Places of records in ascending runs without gaps, each of a bounded length: what is read at once. */
export function adjacent(places: readonly number[], longest: number): number[][] {
  const runs: number[][] = [];
  for (const place of [...new Set(places)].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && run.length < longest && run.at(-1) === place - 1) run.push(place);
    else runs.push([place]);
  }
  return runs;
}

/** Fills a buffer from a place in a file; shorter where the file ends before. */
export async function readAt(handle: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** Writes all of a buffer: one system call, and more only where the disk takes part of it. */
export async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

const unfinished = (file: string) => `${file}.unfinished`;

/** Makes a rename outlast a power cut. Some file systems cannot sync a folder; they lose nothing by the try. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
