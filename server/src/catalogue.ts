import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Problem } from './errors.ts';
import { isInside } from './slides/file-inside.ts';
import { titlesOf } from './titles.ts';

/** A file that users may name. */
export interface CatalogueEntry {
  /** Path relative to the catalogue's folder, with its ending, `/` written as `:`. */
  id: string;
  /** For people: a file's path in the folder, without its ending unless that alone tells it from another. */
  title: string;
  /** Absolute path. */
  file: string;
}

/** Which part of a catalogue is listed; all of it where nothing is said. */
export interface ListedPart {
  /** Text that an entry's path has to contain, without regard to case. */
  filter?: string;
  /** Id behind which the part begins. */
  after?: string;
  /** Entries at most. */
  limit?: number;
}

export interface ListedEntries {
  entries: CatalogueEntry[];
  /** A sentence for each that could not be listed. */
  warnings: string[];
  /** What the next part begins `after`; null where there is none. */
  next: string | null;
}

/** What users may name, for example the files of one kind below a folder; read anew on each call. */
export interface Catalogue {
  /**
   * Entries in a fixed order, that of their ids for a folder.
   * @throws Problem `not-found` where the folder itself cannot be read
   */
  list(part?: ListedPart): Promise<ListedEntries>;
  /**
   * The absolute path of an id (decoded from its URL already).
   * @throws Problem `not-found` for whatever `list` would not have listed
   */
  resolve(id: string): Promise<string>;
  /** Absolute paths of the folders that its files lie in, as far as they are not known beforehand. */
  folders?(): Iterable<string>;
}

export interface CatalogueKind {
  /** What an entry is called in messages: `slide`, `model`. */
  name: string;
  /** Ends of file names, lower case, compared without regard to case: `.tif`, `model.json`. */
  endings: readonly string[];
  /** Whether a file with such a name is one of the kind after all; without it each is. */
  isListed?: (file: string) => Promise<boolean>;
  /** Ends of the names of folders that are an entry as a whole, what is in them is none: `.zarr`. */
  folders?: readonly string[];
  /** Ends of the names of files and of folders: a folder `NAME_files` beside a file `NAME.dzi` is part of that entry. */
  parts?: readonly { file: string; folder: string }[];
}

/** Hidden files are left out, and links are followed only as long as they stay inside the folder. */
export function openCatalogue(folder: string, kind: CatalogueKind): Catalogue {
  const absolute = resolve(folder);
  return {
    list: (part) => listFolder(absolute, kind, part),
    resolve: (id) => resolveId(absolute, kind, id),
  };
}

interface Walk {
  kind: CatalogueKind;
  /** The folder with all links resolved. */
  root: string;
  folder: string;
  entries: CatalogueEntry[];
  warnings: string[];
}

async function listFolder(
  folder: string,
  kind: CatalogueKind,
  { filter = '', after, limit = Number.POSITIVE_INFINITY }: ListedPart = {},
): Promise<ListedEntries> {
  const root = await rootOf(folder, kind);
  const walk: Walk = { kind, root, folder, entries: [], warnings: [] };
  await readFolder(walk, [], new Set([root]));
  walk.entries.sort((a, b) => (a.id < b.id ? -1 : 1));
  titlesOf(walk.entries.map(({ id }) => id)).forEach((title, index) => {
    walk.entries[index].title = title;
  });
  const wanted = filter.toLowerCase();
  const found = walk.entries.filter(
    ({ id }) => id.replaceAll(':', '/').toLowerCase().includes(wanted) && (after === undefined || id > after),
  );
  const entries = found.slice(0, limit);
  return { entries, warnings: walk.warnings, next: found.length > limit ? (entries.at(-1)?.id ?? null) : null };
}

async function rootOf(folder: string, kind: CatalogueKind): Promise<string> {
  try {
    const root = await realpath(folder);
    if (!(await stat(root)).isDirectory())
      throw new Problem('not-found', `${folder}: expected a folder of ${kind.name}s, found a file`);
    return root;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem('not-found', `${folder}: expected a folder of ${kind.name}s, found none`, { cause: error });
  }
}

