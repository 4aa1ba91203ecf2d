import os from 'node:os';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import sharp from 'sharp';
import { Problem } from '../errors.ts';
import type { Model } from '../models/model.ts';
import { openModel } from '../models/open-model.ts';
import { whileUnchanged } from '../slides/file-version.ts';
import { openedSlides } from '../slides/opened-slides.ts';
import { readPatches } from '../slides/patches.ts';
import { allowRemoteHosts } from '../slides/remote/process-fetcher.ts';
import { createTileReader } from '../slides/tile-reader.ts';
import { backgroundPatches, tissueMask } from '../slides/tissue-mask.ts';
import type {
  ModelVersion,
  PatchResults,
  WorkerOptions,
  WorkerRequest,
  WorkerResponse,
  WorkerTask,
} from './messages.ts';

/**
 * The worker process: opens slides, reads patches, runs the model. A network's inference blocks the thread that calls
 * it, which is why this is a process of its own, and one of lower priority than the server's.
 */
lowerPriority();

/** Given by the supervisor. */
const { remote, ...options }: WorkerOptions = JSON.parse(process.argv[2] ?? '{}');

if (remote !== undefined) allowRemoteHosts(remote);

// The cores are for inference: threads of one decoding would only wait for each other, and starting them costs 0.2 ms.
sharp.concurrency(1);

/** A slow disk must not keep inference waiting for the patches of a later task. */
const LONGEST_WAIT_MS = 2;

const MAX_OPEN_MODELS = 4;

/** A model that is kept open; one that is no longer kept is closed when its last task is done. */
interface OpenedModel {
  model: Promise<Model>;
  tasks: number;
  kept: boolean;
}

const models = new LRUCache<string, OpenedModel>({
  max: MAX_OPEN_MODELS,
  dispose(opened) {
    opened.kept = false;
    closeIfUnused(opened);
  },
});

/** Decoded tiles: looking closer soon asks for the neighbours of patches that were read alone. */
const tiles = createTileReader({ cacheBytes: 16 * 1024 ** 2 });

const slideFor = openedSlides(tiles);

/** Inference goes in the order of arrival; patches of the next task are read meanwhile. */
let inference: Promise<unknown> = Promise.resolve();

function lowerPriority(): void {
  const wanted = os.constants.priority.PRIORITY_BELOW_NORMAL;
  // One that is lower already could be raised by nobody but root.
  if (os.getPriority() < wanted) os.setPriority(wanted);
}

process.on('message', async ({ id, task }: WorkerRequest) => {
  try {
    respond({ id, answer: await perform(task) });
  } catch (error) {
    const problem =
      error instanceof Problem
        ? error
        : new Problem('failed', `the worker failed: ${error instanceof Error ? error.message : error}`);
    if (!(error instanceof Problem)) console.error(error);
    respond({ id, problem: { code: problem.code, message: problem.message } });
  }
});
process.on('disconnect', () => process.exit(0));

function respond(response: WorkerResponse): void {
  if (process.connected) process.send?.(response);
}

async function perform(task: WorkerTask) {
  if (task.type === 'describe-model') {
    // Described anew each time it is asked: the file may have changed.
    const model = await openModel(task.file, options);
    const key = modelKey(model.description);
    // The same network under other names: what runs goes on running.
    if (models.has(key)) await model.close();
    else models.set(key, { model: Promise.resolve(model), tasks: 0, kept: true });
    return { ...model.description, secondsPerPatch: model.secondsPerPatch };
  }
  if (task.type === 'prepare-model') {
    await openedModel(task.model).model;
    return null;
  }
  if (task.type === 'background') {
    return backgroundPatches(await tissueMask(slideFor(task.slide)), task.grid);
  }
  if (task.type === 'classify-pixels') {
    return using(task.model, (model) => model.classify(task.pixels, 1));
  }
  return classify(task);
}

/** A model that stays open while it is used. */
async function using<T>(version: ModelVersion, use: (model: Model) => Promise<T>): Promise<T> {
  const opened = openedModel(version);
  opened.tasks++;
  try {
    return await use(await checkedModel(opened, version));
  } finally {
    opened.tasks--;
    closeIfUnused(opened);
  }
}

function classify(task: Extract<WorkerTask, { type: 'classify' }>): Promise<PatchResults> {
  const { slide, grid, positions } = task;
  return using(task.model, (model) => {
    const reading = whileUnchanged(slide, readPatches(slideFor(slide), grid, positions));
    // Awaited only when its turn comes; until then a failure must not count as unhandled.
    reading.catch(() => {});
    const running = inference.then(async () => runInBatches(model, await reading, positions.length));
    inference = running.catch(() => {});
    return running;
  });
}

async function runInBatches(model: Model, patches: Uint8Array, count: number): Promise<PatchResults> {
  const { patchHeight, patchWidth, cellRows, cellColumns, classes } = model.description;
  const patchBytes = patchHeight * patchWidth * 3;
  const cellsLength = cellRows * cellColumns * classes.length;
  const cells = new Float32Array(count * cellsLength);
  const probabilities = new Float32Array(count * classes.length);
  for (let start = 0; start < count; start += model.batchSize) {
    const size = Math.min(model.batchSize, count - start);
    const results = await model.classify(patches.subarray(start * patchBytes, (start + size) * patchBytes), size);
    cells.set(results.cells, start * cellsLength);
    probabilities.set(results.probabilities, start * classes.length);
    // Lets the next task arrive, and its tiles get to where they are decoded while the following batch runs.
    await setImmediate();
    await Promise.race([tiles.decoding(), setTimeout(LONGEST_WAIT_MS)]);
  }
  return { cells, probabilities };
}

function openedModel({ file, fingerprint }: ModelVersion): OpenedModel {
  const key = modelKey({ file, fingerprint });
  const found = models.get(key);
  if (found) return found;
  const opened = { model: openModel(file, options), tasks: 0, kept: true };
  models.set(key, opened);
  opened.model.catch(() => models.delete(key));
  return opened;
}

async function checkedModel(opened: OpenedModel, expected: ModelVersion): Promise<Model> {
  const model = await opened.model;
  if (model.description.fingerprint !== expected.fingerprint) {
    models.delete(modelKey(expected));
    throw new Problem(
      'unreadable-model',
      `${expected.file}: the file changed while it was in use; open the heatmap again`,
    );
  }
  return model;
}

function closeIfUnused({ model, tasks, kept }: OpenedModel): void {
  if (!kept && tasks === 0) void model.then((opened) => opened.close()).catch(() => {});
}

function modelKey({ file, fingerprint }: ModelVersion): string {
  return `${fingerprint} ${file}`;
}
