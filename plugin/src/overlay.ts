import type OpenSeadragon from 'openseadragon';
import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { Breakdown, HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import { keepAttached } from './attachment.ts';
import { addControls, type Controls } from './controls.ts';
import { credentialsOf } from './credentials.ts';
import type { CamEvents } from './events.ts';
import { type HeatmapClient, heatmapClient } from './heatmap-client.ts';
import { createLayer, type Layer } from './layer.ts';
import {
  type CamChanges,
  type CamOptions,
  type CamSettings,
  changedSettings,
  defaultSettings,
  isShare,
} from './options.ts';
import { dock } from './panel/dock.ts';
import { createFailurePanel } from './panel/failure-panel.ts';
import { isUnanswered, reasonOf } from './request-error.ts';
import { extremes } from './tile-pixels.ts';
import { tileCovers, type ValuesAtPoint, valuesAt } from './values.ts';

let library: typeof OpenSeadragon | undefined;

/** Tells the overlays which OpenSeadragon to use; done by `registerCam`. */
export function useLibrary(osd: typeof OpenSeadragon): void {
  library = osd;
}

/** A heatmap over an image of a viewer, with its panel. Every address, class and number of it can be changed at any time but the heatmap's own. */
export class CamOverlay {
  readonly viewer: OpenSeadragon.Viewer;
  /** Resolves when the heatmap lies on its image; rejects where its descriptor cannot be read or an option is wrong. */
  readonly ready: Promise<CamOverlay>;
  readonly #osd: typeof OpenSeadragon;
  readonly #options: CamOptions;
  readonly #client: HeatmapClient;
  readonly #life = new AbortController();
  #descriptor: HeatmapDescriptor | undefined;
  #settings: CamSettings | undefined;
  #layer: Layer | undefined;
  #controls: Controls | undefined;
  #failing = false;
  /** Whether the server did not answer when last asked. */
  #unanswered = false;
  /** What is wrong with the image that the heatmap should lie on: stays until there is another. */
  #misfit: Error | undefined;
  #undockFailure: (() => void) | undefined;
  #pending = -1;
  /** Patches known when the breakdown was last told, of the slide and of the view. */
  readonly #known: Partial<Record<Breakdown['of'], number>> = {};

  /** @throws Error where no OpenSeadragon is known */
  constructor(viewer: OpenSeadragon.Viewer, options: CamOptions) {
    const osd = library ?? ('OpenSeadragon' in globalThis ? globalThis.OpenSeadragon : undefined);
    if (!osd) throw new Error('CamOverlay: call registerCam(OpenSeadragon) first');
    this.#osd = osd;
    this.viewer = viewer;
    this.#options = options;
    this.#client = heatmapClient(options.heatmap, () => credentialsOf(viewer, options));
    this.ready = this.#start();
    this.ready.catch((error: unknown) => {
      this.#failed(error);
      if (!this.#controls) this.#showFailure(error);
    });
    viewer.addHandler('before-destroy', this.#destroyed);
  }

  /** The heatmap's own item of the world; undefined while it lies on no image. */
  get item(): OpenSeadragon.TiledImage | undefined {
    return this.#layer?.item();
  }

  /** Undefined until `ready`. */
  get descriptor(): HeatmapDescriptor | undefined {
    return this.#descriptor;
  }

  /** Changes what is shown, with at most one repainting a frame; resolves when the screen shows it. Rejects for a wrong value, changing nothing. */
  async setOptions(changes: CamChanges): Promise<void> {
    if (!this.#layer) await this.ready;
    if (!this.#descriptor || !this.#settings || this.#life.signal.aborted) return;
    this.#settings = changedSettings(this.#settings, changes, this.#descriptor);
    this.#controls?.show({ settings: this.#settings });
    const shown = this.#layer?.apply(this.#settings);
    this.#raise('cam-change', { options: this.getOptions() });
    await shown;
  }

  /** A copy of what is shown now. @throws Error before `ready` */
  getOptions(): CamSettings {
    if (!this.#settings) throw new Error('getOptions: the heatmap is not ready');
    return { ...this.#settings };
  }

  /** The scores under a point of the viewport as they are shown, from the tiles that are loaded; undefined where there are none. */
  getValueAt(point: OpenSeadragon.Point): ValuesAtPoint | undefined {
    const item = this.item;
    if (!item || !this.#descriptor || !this.#layer) return undefined;
    const { x, y } = item.viewportToImageCoordinates(point, true);
    let best: ValuesAtPoint | undefined;
    let bestLevel = -1;
    for (const tile of this.viewer.tileCache.getLoadedTilesFor(item)) {
      const scores = this.#layer.scoresOf(tile);
      if (!scores || tile.level <= bestLevel || !tileCovers(this.#descriptor, scores.address, x, y)) continue;
      const values = valuesAt(this.#descriptor, scores, x, y);
      if (!values) continue;
      best = values;
      bestLevel = tile.level;
    }
    return best;
  }

  /** Asks the server for every class's score at a point in slide pixels. */
  getScoreAt(x: number, y: number, signal: AbortSignal = this.#life.signal): Promise<ScoreAtPoint> {
    return this.#client.score(x, y, AbortSignal.any([signal, this.#life.signal]));
  }

  /** What is known now of the classes' shares of the slide, or of a region in slide pixels. */
  getBreakdown(region?: Rectangle): Promise<Breakdown> {
    return this.#client.breakdown(region, this.#life.signal);
  }

  /** Asks for everything on screen again. */
  refresh(): void {
    this.#layer?.refresh();
    this.#controls?.restart();
  }

  /** Takes the heatmap, its panel, handlers, timers and requests away. */
  destroy(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.viewer.removeHandler('before-destroy', this.#destroyed);
    this.#controls?.destroy();
    this.#undockFailure?.();
    this.#layer?.destroy();
  }

  async #start(): Promise<CamOverlay> {
    const { signal } = this.#life;
    const descriptor = await this.#client.descriptor(signal);
    const settings = changedSettings(defaultSettings(descriptor), this.#options, descriptor);
    signal.throwIfAborted();
    this.#descriptor = descriptor;
    this.#settings = settings;
    this.#known.slide = descriptor.analysis.patches.known;
    const layer = createLayer(this.#osd, this.viewer, this.#client, descriptor, settings, {
      ajaxHeaders: this.#options.ajaxHeaders,
      ajaxWithCredentials: this.#options.ajaxWithCredentials,
      fetched: (score, tile) => {
        // Only a scale without natural ends has to grow with the values.
        const values = this.#controls && !isShare(score, descriptor) ? extremes(tile) : undefined;
        if (values) this.#controls?.show({ seen: { score, values } });
      },
      progress: () => this.#progress(),
      succeeded: () => this.#succeeded(),
      failed: (error) => this.#failed(error),
    });
    this.#layer = layer;
    if (this.#options.showControl ?? true) this.#controls = this.#addControls(descriptor);
    const report = (error: Error | undefined) => {
      this.#misfit = error;
      if (error) this.#failed(error);
      else this.#controls?.show({ error });
    };
    const attachment = keepAttached(this.viewer, layer, descriptor, this.#options.tiledImage, report);
    signal.addEventListener('abort', attachment.end);
    await attachment.attached;
    signal.throwIfAborted();
    this.#raise('cam-ready', {});
    return this;
  }

  readonly #destroyed = () => this.destroy();

  #addControls(descriptor: HeatmapDescriptor): Controls {
    const change = (changes: CamChanges) => {
      this.setOptions(changes).catch((error: unknown) => this.#failed(error));
    };
    return addControls(this.#osd, this.viewer, descriptor, this.#options, {
      settings: () => this.getOptions(),
      change,
      reset: () => change(changedSettings(defaultSettings(descriptor), this.#options, descriptor)),
      values: (point) => this.getValueAt(point),
      score: (x, y, signal) => this.getScoreAt(x, y, signal),
      breakdown: (scope, signal) => this.#client.breakdown(scope === 'view' ? this.#view() : undefined, signal),
      onBreakdown: (breakdown) => {
        this.#succeeded();
        this.#compareKnown(breakdown);
        this.#raise('cam-breakdown', { breakdown });
      },
      onError: (error) => this.#failed(error),
    });
  }

  /** The part of the slide that is on screen, in whole slide pixels; undefined where there is none. */
  #view(): Rectangle | undefined {
    const item = this.item;
    if (!item || !this.#descriptor) return undefined;
    const seen = item.viewportToImageRectangle(this.viewer.viewport.getBoundsWithMargins(true), true).getBoundingBox();
    const x = Math.max(0, Math.floor(seen.x));
    const y = Math.max(0, Math.floor(seen.y));
    const width = Math.min(this.#descriptor.width, Math.ceil(seen.x + seen.width)) - x;
    const height = Math.min(this.#descriptor.height, Math.ceil(seen.y + seen.height)) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : undefined;
  }

  #compareKnown({ of, patches }: Breakdown): void {
    const before = this.#known[of];
    this.#known[of] = patches.known;
    if (before !== undefined && patches.known > before) this.#layer?.grown();
  }

  #progress(): void {
    const pending = this.#layer?.pending() ?? 0;
    if (pending === this.#pending) return;
    this.#pending = pending;
    this.#controls?.show({ pending });
    this.#controls?.hurry();
    this.#raise('cam-progress', { pending });
  }

  #succeeded(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#controls?.show({ error: this.#misfit });
    if (this.#unanswered) this.#layer?.retry();
    this.#unanswered = false;
  }

  /** Reports a failure once, until something succeeds again. */
  #failed(thrown: unknown): void {
    if (this.#life.signal.aborted || this.#failing) return;
    this.#failing = true;
    const error = asError(thrown);
    this.#controls?.show({ error: this.#misfit ?? error });
    this.#unanswered = isUnanswered(error);
    // Shares may be known to the last patch, and not asked for any more: they tell when it answers again.
    if (this.#unanswered) this.#controls?.restart();
    this.#raise('cam-error', { error });
  }

  /** Says in the panel's place why there is none. */
  #showFailure(thrown: unknown): void {
    if (this.#life.signal.aborted || this.#options.showControl === false) return;
    const failure = createFailurePanel(reasonOf(asError(thrown)));
    this.#undockFailure = dock(this.#osd, this.viewer, failure.element, this.#options, failure.fit);
  }

  #raise<Name extends keyof CamEvents>(name: Name, event: Omit<CamEvents[Name], 'cam'>): void {
    if (!this.#life.signal.aborted) this.viewer.raiseEvent(name, { cam: this, ...event });
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
