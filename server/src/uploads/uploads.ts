import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { Problem } from '../errors.ts';
import type { Heatmap } from '../heatmaps/heatmap.ts';
import type { HeatmapSource } from '../heatmaps/open-heatmap.ts';
import { recognize } from '../slides/recognize.ts';
import { sidecarFile } from '../slides/sidecar.ts';
import { bytesBelow } from '../store/eviction.ts';
import { receiveFile, tooLarge } from './receive-file.ts';
import { makeUploadFolder, type UploadFolder } from './upload-folder.ts';
import { checkOneFile, FORMATS_TAKEN, fileNameOf, newUploadId } from './upload-names.ts';

export interface UploadLimits {
  /** Bytes of one image. */
  bytes: number;
  /** Images that are kept at a time. */
  images: number;
  /** Bytes of all of them with everything that was made of them. */
  allBytes: number;
  /** Milliseconds after which an image is removed that nobody has looked at. */
  lifetime: number;
}

/** Images that may be sent at a time; each is decoded in its turn, for some have to be decoded whole. */
const MOST_AT_ONCE = 4;
const LONGEST_CHECK_PAUSE = 30_000;

/** The limits of a server that takes images of so many bytes. */
export function uploadLimits(bytes: number): UploadLimits {
  return { bytes, images: 20, allBytes: Math.max(10e9, 3 * bytes), lifetime: 3_600_000 };
}

/** An image that somebody added, with everything made of it in a folder of its own. */
export interface Upload {
  id: string;
  file: string;
  title: string;
  /** Microns per pixel as its sender says; null where nothing was said. */
  mpp: number | null;
  /** Its pyramid and its heatmaps. */
  source: HeatmapSource;
}

export interface ReceiveUploadOptions {
  /** What the sender calls it. */
  name: string;
  mpp?: number;
  /** Bytes that are to come, where they are known. */
  length?: number;
  signal?: AbortSignal;
}

/** Images that visitors have added: known by ids that cannot be guessed, listed to nobody, and gone after a while. */
export interface Uploads {
  readonly limits: UploadLimits;
  /**
   * Takes an image, and refuses what cannot be opened: a picture is decoded whole first, a tiled slide where it begins. Those
   * looked at longest ago make room for it.
   * @throws Problem `too-large`, `unreadable-slide`, `bad-parameter`, `busy` where too many are being sent, `failed`
   */
  receive(body: Readable, options: ReceiveUploadOptions): Promise<Upload>;
  /** @throws Problem `not-found` */
  find(id: string): Upload;
  /** As `find`; it counts as looked at. */
  use(id: string): Upload;
  /** Says what an image's microns per pixel are. @throws Problem `not-found` */
  setMpp(id: string, mpp: number): Promise<Upload>;
  /** Removes an image and everything made of it. @throws Problem `not-found` */
  remove(id: string): Promise<void>;
  /** The one that a file belongs to. */
  ofFile(file: string): Upload | undefined;
  /** Tells of a heatmap of an image: while somebody follows it, the image counts as looked at. */
  opened(upload: Upload, heatmap: Heatmap): void;
  /** Absolute paths of the folders that images lie in. */
  folders(): Iterable<string>;
  /** Ends what is being sent and removes everything. */
  close(): Promise<void>;
}

export interface UploadsOptions {
  limits: UploadLimits;
  /** Absolute path of the server's data. */
  store: string;
  /** Opens slides and heatmaps with a store of their own. */
  openSource(store: string): HeatmapSource;
  /** Told of each heatmap of an image that is on its way out. */
  onRemoval?(heatmap: Heatmap): void;
}

interface Kept extends Upload {
  /** Holds everything of it. */
  folder: string;
  usedAt: number;
  heatmaps: Set<Heatmap>;
}

