import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { HeatmapOptions } from '../../../shared/heatmap-descriptor.ts';
import { fileCache } from '../file-cache.ts';
import { manifestFile } from '../models/manifest.ts';
import type { ModelDescription } from '../models/model.ts';
import { describeSlide, readSlideHeader, type SlideHeader } from '../slides/describe-slide.ts';
import type { SlideDescription } from '../slides/slide.ts';
import { boundStore, heatmapsFolder, openHeatmapFolder } from '../store/heatmap-folder.ts';
import { knownPatches } from '../values/known-patches.ts';
import type { Worker } from '../worker/supervisor.ts';
import { type Heatmap, type HeatmapPlan, planHeatmap } from './heatmap.ts';
import { openHeatmapValues } from './heatmap-values.ts';
import { provenance } from './provenance.ts';
import { createResultCaches } from './result-caches.ts';

/** Pairs of files and options whose heatmap is remembered. */
const MAX_REMEMBERED = 500;

/** Milliseconds without a request after which a heatmap that nobody waits for is closed. */
const IDLE_PAUSE = 10 * 60_000;
const IDLE_CHECK_PAUSE = 60_000;

/** Bytes of all heatmaps on disk. */
export const DEFAULT_STORE_BYTES = 50 * 1024 ** 3;

/** Opens slides, models and heatmaps by file; each is opened once until its file changes. */
export interface HeatmapSource {
  /** @throws Problem `not-found`, `unreadable-slide` */
  slideHeader(file: string): Promise<SlideHeader>;
  /** Makes the slide's lossless pyramid first where it needs one. @throws Problem as above */
  slide(file: string): Promise<SlideDescription>;
  /** @throws Problem `not-found`, `unreadable-model` */
  model(file: string): Promise<ModelDescription>;
  /**
   * @param options what is left out is the model's own choice
   * @param address where other processes that want to write the heatmap can ask this one
   * @throws Problem as the slide or the model does, or where the two do not fit
   */
  heatmap(slideFile: string, modelFile: string, options?: Partial<HeatmapOptions>, address?: string): Promise<Heatmap>;
  /** Writes what is left and lets go of every heatmap. */
  close(): Promise<void>;
}

export interface HeatmapSourceOptions {
  /** Folder of the server's data; heatmaps are kept in memory alone where there is none. */
  store?: string;
  /** Bound of the heatmaps in it, in bytes. */
  storeBytes?: number;
  worker: Worker;
  /** Told, 0 to 1, while the pyramid of a slide is made. */
  onConversion?: (file: string, done: number) => void;
  /** Told, by the heatmap's title, of damage, of a disk that does not take results, and (null) that it does again. */
  onProblem?: (heatmap: string, message: string | null) => void;
  /** Told of heatmaps that were removed because the store was full. */
  onEviction?: (heatmaps: string[]) => void;
  /** Whether somebody waits for a heatmap, or its patches are under way. */
  isBusy?: (heatmap: Heatmap) => boolean;
}

