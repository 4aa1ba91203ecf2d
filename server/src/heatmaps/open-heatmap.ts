import { access } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { HeatmapOptions } from '../../../shared/heatmap-descriptor.ts';
import { fileCache } from '../file-cache.ts';
import { manifestFile } from '../models/manifest.ts';
import type { ModelDescription } from '../models/model.ts';
import { describeSlide, isCurrentSlide, readSlideHeader } from '../slides/describe-slide.ts';
import { indexFiles } from '../slides/recognize.ts';
import { sidecarFile, withSidecar } from '../slides/sidecar.ts';
import type { SlideDescription, SlideHeader } from '../slides/slide.ts';
import { boundStore, heatmapsFolder, openHeatmapFolder } from '../store/heatmap-folder.ts';
import { topLevel } from '../values/known-patches.ts';
import type { Worker } from '../worker/supervisor.ts';
import { mppRemedy } from './analysis-resolution.ts';
import { type Heatmap, type HeatmapPlan, planHeatmap } from './heatmap.ts';
import { openHeatmapValues } from './heatmap-values.ts';
import { openedHeatmaps } from './opened-heatmaps.ts';
import { provenance } from './provenance.ts';
import { createResultCaches, type ResultCaches } from './result-caches.ts';

/** Pairs of files and options whose heatmap is remembered. */
const MAX_REMEMBERED = 500;

/** Bytes of all heatmaps on disk. */
export const DEFAULT_STORE_BYTES = 50 * 1024 ** 3;

/** Opens slides, models and heatmaps by file; each is opened once until its file changes. */
export interface HeatmapSource {
  /** @throws Problem `not-found`, `unreadable-slide` */
  slideHeader(file: string): Promise<SlideHeader & { title?: string }>;
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
  /** Shared with other sources; its own unless given. */
  caches?: ResultCaches;
  /** Describes models instead of the worker: another source that has them. */
  describeModel?: HeatmapSource['model'];
  /** Pixels of a picture of which a pyramid has to be made. */
  mostConverted?: number;
  /** The end of a sentence: how a user can say the microns per pixel of a slide. */
  mppRemedy?: string;
  /** The command line's option for what follows, where it has one. */
  mppOption?: string;
  /** Microns per pixel of every slide, whatever it says itself. */
  mpp?: number;
  /** Told, 0 to 1, while the pyramid of a slide is made. */
  onConversion?: (file: string, done: number) => void;
  /** Told in a sentence, once, where pyramids cannot be kept and are made in a temporary folder. */
  onTemporary?: (message: string) => void;
  /** Told, by the heatmap's title, of damage, of a disk that does not take results, and (null) that it does again. */
  onProblem?: (heatmap: string, message: string | null) => void;
  /** Told of heatmaps that were removed because the store was full. */
  onEviction?: (heatmaps: string[]) => void;
  /** Whether somebody waits for a heatmap, or its patches are under way. */
  isBusy?: (heatmap: Heatmap) => boolean;
}

