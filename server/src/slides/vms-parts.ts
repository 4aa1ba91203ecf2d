import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileCache } from '../file-cache.ts';
import { firstBytes } from './image-file.ts';

/** Keys of a Hamamatsu VMS or VMU that name pictures beside it, one of which, the macro image, shows the slide's label. */
const PARTS = /^[ \t]*(?:ImageFile(?:\([\d,]+\))?|MapFile|MacroImage)[ \t]*=[ \t]*([^\r\n]+?)[ \t]*$/gim;

/** A text of some lines; what is longer is none. */
const LONGEST_TEXT = 65_536;

/** Lower case names of the pictures that the VMS slides of a folder consist of, read anew when a file comes or goes. */
const partsOfFolder = fileCache(async (folder: string): Promise<ReadonlySet<string>> => {
  const parts = new Set<string>();
  for (const name of await readdir(folder)) {
    if (!/\.vm[su]$/i.test(name)) continue;
    const file = join(folder, name);
    if (!(await stat(file).catch(() => null))?.isFile()) continue;
    const text = await firstBytes(file, LONGEST_TEXT).catch(() => '');
    for (const [, part] of text.toString().matchAll(PARTS)) parts.add(part.toLowerCase());
  }
  return parts;
});

/** Whether a picture is part of a VMS slide beside it, and no slide of its own. */
export async function isVmsPart(file: string): Promise<boolean> {
  return (await partsOfFolder(dirname(file))).has(basename(file).toLowerCase());
}
