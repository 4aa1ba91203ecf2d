import { dirname, isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Catalogue, CatalogueEntry } from './catalogue.ts';
import { Problem } from './errors.ts';

const id = z.string().regex(/^[^/\\\0]{1,300}$/, "expected a text without '/' and '\\' of at most 300 characters");

const listSchema = z.object({
  slides: z.array(z.object({ id, title: z.string().optional() })),
  next: z.string().nullish(),
});

const slideSchema = z
  .object({ file: z.string().refine(isAbsolute, 'expected an absolute path'), title: z.string().optional() })
  .nullish();

/** What a portal's own module exports: it knows slides, and who may see them, from its own database. */
export interface OwnCatalogue {
  /** A part of the slides; `next` is what the part behind it begins `after`, null where there is none. */
  listSlides(part: { filter: string; after: string | null; limit: number }): Promise<z.input<typeof listSchema>>;
  /** The file of a slide; nothing where there is no such slide. */
  getSlide(id: string): Promise<z.input<typeof slideSchema>>;
}

/** Slides that are asked for at once where the caller wants all of them. */
const MOST_AT_ONCE = 1000;

/**
 * Loads a catalogue from a module that exports `listSlides` and `getSlide`.
 * @throws Problem `bad-parameter` where it cannot be loaded or lacks one of them
 */
export async function loadOwnCatalogue(file: string): Promise<Catalogue> {
  let module: Partial<OwnCatalogue>;
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    const [reason] = String(error).split('\n');
    throw new Problem('bad-parameter', `--catalogue ${file}: expected a JavaScript module, found ${reason}`);
  }
  const { listSlides, getSlide } = module;
  if (typeof listSlides !== 'function' || typeof getSlide !== 'function') {
    const missing = typeof listSlides === 'function' ? 'getSlide' : 'listSlides';
    throw new Problem(
      'bad-parameter',
      `--catalogue ${file}: expected functions listSlides and getSlide, found no ${missing}`,
    );
  }
  return ownCatalogue(file, { listSlides, getSlide });
}

/**
 * A catalogue that asks a portal's own functions.
 * @param name of the module, for messages
 */
export function ownCatalogue(name: string, { listSlides, getSlide }: OwnCatalogue): Catalogue {
  const answered = async <T extends z.ZodType>(schema: T, what: string, ask: () => Promise<unknown>) => {
    let answer: unknown;
    try {
      answer = await ask();
    } catch (error) {
      throw new Problem('failed', `${name}: ${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
    const parsed = schema.safeParse(answer);
    if (parsed.success) return parsed.data;
    const [{ path, message }] = parsed.error.issues;
    throw new Problem('failed', `${name}: ${what}: ${path.join('.') || 'its answer'}: ${message}`);
  };
  /** Of the files that were named: messages do not show them to clients. */
  const folders = new Set<string>();
  const slideOf = async (wanted: string) => {
    const found = await answered(slideSchema, `getSlide(${JSON.stringify(wanted)})`, () => getSlide(wanted));
    if (found) folders.add(dirname(found.file));
    return found;
  };
  return {
    async list({ filter = '', after, limit = MOST_AT_ONCE } = {}) {
      const part = { filter, after: after ?? null, limit };
      const { slides, next = null } = await answered(listSchema, 'listSlides', () => listSlides(part));
      const entries: CatalogueEntry[] = [];
      const warnings: string[] = [];
      for (const slide of slides) {
        const found = await slideOf(slide.id);
        if (found) entries.push({ id: slide.id, title: slide.title ?? found.title ?? slide.id, file: found.file });
        else warnings.push(`${slide.id} is not listed: getSlide does not know it`);
      }
      return { entries, warnings, next };
    },
    async resolve(wanted) {
      const found = await slideOf(wanted);
      if (!found) throw new Problem('not-found', `there is no slide ${JSON.stringify(wanted)}`);
      return found.file;
    },
    folders: () => folders,
  };
}
