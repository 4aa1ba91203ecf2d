import type { Catalogue } from '../catalogue.ts';
import { Problem } from '../errors.ts';
import type { Tell } from './errors.ts';

/** A catalogue's entries as clients see them: those that can be read, and why the others cannot. */
export interface Listing<T> {
  readable: ({ id: string; title: string } & T)[];
  unreadable: { id: string; title: string; message: string }[];
}

/**
 * Describes every entry of a catalogue; one that cannot be read keeps none of the others from being listed.
 * @throws whatever `describe` throws that is no Problem
 */
export async function listEntries<T>(
  catalogue: Catalogue,
  describe: (file: string) => Promise<T>,
  tell: Tell,
): Promise<Listing<T>> {
  const { entries } = await catalogue.list();
  const listing: Listing<T> = { readable: [], unreadable: [] };
  const described = await Promise.allSettled(entries.map(({ file }) => describe(file)));
  const titles = titlesOf(entries.map(({ id }) => id));
  for (const [index, { id }] of entries.entries()) {
    const outcome = described[index];
    const named = { id, title: titles[index] };
    if (outcome.status === 'fulfilled') listing.readable.push({ ...named, ...outcome.value });
    else if (outcome.reason instanceof Problem) {
      listing.unreadable.push({ ...named, message: tell(outcome.reason.message) });
    } else throw outcome.reason;
  }
  return listing;
}

/** Titles of entries side by side: those that only their endings tell apart keep them. */
export function titlesOf(ids: readonly string[]): string[] {
  const titles = ids.map(titleOf);
  const counts = new Map<string, number>();
  for (const title of titles) counts.set(title, (counts.get(title) ?? 0) + 1);
  return ids.map((id, i) => (counts.get(titles[i]) === 1 ? titles[i] : id.replaceAll(':', '/')));
}

/** A title for people: the path in the catalogue's folder, without its ending; of a `model.json` that of its folder. */
export function titleOf(id: string): string {
  return id.replaceAll(':', '/').replace(/\/model\.json$|\.[^./]+$/i, '');
}
