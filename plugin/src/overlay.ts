import type OpenSeadragon from 'openseadragon';
import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, Breakdown, HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import { keepAttached } from './attachment.ts';
import { comparedHeatmaps } from './compared-heatmap.ts';
import { credentialsOf } from './credentials.ts';
import type { CamEvents } from './events.ts';
import { type HeatmapClient, heatmapClient } from './heatmap-client.ts';
import type { Instruments } from './instruments.ts';
import { knownLibrary } from './library.ts';
import { loadOnDemand } from './on-demand/load.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';
import { type OverlayParts, overlayParts } from './overlay-parts.ts';
import { type OverlaySettings, overlaySettings } from './overlay-settings.ts';
import { type FailurePlace, failurePlace } from './panel/failure-panel.ts';
import { type ProblemSource, problems } from './problems.ts';
import { checkedRegion, type RegionGeometry } from './region/region-geometry.ts';
import { untilAnswered } from './until-answered.ts';
import type { UrlState } from './url-state.ts';
import { shownValuesAtPoint, type ValuesAtPoint } from './values.ts';

/**
 * A heatmap over an image of a viewer, with its panel. Every address, class and number of it can be changed at any time but the
 * heatmap's own.
 */
export class CamOverlay {
  readonly viewer: OpenSeadragon.Viewer;
  /**
   * Resolves when the heatmap lies on its image; rejects where its descriptor is refused or an option is wrong. A
   * server that does not answer is asked again until it does.
   */
  readonly ready: Promise<CamOverlay>;
  readonly #osd: typeof OpenSeadragon;
  readonly #options: CamOptions;
  readonly #client: HeatmapClient;
  readonly #life = new AbortController();
  #descriptor: HeatmapDescriptor | undefined;
  #settings: OverlaySettings | undefined;
  #parts: OverlayParts | undefined;
  #url: UrlState | undefined;
  readonly #failure: FailurePlace;
  readonly #problems = problems({
    show: (error) => this.#parts?.controls?.show({ error }),
    raise: (error) => this.#raise('cam-error', { error }),
    recovered: () => this.#parts?.retry(),
  });

  /** @throws Error where no OpenSeadragon is known */
  constructor(viewer: OpenSeadragon.Viewer, options: CamOptions) {
    const osd = knownLibrary();
    if (!osd) throw new Error('CamOverlay: call registerCam(OpenSeadragon) first');
    this.#osd = osd;
    this.#failure = failurePlace(osd, viewer, options);
    this.viewer = viewer;
    this.#options = options;
    this.#client = heatmapClient(options.heatmap, this.#credentials);
    this.ready = this.#start();
    this.ready.catch((error: unknown) => this.#absent(this.#parts ? 'image' : 'start', error));
    viewer.addHandler('before-destroy', this.#destroyed);
  }

  /** The heatmap's own item of the world; undefined while it lies on no image. */
  get item(): OpenSeadragon.TiledImage | undefined {
    return this.#parts?.layer.item();
  }

  /** Undefined until `ready`. */
  get descriptor(): HeatmapDescriptor | undefined {
    return this.#descriptor;
  }

  /**
   * Changes what is shown, with at most one repainting a frame; resolves when the screen shows it. Rejects for a wrong value,
   * changing nothing.
   */
  async setOptions(changes: CamChanges): Promise<void> {
    if (!this.#parts) await this.ready;
    if (this.#parts) await this.#settings?.change(changes);
  }

  /** A copy of what is shown now. @throws Error before `ready` */
  getOptions(): CamSettings {
    if (!this.#settings) throw new Error('getOptions: the heatmap is not ready');
    return { ...this.#settings.now() };
  }

  /**
   * The scores under a point of the viewport as they are shown, from the tiles that are loaded; undefined where there
   * are none.
   */
  getValueAt(point: OpenSeadragon.Point): ValuesAtPoint | undefined {
    if (!this.#parts || !this.#descriptor) return undefined;
    return shownValuesAtPoint(this.viewer, this.#parts.layer, this.#descriptor, point);
  }

  /** Asks the server for every class's score at a point in slide pixels. */
  getScoreAt(x: number, y: number, signal: AbortSignal = this.#life.signal): Promise<ScoreAtPoint> {
    return this.#client.score(x, y, AbortSignal.any([signal, this.#life.signal]));
  }

  /** What is known now of the classes' shares of the slide, or of a region in slide pixels. */
  getBreakdown(region?: Rectangle | RegionGeometry): Promise<Breakdown> {
    return this.#client.breakdown(region, this.#life.signal);
  }

  /**
   * Outlines a region on the slide, whose shares the panel can tell; null takes it away.
   * @param region GeoJSON in slide pixels: a Polygon, a MultiPolygon, a Feature or a FeatureCollection of them
   */
  async setRegion(region: object | null): Promise<void> {
    await this.setOptions({ region: checkedRegion(region) });
  }

  /**
   * Has the server classify the whole slide, or a rectangle of it in slide pixels; `cam-analysis` tells how far it is.
   * Rejects with the server's reason: it may have too much to do, and takes this from pages of its own origin only.
   */
  async startAnalysis(region?: Rectangle): Promise<AnalysisState> {
    return (await this.#instruments()).analysis.start(region);
  }

  /** Ends the analysis that runs; what it has computed stays. */
  async stopAnalysis(): Promise<AnalysisState> {
    return (await this.#instruments()).analysis.stop();
  }

  /** A PNG of what the viewer shows, with the legend and where it comes from; on the drawers canvas and webgl. */
  async exportView(): Promise<Blob> {
    return (await this.#instruments()).exports.view();
  }

  /** The shares of the region, or of the slide where there is none, as a table or a GeoJSON Feature. */
  async exportBreakdown(format: 'csv' | 'geojson' = 'csv'): Promise<Blob> {
    return (await this.#instruments()).exports.breakdown(format);
  }

  /**
   * GeoJSON of the areas, in the region or the slide, in which the shown classes' patches reach the threshold (0.5 where
   * there is none), from the server's values. Rejects where they are too many to read.
   */
  async exportRegions(): Promise<Blob> {
    return (await this.#instruments()).exports.regions();
  }

  /** Asks for everything on screen again. */
  refresh(): void {
    this.#parts?.refresh();
  }

  /** Takes the heatmap, its panel, handlers, timers and requests away. */
  destroy(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.viewer.removeHandler('before-destroy', this.#destroyed);
    this.#failure.remove();
    this.#url?.destroy();
    this.#parts?.destroy();
  }

  async #start(): Promise<CamOverlay> {
    const { signal } = this.#life;
    const unanswered = (error: unknown) => this.#absent('start', error);
    const descriptor = await untilAnswered(this.#client.descriptor, unanswered, signal);
    const settings = await overlaySettings(descriptor, this.#options, {
      comparedBy: comparedHeatmaps(descriptor, this.#credentials, unanswered, signal),
      changed: async (before) => {
        this.#url?.changed();
        const shown = this.#parts?.show(before);
        this.#raise('cam-change', { options: this.getOptions() });
        await shown;
      },
      signal,
    });
    this.#failure.remove();
    this.#problems.succeeded('start');
    signal.throwIfAborted();
    this.#descriptor = descriptor;
    this.#settings = settings;
    const parts = overlayParts(this.#osd, this.viewer, this.#client, descriptor, this.#options, {
      settings,
      change: (changes) => this.#tell(settings.change(changes)),
      reset: () => this.#tell(settings.reset()),
      problems: this.#problems,
      failed: (source, error) => this.#failed(source, error),
      raise: (name, event) => this.#raise(name, event),
      signal,
    });
    this.#parts = parts;
    const report = (error: Error | undefined) => {
      if (!error) return this.#problems.succeeded('image');
      this.#failed('image', error);
      parts.untold();
    };
    const attachment = keepAttached(this.viewer, parts.layer, descriptor, this.#options.tiledImage, {
      report,
      present: (isThere) => parts.controls?.present(isThere),
    });
    signal.addEventListener('abort', attachment.end);
    if (this.viewer.world.getItemCount() === 0) parts.untold();
    await attachment.attached;
    signal.throwIfAborted();
    const name = this.#options.urlState;
    if (name !== undefined) {
      const { urlState } = await loadOnDemand();
      signal.throwIfAborted();
      this.#url = urlState(name, this.viewer, {
        item: () => this.item,
        settings: settings.now,
        initial: settings.initial,
        apply: settings.follow,
        failed: (error) => this.#failed('options', error),
      });
    }
    this.#raise('cam-ready', {});
    return this;
  }

  async #instruments(): Promise<Instruments> {
    if (!this.#parts) await this.ready;
    if (!this.#parts || this.#life.signal.aborted) throw new Error('The heatmap is destroyed');
    return this.#parts.instruments;
  }

  readonly #destroyed = () => this.destroy();

  readonly #credentials = () => credentialsOf(this.viewer, this.#options);

  /** What somebody does in the panel or on the slide is told of there. */
  #tell(change: Promise<void>): void {
    change.then(
      () => this.#problems.succeeded('options'),
      (error: unknown) => this.#failed('options', error),
    );
  }

  #failed(source: ProblemSource, thrown: unknown): void {
    if (!this.#life.signal.aborted) this.#problems.failed(source, thrown);
  }

  /** There is no heatmap to show: says so in the place of a panel that is not there. */
  #absent(source: ProblemSource, thrown: unknown): void {
    this.#failed(source, thrown);
    const isSeen = !this.#life.signal.aborted && this.#options.showControl !== false;
    if (isSeen && !this.#parts?.controls) this.#failure.show(thrown);
  }

  #raise<Name extends keyof CamEvents>(name: Name, event: Omit<CamEvents[Name], 'cam'>): void {
    if (!this.#life.signal.aborted) this.viewer.raiseEvent(name, { cam: this, ...event });
  }
}
