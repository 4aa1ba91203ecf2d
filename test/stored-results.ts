import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiskOptions, openDiskResults } from '../server/src/store/disk-results.ts';
import { openArrays } from '../server/src/store/heatmap-arrays.ts';
import { resultArrays } from '../server/src/store/result-layout.ts';
import { knownPatches } from '../server/src/values/known-patches.ts';

/** What a store holds of its one heatmap, read while no process has it. */
export interface StoredResults {
  patches: number;
  /** Patches in chunks or in the journal. */
  known: number;
  /** Those in chunks. */
  stored: number;
  /** Everything that was found damaged; every chunk of every array is read. */
  damage: string[];
  /** Digest of each array as a whole. */
  digests: Record<string, string>;
}

/** Folder of the one heatmap of a store. */
export async function onlyHeatmap(store: string): Promise<string> {
  const folder = join(store, 'heatmaps');
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.'));
  if (names.length !== 1) throw new Error(`expected one heatmap in ${folder}, found ${names.length}`);
  return join(folder, names[0]);
}

/** Reads a copy, and leaves the store as it is. */
export async function readStored(store: string): Promise<StoredResults> {
  const copy = await mkdtemp(join(tmpdir(), 'cam-stored-'));
  try {
    await cp(await onlyHeatmap(store), copy, { recursive: true });
    const options = await diskOptions(copy);
    const damage: string[] = [];
    const disk = await openDiskResults(copy, { ...options, onDamage: (message) => damage.push(message) });
    const stored = disk.stored.reduce((sum, flag) => sum + (flag === 0 ? 0 : 1), 0);
    const journaled = [...disk.journaled()];
    const { records } = await disk.read(journaled);
    await disk.close();
    const arrays = await openArrays(join(copy, 'data.zarr'), resultArrays(options.shape), options.attributes);
    const digests: Record<string, string> = {};
    for (const { name, shape, chunkShape } of resultArrays(options.shape)) {
      const hash = createHash('sha256');
      for (const at of chunksOf(shape.map((size, axis) => Math.ceil(size / chunkShape[axis])))) {
        const chunk = await arrays.readChunk(name, at).catch((error: Error) => void damage.push(error.message));
        hash.update(`${at} `).update(chunk ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength) : '');
      }
      digests[name] = hash.digest('base64url').slice(0, 16);
    }
    return { patches: disk.stored.length, known: stored + records.size, stored, damage, digests };
  } finally {
    await rm(copy, { recursive: true });
  }
}

async function diskOptions(folder: string): Promise<Omit<DiskOptions, 'onDamage'>> {
  const { attributes } = JSON.parse(await readFile(join(folder, 'data.zarr/zarr.json'), 'utf8'));
  const { grid, model, scores, heatmap: identity } = attributes;
  const classes = model.classes.length;
  const { top } = knownPatches(grid.rows, grid.columns);
  return { identity, attributes, shape: { ...grid, classes, values: scores.length * classes, top } };
}

/** Coordinates of all chunks, the last axis first. */
function chunksOf(counts: readonly number[]): number[][] {
  return counts.reduce<number[][]>(
    (found, count) => found.flatMap((at) => Array.from({ length: count }, (_, i) => [...at, i])),
    [[]],
  );
}
