import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Problem } from '../errors.ts';

const sidecarSchema = z.strictObject({
  title: z.string({ error: 'expected a text' }).min(1, 'expected a text').optional(),
  mpp: z.number({ error: 'expected microns per pixel' }).positive('expected microns per pixel above 0').optional(),
});

/** What a slide's own file does not say, or says wrongly. */
export type Sidecar = z.infer<typeof sidecarSchema>;

/** The file beside a slide that speaks for it: `a.tif.json` for `a.tif`. Folders may be named with a slash at their end. */
export function sidecarFile(slide: string): string {
  return `${slide.replace(/[/\\]+$/, '')}.json`;
}

/**
 * What is said beside a slide; nothing where there is no such file.
 * @throws Problem `unreadable-slide` where it cannot be read or says something else
 */
export async function readSidecar(slide: string): Promise<Sidecar> {
  const file = sidecarFile(slide);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw new Problem('unreadable-slide', `${file}: expected a file that can be read, found ${String(code)}`);
  }
  const parsed = sidecarSchema.safeParse(parsedJson(file, text));
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  throw new Problem('unreadable-slide', `${file}: ${path.length === 0 ? message : `${path.join('.')}: ${message}`}`);
}

/**
 * A slide's description with what is said beside it, and above that by the caller.
 * @param given microns per pixel
 * @throws Problem as `readSidecar`
 */
export async function withSidecar<T extends { file: string; mpp: number | null }>(
  slide: T,
  given?: number,
): Promise<T & { title?: string }> {
  const { title, mpp = slide.mpp } = await readSidecar(slide.file);
  return { ...slide, ...(title !== undefined && { title }), mpp: given ?? mpp };
}

function parsedJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem('unreadable-slide', `${file}: expected JSON such as {"mpp": 0.5}, found ${String(error)}`);
  }
}
