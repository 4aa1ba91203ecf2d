import { stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { Problem } from '../errors.ts';

/** A zip file that is open; only what is asked for is read. */
export interface ZipEntries {
  readonly names: readonly string[];
  /**
   * An entry's contents, inflated and checked against its checksum.
   *
   * @param limit bytes that it may have; for a deflated one `MAX_EXPANSION` times its size in the file too
   * @throws Problem `unreadable-model` naming the entry
   */
  read(name: string, limit: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}

/** Entries that are looked through; a model has three, and a file for each asset. */
const MAX_ENTRIES = 10_000;

/**
 * How many times its size in the file an entry may have beyond `SMALL`: text shrinks to a tenth, numbers hardly, a zip
 * bomb to a thousandth.
 */
const MAX_EXPANSION = 20;
const SMALL = 2 ** 20;

/** @throws Problem `unreadable-model` where the list of entries is missing or damaged */
export async function openZip(file: string): Promise<ZipEntries> {
  const { size } = await stat(file);
  const zip = await openPromise(file, { autoClose: false, lazyEntries: true, validateEntrySizes: true }).catch(
    (error: unknown) => {
      throw damaged(error);
    },
  );
  // Errors are told by the promises too; without a listener they would end the process.
  zip.on('error', () => {});
  try {
    const entries = await readEntries(zip);
    return {
      names: [...entries.keys()],
      read: (name, limit) => readEntry(zip, entries.get(name), name, limit, size),
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

async function readEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  const { entryCount } = zip;
  if (entryCount > MAX_ENTRIES) {
    throw new Problem('unreadable-model', `is a zip of ${entryCount} entries; at most ${MAX_ENTRIES} are read`);
  }
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw new Error(`it has two entries '${entry.fileName}'`);
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    throw damaged(error);
  }
  return entries;
}

async function readEntry(
  zip: ZipFile,
  entry: Entry | undefined,
  name: string,
  limit: number,
  fileSize: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!entry) throw new Problem('unreadable-model', `has no entry '${name}'`);
  const { compressedSize, uncompressedSize: length } = entry;
  if (entry.isEncrypted()) throw new Problem('unreadable-model', `has an encrypted entry '${name}'`);
  if (!entry.canDecodeFileData()) {
    throw new Problem('unreadable-model', `has an entry '${name}' that is neither stored nor deflated`);
  }
  if (compressedSize > fileSize) throw damaged(`'${name}' is said to take ${compressedSize} of ${fileSize} bytes`);
  const allowed = Math.min(limit, Math.max(SMALL, MAX_EXPANSION * compressedSize));
  if (length > allowed) {
    const found = `found ${length} bytes made of ${compressedSize}`;
    throw new Problem(
      'unreadable-model',
      `has an entry '${name}' that expands too much: ${allowed} bytes at most are expected, ${found}`,
    );
  }
  const contents = new Uint8Array(length);
  let at = 0;
  let checksum = 0;
  try {
    for await (const chunk of await zip.openReadStreamPromise(entry)) {
      contents.set(chunk, at);
      at += chunk.length;
      checksum = crc32(chunk, checksum);
    }
  } catch (error) {
    throw damaged(error, name);
  }
  if (at !== length) throw damaged(`'${name}' should have ${length} bytes, found ${at}`);
  if (checksum !== entry.crc32) throw damaged(`the checksum of '${name}' is wrong`);
  return contents;
}

function damaged(cause: unknown, entry?: string): Problem {
  const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  const where = entry === undefined ? '' : `'${entry}': `;
  // The library's own words for it are two sentences.
  const told = reason.startsWith('End of central directory')
    ? 'its directory, which stands at the end, is missing'
    : reason;
  return new Problem('unreadable-model', `is a damaged or truncated zip: ${where}${told}`, { cause });
}
