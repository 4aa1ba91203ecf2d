import { mkdtempSync, rmSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeFolder } from '../store/make-folder.ts';

/** What says that this user may not write there, however long one waits. */
const FORBIDDEN = ['EACCES', 'EPERM', 'EROFS'];

/** Of this process, made with its first use. */
let temporary: string | undefined;
process.on('exit', () => {
  if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true });
});

/** Folder of the pyramids that are kept. */
export function keptPyramids(store: string): string {
  return join(resolve(store), 'slides');
}

/**
 * A folder in which pyramids can be written: that of the store, or, where this user may not write there, a temporary one
 * that goes when the process ends.
 * @param onTemporary told once for each process, in a sentence
 * @throws Error of the file system
 */
export async function pyramidFolder(store: string, onTemporary?: (message: string) => void): Promise<string> {
  const kept = keptPyramids(store);
  try {
    await makeFolder(kept);
    await access(kept, constants.W_OK);
    return kept;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!FORBIDDEN.includes(code)) throw error;
    if (temporary === undefined) {
      temporary = mkdtempSync(join(tmpdir(), 'openseadragon-cam-'));
      onTemporary?.(
        `${kept} cannot be written (${code}); tiled pyramids of slides are made in ${temporary} and go with this process`,
      );
    }
    return temporary;
  }
}
