import type { Catalogue, ListedPart } from '../catalogue.ts';
import { Problem } from '../errors.ts';
import type { Tell } from './errors.ts';

/** A catalogue's entries as clients see them: those that can be read, and why the others cannot. */
export interface Listing<T> {
  readable: ({ id: string; title: string } & T)[];
  unreadable: { id: string; title: string; message: string }[];
  /** What the next part begins `after`; null where this is the last. */
  next: string | null;
}

/**
 * Describes every entry of a catalogue, or of a part of it; one that cannot be read keeps none of the others from being listed.
 * @throws whatever `describe` throws that is no Problem
 */
export async function listEntries<T>(
  catalogue: Catalogue,
  describe: (file: string) => Promise<T>,
  tell: Tell,
  part?: ListedPart,
): Promise<Listing<T>> {
  const { entries, next } = await catalogue.list(part);
  const listing: Listing<T> = { readable: [], unreadable: [], next };
  const described = await Promise.allSettled(entries.map(({ file }) => describe(file)));
  for (const [index, { id, title }] of entries.entries()) {
    const outcome = described[index];
    const named = { id, title };
    if (outcome.status === 'fulfilled') listing.readable.push({ ...named, ...outcome.value });
    else if (outcome.reason instanceof Problem) {
      listing.unreadable.push({ ...named, message: tell(outcome.reason.message) });
    } else throw outcome.reason;
  }
  return listing;
}
