import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';

/** Milliseconds that a file stays open after it was read: a view asks for its tiles one after the other. */
const KEPT_FOR = 1000;

/** Files beyond these are closed at once: a process may have a thousand open. */
const MOST_KEPT = 64;

interface OpenedFile {
  opening: Promise<{ handle: FileHandle; version: string }>;
  users: number;
  closing?: NodeJS.Timeout;
}

/** By name and version: a file that was replaced is another file. */
const files = new Map<string, OpenedFile>();

/**
 * Reads a file that stays open for a second: opening and closing it for each tile takes as long as reading the tile.
 * @param use is given the file, and a word that is another one when the file has changed
 * @throws Error where there is none that can be read, and as `use` does
 */
export async function withOpenFile<T>(
  file: string,
  use: (handle: FileHandle, version: string) => Promise<T>,
): Promise<T> {
  const key = `${file} ${versionOf(await stat(file))}`;
  const found = files.get(key) ?? opened(key, file);
  clearTimeout(found.closing);
  found.users++;
  try {
    const { handle, version } = await found.opening;
    return await use(handle, version);
  } finally {
    found.users--;
    if (found.users === 0) closeLater(key, found);
  }
}

/** What cannot be opened is not kept: that too many files are open passes. */
function opened(key: string, file: string): OpenedFile {
  const entry: OpenedFile = { opening: openFile(file), users: 0 };
  files.set(key, entry);
  entry.opening.catch(() => forget(key, entry));
  return entry;
}

function forget(key: string, file: OpenedFile): void {
  if (files.get(key) === file) files.delete(key);
}

async function openFile(file: string): Promise<{ handle: FileHandle; version: string }> {
  const handle = await open(file);
  try {
    return { handle, version: versionOf(await handle.stat()) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function closeLater(key: string, file: OpenedFile): void {
  const close = () => {
    forget(key, file);
    file.opening.then(({ handle }) => handle.close()).catch(() => {});
  };
  if (files.size > MOST_KEPT) close();
  // Nobody who is done should wait for it.
  else file.closing = setTimeout(close, KEPT_FOR).unref();
}

function versionOf({ size, mtimeMs, ino }: Stats): string {
  return `${size} ${mtimeMs} ${ino}`;
}
