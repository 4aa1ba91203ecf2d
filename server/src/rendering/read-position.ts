import { readdir, readFile, readlink, stat } from 'node:fs/promises';

/**
 * How much of a file this process has read, 0 to 1, by the position of its file descriptor: the only sign of how far
 * libvips is with a file. Null where the system (other than Linux) does not show it.
 */
export async function readPosition(file: string): Promise<number | null> {
  try {
    const { size } = await stat(file);
    let furthest = 0;
    for (const descriptor of await readdir('/proc/self/fd')) {
      if ((await readlink(`/proc/self/fd/${descriptor}`).catch(() => '')) !== file) continue;
      const position = /^pos:\s*(\d+)/.exec(await readFile(`/proc/self/fdinfo/${descriptor}`, 'utf8'));
      if (position !== null) furthest = Math.max(furthest, Number(position[1]));
    }
    return Math.min(1, furthest / size);
  } catch {
    return null;
  }
}
