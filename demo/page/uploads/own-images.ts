import { Refusal, type SlideEntry } from '../server.ts';

const KEY = 'openseadragon-cam-own-images';

/** The images that this tab knows of: those that were added in it, and those whose links it was given. */
export interface OwnImages {
  /** The newest first. */
  readonly entries: readonly SlideEntry[];
  find(id: string | undefined): SlideEntry | undefined;
  add(entry: SlideEntry): void;
  /** Asks what is still there. @param named an id that may be one more; @throws TypeError where the server does not answer */
  refresh(named: string | undefined, signal: AbortSignal): Promise<void>;
  /** Says how fine one is. @throws Refusal, TypeError as `fetchLists` */
  setMpp(id: string, mpp: number): Promise<void>;
  /** @throws Refusal, TypeError */
  remove(id: string): Promise<void>;
}

/** Ids of images that are there for those alone who have the id. */
export function isUploadId(id: string | undefined): id is string {
  return id?.startsWith('upload:') ?? false;
}

export function createOwnImages(): OwnImages {
  let entries: SlideEntry[] = [];
  const ids = new Set(storedIds());

  const keep = (next: SlideEntry[]) => {
    entries = next;
    ids.clear();
    for (const { id } of entries) ids.add(id);
    try {
      sessionStorage.setItem(KEY, JSON.stringify([...ids]));
    } catch {
      // Storage is forbidden: they are known until the page is left.
    }
  };

  return {
    get entries() {
      return entries;
    },
    find: (id) => entries.find((entry) => entry.id === id),
    add: (entry) => keep([entry, ...entries.filter(({ id }) => id !== entry.id)]),
    async refresh(named, signal) {
      const wanted = isUploadId(named) ? new Set([...ids, named]) : ids;
      const found = await Promise.all(
        [...wanted].map(async (id) => {
          const response = await fetch(address(id), { signal });
          return response.ok ? ((await response.json()) as SlideEntry) : undefined;
        }),
      );
      keep(found.filter((entry) => entry !== undefined));
    },
    async setMpp(id, mpp) {
      const response = await changed(fetch(`${address(id)}?mpp=${mpp}`, { method: 'PUT' }));
      const entry: SlideEntry = await response.json();
      keep(entries.map((old) => (old.id === id ? entry : old)));
    },
    async remove(id) {
      await changed(fetch(address(id), { method: 'DELETE' }));
      keep(entries.filter((entry) => entry.id !== id));
    },
  };
}

function address(id: string): string {
  return `uploads/${encodeURIComponent(id)}`;
}

async function changed(asked: Promise<Response>): Promise<Response> {
  const response = await asked;
  if (response.ok) return response;
  const body = await response.json().catch(() => undefined);
  throw new Refusal(body?.error?.message ?? `The server answered with status ${response.status}.`);
}

function storedIds(): string[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isUploadId) : [];
  } catch {
    return [];
  }
}