export function createHeatmapSource(options: HeatmapSourceOptions): HeatmapSource {
  const { store, storeBytes = DEFAULT_STORE_BYTES, worker, onConversion, onProblem, onEviction, isBusy } = options;
  const caches = createResultCaches();
  /** Of each file pair and options, as they were when it was asked for last. */
  const remembered = new LRUCache<string, Heatmap>({ max: MAX_REMEMBERED });
  /** By identity: there is never a second one of the same values. */
  const heatmaps = new Map<string, { heatmap: Promise<Heatmap>; usedAt: number }>();
  const closing = new Map<string, Promise<void>>();
  const slideHeader = fileCache(readSlideHeader);
  const pyramids = resolve(store ?? '.');
  const slide = fileCache(
    (file) => describeSlide(file, { store: pyramids, onProgress: (done) => onConversion?.(file, done) }),
    // Somebody may have emptied the store.
    { isWhole: ({ regionFile }) => isThere(regionFile) },
  );
  const model = fileCache((file) => worker.perform({ type: 'describe-model', file }), {
    beside: (file) => [manifestFile(file)],
    companions: ({ file, companions }) => companions.map((name) => join(dirname(file), name)),
  });

  /** One at a time: two at once would each make the room that one alone has to make. */
  let bounding: Promise<void> = Promise.resolve();
  const boundLater = () => {
    if (store === undefined) return;
    bounding = bounding
      .then(() => boundStore(resolve(store), storeBytes))
      .then((names) => {
        if (names.length > 0) onEviction?.(names);
      });
  };

  /** Lets go of a heatmap; what could not be written then is only computed again. */
  const closeValues = async ({ values, identity }: Heatmap) => {
    await values
      .close()
      .catch((error) => onProblem?.(identity, error instanceof Error ? error.message : String(error)));
  };

  const open = async (plan: HeatmapPlan, address: string | undefined): Promise<Heatmap> => {
    const { identity, options: chosen, grid } = plan;
    await closing.get(identity);
    const mask =
      chosen.background === 'otsu' ? await worker.perform({ type: 'background', slide: plan.slide, grid }) : undefined;
    const title = `${plan.slide.file} with ${plan.model.title}`;
    const values = plan.scores.length * plan.model.classes.length;
    const opened = await openHeatmapValues({
      ...plan,
      mask,
      backgroundClass: classIndex(plan),
      caches,
      onProblem: (message) => onProblem?.(title, message),
      openDisk:
        store === undefined
          ? undefined
          : async () =>
              openHeatmapFolder(join(heatmapsFolder(resolve(store)), identity), address ?? null, {
                identity,
                shape: {
                  ...grid,
                  classes: plan.model.classes.length,
                  values,
                  top: knownPatches(grid.rows, grid.columns).top,
                },
                attributes: await provenance(plan),
                onDamage: (message) => onProblem?.(title, message),
              }),
    });
    // Nobody waits for it, and who needs the model learns what is wrong with it.
    worker.prepare(plan.model).catch(() => {});
    boundLater();
    const heatmap: Heatmap = {
      ...plan,
      values: opened,
      atLevel: async (level) => {
        if (!heatmap.levelMode) return heatmap;
        const { slide: ownSlide, model: ownModel } = heatmap;
        return openOnce(planHeatmap(ownSlide, ownModel, chosen, level), address);
      },
    };
    return heatmap;
  };

  const openOnce = async (plan: HeatmapPlan, address: string | undefined): Promise<Heatmap> => {
    const { identity, slide: newSlide, model: newModel, warnings } = plan;
    const found = heatmaps.get(identity);
    if (found) {
      found.usedAt = Date.now();
      // Names and colours change no number: what is known, and what runs, stays.
      return Object.assign(await found.heatmap, { slide: newSlide, model: newModel, warnings });
    }
    const entry = { heatmap: open(plan, address), usedAt: Date.now() };
    heatmaps.set(identity, entry);
    entry.heatmap.catch(() => {
      if (heatmaps.get(identity) === entry) heatmaps.delete(identity);
    });
    return entry.heatmap;
  };

  const closeIdle = async () => {
    for (const [identity, entry] of heatmaps) {
      if (Date.now() - entry.usedAt < IDLE_PAUSE) continue;
      const heatmap = await entry.heatmap.catch(() => undefined);
      if (!heatmap || heatmaps.get(identity) !== entry) continue;
      if (Date.now() - entry.usedAt < IDLE_PAUSE || isBusy?.(heatmap)) continue;
      heatmaps.delete(identity);
      for (const [key, other] of remembered.entries()) if (other === heatmap) remembered.delete(key);
      const done = closeValues(heatmap).then(() => {
        closing.delete(identity);
        boundLater();
      });
      closing.set(identity, done);
    }
  };
  const timer = setInterval(() => void closeIdle(), IDLE_CHECK_PAUSE).unref();

  return {
    slideHeader,
    slide,
    model,
    async heatmap(slideFile, modelFile, wanted = {}, address) {
      const [slideDescription, modelDescription] = await Promise.all([slide(slideFile), model(modelFile)]);
      const { overlap = 1, background = modelDescription.background ?? null } = wanted;
      const key = JSON.stringify([slideFile, modelFile, overlap, background]);
      const kept = remembered.get(key);
      if (kept && kept.slide === slideDescription && kept.model === modelDescription) {
        const entry = heatmaps.get(kept.identity);
        if (entry) entry.usedAt = Date.now();
        if (entry) return kept;
      }
      const plan = planHeatmap(slideDescription, modelDescription, { overlap, background });
      const heatmap = await openOnce(plan, address);
      remembered.set(key, heatmap);
      return heatmap;
    },
    async close() {
      clearInterval(timer);
      const last = await Promise.allSettled([...heatmaps.values()].map(({ heatmap }) => heatmap));
      heatmaps.clear();
      remembered.clear();
      for (const found of last) if (found.status === 'fulfilled') await closeValues(found.value);
      await Promise.all([...closing.values(), bounding]);
    },
  };
}

/** Index of the class that counts as background; undefined where there is none. */
function classIndex({ model, options: { background } }: HeatmapPlan): number | undefined {
  if (background === null || background === 'otsu') return undefined;
  return model.classes.findIndex(({ name }) => name === background.class);
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
