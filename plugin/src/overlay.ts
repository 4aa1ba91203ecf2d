import type OpenSeadragon from 'openseadragon';
import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, Breakdown, HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import { keepAttached } from './attachment.ts';
import { changedSettings, defaultSettings } from './changed-settings.ts';
import { type ClassChoice, classChoice } from './class-choice.ts';
import { credentialsOf } from './credentials.ts';
import type { CamEvents } from './events.ts';
import { type HeatmapClient, heatmapClient } from './heatmap-client.ts';
import type { Instruments } from './instruments.ts';
import type { Compared } from './layer.ts';
import { knownLibrary } from './library.ts';
import { loadOnDemand } from './on-demand/load.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';
import { type OverlayParts, overlayParts } from './overlay-parts.ts';
import { type FailurePlace, failurePlace } from './panel/failure-panel.ts';
import { type ProblemSource, problems } from './problems.ts';
import { checkedRegion, type RegionGeometry } from './region/region-geometry.ts';
import { untilAnswered } from './until-answered.ts';
import { type UrlState, urlState } from './url-state.ts';
import { shownValuesAt, type ValuesAtPoint } from './values.ts';

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
  #settings: CamSettings | undefined;
  /** The heatmap that `compareWith` names. */
  #compared: Compared | undefined;
  /** Changes of what is compared with: only the last one counts. */
  #comparisons = 0;
  #parts: OverlayParts | undefined;
  #url: UrlState | undefined;
  #classes: ClassChoice | undefined;
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
    this.#client = heatmapClient(options.heatmap, () => credentialsOf(viewer, options));
    this.ready = this.#start();
    this.ready.catch((error: unknown) => {
      this.#failed(this.#parts ? 'image' : 'start', error);
      if (!this.#parts?.controls) this.#showFailure(error);
    });
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
    if (!this.#descriptor) return;
    let compared = this.#compared;
    if (changes.compareWith !== undefined) {
      const turn = ++this.#comparisons;
      if (changes.compareWith !== this.#settings?.compareWith) {
        compared = await this.#comparedBy(changes.compareWith, this.#descriptor);
      }
      if (turn !== this.#comparisons) return this.setOptions({ ...changes, compareWith: undefined });
    }
    if (!this.#parts || !this.#settings || !this.#classes || this.#life.signal.aborted) return;
    const before = this.#settings;
    const next = changedSettings(before, changes, this.#descriptor, compared?.descriptor);
    this.#compared = compared;
    if (changes.classes !== undefined) this.#classes.named(true);
    this.#settings = this.#classes.settled(next);
    this.#url?.changed();
    const shown = this.#parts.show(this.#settings, before, compared);
    this.#raise('cam-change', { options: this.getOptions() });
    await shown;
  }

  /** A copy of what is shown now. @throws Error before `ready` */
  getOptions(): CamSettings {
    if (!this.#settings) throw new Error('getOptions: the heatmap is not ready');
    return { ...this.#settings };
  }

  /**
   * The scores under a point of the viewport as they are shown, from the tiles that are loaded; undefined where there
   * are none.
   */
  getValueAt(point: OpenSeadragon.Point): ValuesAtPoint | undefined {
    const { item } = this;
    if (!item) return undefined;
    const { x, y } = item.viewportToImageCoordinates(point, true);
    // OpenSeadragon leaves out that an image is flipped.
    const slideX = item.getFlip() ? item.getContentSize().x - x : x;
    return (
      this.#parts && this.#descriptor && shownValuesAt(this.viewer, this.#parts.layer, this.#descriptor, slideX, y)
    );
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
    const descriptor = await untilAnswered(this.#client.descriptor, this.#unanswered, signal);
    const { compareWith = null } = this.#options;
    this.#compared = await this.#comparedBy(compareWith, descriptor, true);
    this.#failure.remove();
    this.#problems.succeeded('start');
    const chosen = changedSettings(defaultSettings(descriptor), this.#options, descriptor, this.#compared?.descriptor);
    signal.throwIfAborted();
    const classes = classChoice(descriptor, this.#options.classes !== undefined, this.#options.top);
    const settings = classes.settled(chosen);
    this.#classes = classes;
    this.#descriptor = descriptor;
    this.#settings = settings;
    const parts = overlayParts(this.#osd, this.viewer, this.#client, descriptor, this.#options, {
      settings: () => this.getOptions(),
      compared: () => this.#compared,
      change: this.#change,
      wantsOrder: () => classes.isWaiting(this.getOptions().mode),
      ordered: (order) => {
        const isNews = classes.isWaiting(this.getOptions().mode);
        classes.told(order);
        if (isNews) this.#change({});
      },
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
    if (this.#options.urlState !== undefined) {
      this.#url = urlState(this.#options.urlState, this.viewer, {
        item: () => this.item,
        settings: () => this.getOptions(),
        initial: settings,
        apply: ({ classes, ...changes }) => {
          // A link that says nothing of classes names none.
          if (this.#options.classes || classes !== settings.classes) return this.setOptions({ classes, ...changes });
          this.#classes?.named(false);
          return this.setOptions(changes);
        },
        failed: (error) => this.#failed('options', error),
      });
    }
    this.#raise('cam-ready', {});
    return this;
  }

  /**
   * The heatmap of an address. @throws RangeError where it is not of this one's size
   * @param isPatient whether a server that does not answer is asked until it does
   */
  async #comparedBy(
    address: string | null,
    { width, height, tileSize, overlap }: HeatmapDescriptor,
    isPatient = false,
  ): Promise<Compared | undefined> {
    if (address === null) return undefined;
    const { signal } = this.#life;
    const client = heatmapClient(address, () => credentialsOf(this.viewer, this.#options));
    const descriptor = await (isPatient
      ? untilAnswered(client.descriptor, this.#unanswered, signal)
      : client.descriptor(signal));
    const [own, found] = [
      [width, height, tileSize, overlap],
      [descriptor.width, descriptor.height, descriptor.tileSize, descriptor.overlap],
    ];
    if (String(own) !== String(found)) {
      throw new RangeError(
        `compareWith: expected a heatmap of the same slide, ${width} x ${height} pixels, found ${descriptor.width} x ${descriptor.height}`,
      );
    }
    return { client, descriptor, paint: (await loadOnDemand()).paintComparedScores };
  }

  async #instruments(): Promise<Instruments> {
    if (!this.#parts) await this.ready;
    if (!this.#parts || this.#life.signal.aborted) throw new Error('The heatmap is destroyed');
    return this.#parts.instruments;
  }

  readonly #destroyed = () => this.destroy();

  /** As somebody does in the panel or on the slide. */
  readonly #change = (changes: CamChanges, classes?: 'anew') => {
    if (classes === 'anew') this.#classes?.named(false);
    this.setOptions(changes).then(
      () => this.#problems.succeeded('options'),
      (error: unknown) => this.#failed('options', error),
    );
  };

  #failed(source: ProblemSource, thrown: unknown): void {
    if (!this.#life.signal.aborted) this.#problems.failed(source, asError(thrown));
  }

  /** Says in the panel's place why there is none. */
  #showFailure(thrown: unknown): void {
    if (!this.#life.signal.aborted && this.#options.showControl !== false) this.#failure.show(asError(thrown));
  }

  readonly #unanswered = (error: Error) => {
    this.#failed('start', error);
    this.#showFailure(error);
  };

  #raise<Name extends keyof CamEvents>(name: Name, event: Omit<CamEvents[Name], 'cam'>): void {
    if (!this.#life.signal.aborted) this.viewer.raiseEvent(name, { cam: this, ...event });
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