export function createHeatmapSource(options: HeatmapSourceOptions): HeatmapSource {
  const { store, storeBytes = DEFAULT_STORE_BYTES, worker, onConversion, onProblem, onEviction, isBusy } = options;
  const { caches = createResultCaches() } = options;
  /** Of each file pair and options, as they were when it was asked for last. */
  const remembered = new LRUCache<string, Heatmap>({ max: MAX_REMEMBERED });
  /** Addresses at which other processes can ask for heatmaps, by identity. */
  const addresses = new Map<string, string>();
  const besideSlide = (file: string) => [sidecarFile(file), ...indexFiles(file)];
  const slideHeader = fileCache(async (file: string) => withSidecar(await readSlideHeader(file), options.mpp), {
    beside: besideSlide,
  });
  const pyramids = resolve(store ?? '.');
  const slide = fileCache(
    async (file) => {
      const described = await describeSlide(file, {
        store: pyramids,
        mostConverted: options.mostConverted,
        onProgress: (done) => onConversion?.(file, done),
        onTemporary: options.onTemporary,
      });
      return {
        ...(await withSidecar(described, options.mpp)),
        mppRemedy: options.mppRemedy ?? mppRemedy(described, options.mppOption),
      };
    },
    // Somebody may have emptied the store, or put another image behind an address.
    {
      beside: besideSlide,
      companions: ({ companions = [] }) => companions,
      isWhole: async (slide) => (await isThere(slide.regionFile)) && (await isCurrentSlide(slide)),
    },
  );
  const describeModel = (file: string) => worker.perform({ type: 'describe-model', file });
  const model =
    options.describeModel ??
    fileCache(describeModel, {
      beside: (file) => [manifestFile(file)],
      companions: ({ file, companions }) => companions.map((name) => join(dirname(file), name)),
    });
  const tell = ({ slide: { file }, model: { title } }: HeatmapPlan, message: string | null) =>
    onProblem?.(`${file} with ${title}`, message);

  const openDisk = async (plan: HeatmapPlan, folder: string) => {
    const { identity, grid, model: planned, scores } = plan;
    const classes = planned.classes.length;
    const shape = { ...grid, classes, values: scores.length * classes, top: topLevel(grid.rows, grid.columns) };
    return openHeatmapFolder(folder, addresses.get(identity) ?? null, {
      identity,
      shape,
      attributes: await provenance(plan),
      onDamage: (message) => tell(plan, message),
    });
  };

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

  const make = async (plan: HeatmapPlan): Promise<Heatmap> => {
    const { options: chosen, grid, identity } = plan;
    const task = { type: 'background' as const, slide: plan.slide, grid };
    const values = await openHeatmapValues({
      ...plan,
      mask: chosen.background === 'otsu' ? await worker.perform(task) : undefined,
      backgroundClass: classIndex(plan),
      caches,
      onProblem: (message) => tell(plan, message),
      ...(store !== undefined && {
        openDisk: () => openDisk(plan, join(heatmapsFolder(resolve(store)), identity)),
      }),
    });
    // Nobody waits for it, and who needs the model learns what is wrong with it.
    worker.prepare(plan.model).catch(() => {});
    boundLater();
    const levels = new Map<number, HeatmapPlan>();
    const heatmap: Heatmap = {
      ...plan,
      values,
      usage: { holders: 0, usedAt: Date.now() },
      async atLevel(level) {
        if (!heatmap.levelMode) return heatmap;
        const { slide: ownSlide, model: ownModel, warnings } = heatmap;
        const planned = levels.get(level) ?? planHeatmap(ownSlide, ownModel, chosen, level);
        levels.set(level, planned);
        return opened.open({ ...planned, slide: ownSlide, model: ownModel, warnings });
      },
    };
    return heatmap;
  };
  const opened = openedHeatmaps({
    make,
    isBusy: (heatmap) => isBusy?.(heatmap) ?? false,
    // One that is open is never removed.
    onClosed: boundLater,
    onError: (heatmap, error) =>
      tell(heatmap, `it cannot be closed: ${error instanceof Error ? error.message : error}`),
  });

  return {
    slideHeader,
    slide,
    model,
    async heatmap(slideFile, modelFile, wanted = {}, address) {
      const [slideDescription, modelDescription] = await Promise.all([slide(slideFile), model(modelFile)]);
      const { overlap = 1, background = modelDescription.background ?? null } = wanted;
      const key = JSON.stringify([slideFile, modelFile, overlap, background]);
      const kept = remembered.get(key);
      const isSame = kept?.slide === slideDescription && kept.model === modelDescription;
      if (kept && isSame && opened.touch(kept)) return kept;
      const plan = planHeatmap(slideDescription, modelDescription, { overlap, background });
      if (address !== undefined) addresses.set(plan.identity, address);
      const heatmap = await opened.open(plan);
      remembered.set(key, heatmap);
      return heatmap;
    },
    async close() {
      await opened.close();
      await bounding;
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
