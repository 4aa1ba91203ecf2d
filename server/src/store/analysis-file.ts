import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** An analysis that goes on after a restart, kept as `analysis.json` in its heatmap's folder. */
const schema = z.object({
  /** Ids in the server's catalogues. */
  slide: z.string(),
  model: z.string(),
  options: z.object({
    overlap: z.union([z.literal(1), z.literal(2), z.literal(4)]),
    background: z.union([z.null(), z.literal('otsu'), z.object({ class: z.string() })]),
  }),
  /** Slide pixels; null for the whole slide. */
  region: z.tuple([z.number(), z.number(), z.number(), z.number()]).nullable(),
});

export type PersistentAnalysis = z.infer<typeof schema>;

/** Remembers an analysis, or forgets it. @throws Error of the file system */
export async function keepAnalysis(folder: string, analysis: PersistentAnalysis | undefined): Promise<void> {
  const file = join(folder, 'analysis.json');
  if (!analysis) return rm(file, { force: true });
  await writeFile(`${file}.new`, JSON.stringify(analysis));
  await rename(`${file}.new`, file);
}

/** All analyses that were not ended, with the names of their heatmaps' folders. @param folder of all heatmaps */
export async function keptAnalyses(folder: string): Promise<{ identity: string; analysis: PersistentAnalysis }[]> {
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    // Hidden ones are on their way out.
    names
      .filter((name) => !name.startsWith('.'))
      .map(async (identity) => {
        const text = await readFile(join(folder, identity, 'analysis.json'), 'utf8').catch(() => null);
        const parsed = text === null ? undefined : schema.safeParse(parseJson(text));
        return parsed?.success ? [{ identity, analysis: parsed.data }] : [];
      }),
  );
  return found.flat();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
