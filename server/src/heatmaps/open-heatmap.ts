import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { fileCache } from '../file-cache.ts';
import { manifestFile } from '../models/manifest.ts';
import type { ModelDescription } from '../models/model.ts';
import { describeSlide, readSlideHeader, type SlideHeader } from '../slides/describe-slide.ts';
import type { SlideDescription } from '../slides/slide.ts';
import type { Worker } from '../worker/supervisor.ts';
import { createCellsCache, createHeatmap, type Heatmap } from './heatmap.ts';

/** Bytes of cells kept over all heatmaps: a million patches of 8 x 8 cells and 4 classes. */
const CELLS_BYTES = 1024 ** 3;

/** Heatmaps kept, each with its means of patches; the least recently used goes first. */
const MAX_HEATMAPS = 64;

/** Opens slides, models and heatmaps by file; each is opened once until its file changes. */
export interface HeatmapSource {
  /** @throws Problem `not-found`, `unreadable-slide` */
  slideHeader(file: string): Promise<SlideHeader>;
  /** Makes the slide's lossless pyramid first where it needs one. @throws Problem as above */
  slide(file: string): Promise<SlideDescription>;
  /** @throws Problem `not-found`, `unreadable-model` */
  model(file: string): Promise<ModelDescription>;
  /** @throws Problem as the slide or the model does, or where the two do not fit */
  heatmap(slideFile: string, modelFile: string): Promise<Heatmap>;
}

export interface HeatmapSourceOptions {
  /** Folder of the server's data. */
  store: string;
  worker: Worker;
  /** Told, 0 to 1, while the pyramid of a slide is made. */
  onConversion?: (file: string, done: number) => void;
}

export function createHeatmapSource({ store, worker, onConversion }: HeatmapSourceOptions): HeatmapSource {
  const cells = createCellsCache(CELLS_BYTES);
  const heatmaps = new LRUCache<string, Heatmap>({ max: MAX_HEATMAPS });
  /** By fingerprint: one that an analysis or a request still holds is never made a second time. */
  const inUse = new Map<string, WeakRef<Heatmap>>();
  const forgotten = new FinalizationRegistry<string>((fingerprint) => {
    if (!inUse.get(fingerprint)?.deref()) inUse.delete(fingerprint);
  });
  const slideHeader = fileCache(readSlideHeader);
  const slide = fileCache(
    (file) => describeSlide(file, { store, onProgress: (done) => onConversion?.(file, done) }),
    // Somebody may have emptied the store.
    { isWhole: ({ regionFile }) => isThere(regionFile) },
  );
  const model = fileCache((file) => worker.perform({ type: 'describe-model', file }), {
    beside: (file) => [manifestFile(file)],
    companions: ({ file, companions }) => companions.map((name) => join(dirname(file), name)),
  });

  return {
    slideHeader,
    slide,
    model,
    async heatmap(slideFile, modelFile) {
      const [slideDescription, modelDescription] = await Promise.all([slide(slideFile), model(modelFile)]);
      const files = JSON.stringify([slideFile, modelFile]);
      const kept = heatmaps.get(files);
      if (kept && kept.slide === slideDescription && kept.model === modelDescription) return kept;
      const opened = createHeatmap(slideDescription, modelDescription, cells);
      const { fingerprint } = opened;
      const known = inUse.get(fingerprint)?.deref();
      // Names and colours change no number: what is known, and what runs, stays.
      const { slide: newSlide, model: newModel, warnings } = opened;
      const heatmap = known ? Object.assign(known, { slide: newSlide, model: newModel, warnings }) : opened;
      heatmaps.set(files, heatmap);
      if (!known) {
        // Nobody waits for it, and who needs the model learns what is wrong with it.
        worker.prepare(modelDescription).catch(() => {});
        inUse.set(fingerprint, new WeakRef(heatmap));
        forgotten.register(heatmap, fingerprint);
      }
      return heatmap;
    },
  };
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