export function openUploads({ limits, store, openSource, onRemoval }: UploadsOptions): Uploads {
  const kept = new Map<string, Kept>();
  const byFile = new Map<string, Kept>();
  const imageFolders = new Set<string>();
  const receiving = new Set<Promise<unknown>>();
  const ended = new AbortController();
  let making: Promise<UploadFolder> | undefined;
  let count = 0;
  let decoding: Promise<unknown> = Promise.resolve();
  let tidying: Promise<unknown> = Promise.resolve();

  const ownFolder = () => {
    making ??= makeUploadFolder(store).catch((error: NodeJS.ErrnoException) => {
      making = undefined;
      throw new Problem('failed', `the server cannot keep images: its store cannot be written (${error.code})`);
    });
    return making;
  };

  const find = (id: string): Kept => {
    const found = kept.get(id);
    if (found) return found;
    const minutes = Math.round(limits.lifetime / 60_000);
    throw new Problem(
      'not-found',
      `this image is no longer here: images that were added are removed ${minutes} minutes after somebody looked at them`,
    );
  };

  const discard = async (upload: Pick<Kept, 'id' | 'file' | 'folder' | 'source' | 'heatmaps'>) => {
    kept.delete(upload.id);
    byFile.delete(upload.file);
    for (const heatmap of upload.heatmaps) onRemoval?.(heatmap);
    await upload.source.close().catch(() => {});
    await rm(upload.folder, { recursive: true, force: true });
    imageFolders.delete(dirname(upload.file));
  };

  const isFollowed = ({ heatmaps }: Kept) => [...heatmaps].some(({ usage }) => usage.holders > 0);

  const removeOld = async () => {
    const now = Date.now();
    for (const upload of [...kept.values()]) {
      if (isFollowed(upload)) upload.usedAt = now;
      else if (now - upload.usedAt >= limits.lifetime) await discard(upload);
    }
  };

  /** One at a time: two at once would each make the room that one alone has to make. */
  const makeRoom = (bytes: number, images: number, except?: Kept) => {
    const made = tidying.then(async () => {
      await removeOld();
      const sizes = new Map<Kept, number>();
      for (const upload of kept.values()) sizes.set(upload, await bytesBelow(upload.folder));
      let sum = [...sizes.values()].reduce((total, size) => total + size, bytes);
      const oldest = [...kept.values()].filter((upload) => upload !== except).sort((a, b) => a.usedAt - b.usedAt);
      for (const upload of oldest) {
        if (sum <= limits.allBytes && kept.size + images <= limits.images) return;
        sum -= sizes.get(upload) ?? 0;
        await discard(upload);
      }
    });
    tidying = made.catch(() => {});
    return made;
  };

  const timer = setInterval(
    () => {
      // Heatmaps grow after an image was added.
      if (kept.size > 0) makeRoom(0, 0).catch(() => {});
    },
    Math.min(LONGEST_CHECK_PAUSE, limits.lifetime / 4),
  ).unref();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = decoding.then(work);
    decoding = result.catch(() => {});
    return result;
  };

  const receive = async (body: Readable, { name, mpp, length, ...options }: ReceiveUploadOptions): Promise<Upload> => {
    const signal = options.signal ? AbortSignal.any([options.signal, ended.signal]) : ended.signal;
    const folder = join((await ownFolder()).path, String(++count));
    const title = fileNameOf(name);
    const file = join(folder, 'image', title);
    const source = openSource(folder);
    imageFolders.add(dirname(file));
    const upload: Kept = {
      ...{ id: newUploadId(), file, title, mpp: mpp ?? null, source, folder },
      ...{ usedAt: Date.now(), heatmaps: new Set() },
    };
    try {
      if (length !== undefined) await makeRoom(length, 1);
      await mkdir(join(folder, 'image'), { recursive: true, mode: 0o700 });
      await receiveFile(body, file, { mostBytes: limits.bytes, signal });
      await writeSidecar(upload);
      checkOneFile(await recognize(file, FORMATS_TAKEN), title);
      await inTurn(async () => {
        if (!signal.aborted) await source.slide(file);
      });
      signal.throwIfAborted();
      await makeRoom(await bytesBelow(folder), 1);
      upload.usedAt = Date.now();
      byFile.set(file, upload);
      kept.set(upload.id, upload);
      return upload;
    } catch (error) {
      await discard(upload);
      throw error;
    }
  };

  return {
    limits,
    async receive(body, options) {
      if (options.length !== undefined && options.length > limits.bytes) throw tooLarge(limits.bytes);
      if (ended.signal.aborted || receiving.size >= MOST_AT_ONCE) {
        throw new Problem('busy', `${MOST_AT_ONCE} images are being added already; try again in a moment`);
      }
      const received = receive(body, options);
      receiving.add(received);
      return received.finally(() => receiving.delete(received));
    },
    find,
    use(id) {
      const found = find(id);
      found.usedAt = Date.now();
      return found;
    },
    async setMpp(id, mpp) {
      const found = find(id);
      found.mpp = mpp;
      await writeSidecar(found);
      return found;
    },
    remove: async (id) => discard(find(id)),
    ofFile: (file) => byFile.get(file),
    opened: ({ id }, heatmap) => void kept.get(id)?.heatmaps.add(heatmap),
    folders: () => imageFolders,
    async close() {
      clearInterval(timer);
      ended.abort(new Problem('busy', 'the server is ending'));
      await Promise.allSettled(receiving);
      await tidying;
      for (const upload of [...kept.values()]) await discard(upload);
      await (await making?.catch(() => undefined))?.remove();
    },
  };
}

/** Says beside an image what its sender said of it, as one may beside any slide. */
async function writeSidecar({ file, title, mpp }: Kept): Promise<void> {
  await writeFile(sidecarFile(file), JSON.stringify({ title, ...(mpp !== null && { mpp }) }), { mode: 0o600 });
}