/** @param ancestors real paths of the folders that lead here: a link back to one of them would never end */
async function readFolder(walk: Walk, segments: string[], ancestors: ReadonlySet<string>): Promise<void> {
  const here = join(walk.folder, ...segments);
  let children: Dirent[];
  try {
    children = await readdir(here, { withFileTypes: true });
  } catch {
    walk.warnings.push(`the folder ${segments.join('/') || walk.folder} cannot be read`);
    return;
  }
  const names = new Set(children.map(({ name }) => name.toLowerCase()));
  for (const child of children) {
    if (isHidden(child.name) || isPart(child.name, names, walk.kind)) continue;
    const path = [...segments, child.name];
    const target = child.isSymbolicLink() ? await linkTarget(walk, path) : child;
    if (target?.isDirectory() && isEntryFolder(child.name, walk.kind)) addEntry(walk, path);
    else if (target?.isDirectory()) {
      const real = await realpath(join(here, child.name)).catch(() => null);
      if (real !== null && !ancestors.has(real)) await readFolder(walk, path, new Set([...ancestors, real]));
    } else if (target?.isFile() && hasEnding(child.name, walk.kind)) {
      if (await isListed(join(here, child.name), walk.kind)) addEntry(walk, path);
    }
  }
}

function addEntry({ kind, folder, entries, warnings }: Walk, path: string[]): void {
  const title = path.join('/');
  if (path.some((segment) => !isSegment(segment))) {
    warnings.push(`the ${kind.name} ${title} is not listed: its name may not contain ':' or '\\'`);
    return;
  }
  entries.push({ id: path.join(':'), title, file: join(folder, ...path) });
}

/** What a link leads to; null, with a warning where it matters, if that is outside the folder or missing. */
async function linkTarget({ kind, root, folder, warnings }: Walk, path: string[]): Promise<Stats | null> {
  const file = join(folder, ...path);
  const real = await realpath(file).catch(() => null);
  if (real === null) return null;
  const target = await stat(real).catch(() => null);
  if (target === null || isInside(root, real)) return target;
  if (target.isDirectory() || hasEnding(path.at(-1) ?? '', kind)) {
    warnings.push(`${path.join('/')} is not listed: the link leads out of the folder`);
  }
  return null;
}

async function resolveId(folder: string, kind: CatalogueKind, id: string): Promise<string> {
  const missing = new Problem('not-found', `there is no ${kind.name} ${JSON.stringify(id)}`);
  const segments = id.split(':');
  if (!segments.every((segment) => isSegment(segment) && !isHidden(segment))) throw missing;
  const name = segments.at(-1) ?? '';
  if (!hasEnding(name, kind) && !isEntryFolder(name, kind)) throw missing;
  if (segments.slice(0, -1).some((segment) => isEntryFolder(segment, kind))) throw missing;
  const root = await rootOf(folder, kind);
  const file = join(folder, ...segments);
  const real = await realpath(file).catch(() => null);
  if (real === null || !isInside(root, real)) throw missing;
  const found = await stat(real).catch(() => null);
  const isEntry = found?.isDirectory() ? isEntryFolder(name, kind) : found?.isFile() && hasEnding(name, kind);
  if (!isEntry || (await isInPart(folder, kind, segments))) throw missing;
  if (found?.isFile() && !(await isListed(file, kind))) throw missing;
  return file;
}

async function isListed(file: string, { isListed: asked }: CatalogueKind): Promise<boolean> {
  return asked === undefined || (await asked(file));
}

/** Whether one of the folders that lead to a file is part of an entry. */
async function isInPart(folder: string, kind: CatalogueKind, segments: readonly string[]): Promise<boolean> {
  for (const [depth, name] of segments.slice(0, -1).entries()) {
    if (!kind.parts?.some((part) => name.toLowerCase().endsWith(part.folder))) continue;
    const beside = await readdir(join(folder, ...segments.slice(0, depth))).catch(() => []);
    if (isPart(name, new Set(beside.map((each) => each.toLowerCase())), kind)) return true;
  }
  return false;
}

/** @param beside names in the same folder, lower case */
function isPart(name: string, beside: ReadonlySet<string>, { parts = [] }: CatalogueKind): boolean {
  const lower = name.toLowerCase();
  return parts.some(
    ({ file, folder }) => lower.endsWith(folder) && beside.has(`${lower.slice(0, -folder.length)}${file}`),
  );
}

/** Whether a name can be part of an id. */
function isSegment(name: string): boolean {
  return name !== '' && !/[:/\\\0]/.test(name);
}

/** `.` and `..` count as hidden. */
function isHidden(name: string): boolean {
  return name.startsWith('.');
}

function isEntryFolder(name: string, { folders = [] }: CatalogueKind): boolean {
  return hasEnding(name, { endings: folders });
}

function hasEnding(name: string, { endings }: Pick<CatalogueKind, 'endings'>): boolean {
  const lower = name.toLowerCase();
  return endings.some((ending) => lower.endsWith(ending));
}
