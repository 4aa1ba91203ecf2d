import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../engines/engine.ts';
import { isBatchInvariant, type ProbeShape, probePatches } from './load-check.ts';
import { writeWhole } from './onnx/classifier-file.ts';

/** What the speed of batches depends on. */
export interface BatchSizeKey {
  /** The model's. */
  fingerprint: string;
  engine: string;
  /** Of one inference. */
  threads: number | undefined;
}

/** Sizes that are tried; each takes part only while a batch of it is expected to take no longer than `LONGEST_MS`. */
const CANDIDATES = [1, 2, 4, 8, 16];

/** A batch blocks its process, which then starts no reading: long ones would gain nothing that waiting does not cost. */
const LONGEST_MS = 40;

/** Milliseconds for which a candidate runs each time that its turn comes. */
const TURN_MS = 15;
const TURNS = 3;

/** A larger batch must be faster by this share: it takes memory, and what is measured is not exact. */
const WORTHWHILE = 0.03;

/** Where nothing is measured: the tissue model is within 4 % of its best there, MobileNetV2 and VGG16 at theirs. */
const UNMEASURED = { small: 4, large: 1 };
const SMALL_PATCH = 160;

/**
 * Patches in a batch at which an engine is at full speed and gives the bits of single patches. It is measured once for
 * each model, engine, processor and number of threads, and kept in a folder; without a folder it is not measured, so that
 * opening a model to look at it takes no longer than it must.
 * @param folder made where it is missing; what goes wrong with it costs time and nothing else
 * @param now milliseconds
 */
export async function chooseBatchSize(
  engine: Engine,
  shape: ProbeShape,
  key: BatchSizeKey,
  folder: string | undefined,
  now: () => number = () => performance.now(),
): Promise<number> {
  const preferred = Math.max(shape.height, shape.width) <= SMALL_PATCH ? UNMEASURED.small : UNMEASURED.large;
  const size = folder === undefined ? preferred : await keptSize(folder, key, () => fastestSize(engine, shape, now));
  return (await isBatchInvariant(engine, shape, size)) ? size : 1;
}

/** Seconds that one batch takes an engine now, for each of its patches: what a patch costs before any was classified. */
export async function measureSecondsPerPatch(engine: Engine, shape: ProbeShape, batchSize: number): Promise<number> {
  const patches = probePatches(shape, batchSize);
  const start = performance.now();
  await engine.run(patches, batchSize);
  return (performance.now() - start) / 1000 / batchSize;
}

async function keptSize(folder: string, key: BatchSizeKey, measure: () => Promise<number>): Promise<number> {
  const processor = os.cpus()[0]?.model ?? '';
  const hash = createHash('sha256').update(JSON.stringify([key, processor, CANDIDATES]));
  const file = join(folder, `${hash.digest('hex').slice(0, 32)}.batch`);
  const kept = Number(await readFile(file, 'utf8').catch(() => ''));
  if (CANDIDATES.includes(kept)) return kept;
  const size = await measure();
  await mkdir(folder, { recursive: true })
    .then(() => writeWhole(file, [`${size}\n`]))
    .catch(() => {});
  return size;
}

/** Candidates take turns, so that all see the same machine; the best turn of each counts. */
async function fastestSize(engine: Engine, shape: ProbeShape, now: () => number): Promise<number> {
  const patches = probePatches(shape, CANDIDATES[CANDIDATES.length - 1]);
  const patchBytes = shape.height * shape.width * 3;
  const run = async (size: number) => {
    const start = now();
    await engine.run(patches.subarray(0, size * patchBytes), size);
    return now() - start;
  };
  // The first inference has memory to ask for.
  await run(1);
  const alone = await run(1);
  const candidates = CANDIDATES.filter((size) => size === 1 || size * alone <= LONGEST_MS);
  if (candidates.length === 1) return 1;
  const best = candidates.map(() => Number.POSITIVE_INFINITY);
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [index, size] of candidates.entries()) {
        let milliseconds = 0;
        let runs = 0;
        while (milliseconds < TURN_MS) {
          milliseconds += await run(size);
          runs++;
        }
        best[index] = Math.min(best[index], milliseconds / (runs * size));
      }
    }
  } catch {
    // A network exported for a batch of 1.
    return 1;
  }
  const fastest = Math.min(...best);
  return candidates[best.findIndex((milliseconds) => milliseconds <= fastest * (1 + WORTHWHILE))];
}
