import type OpenSeadragon from 'openseadragon';
import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, Breakdown, HeatmapDescriptor, ScoreAtPoint } from '../../shared/heatmap-descriptor.ts';
import { keepAttached } from './attachment.ts';
import { type Breakdowns, breakdowns, type Scope } from './breakdowns.ts';
import { changedSettings, defaultSettings } from './changed-settings.ts';
import { addControls, type Controls } from './controls.ts';
import { credentialsOf } from './credentials.ts';
import type { CamEvents, CamProgress } from './events.ts';
import { type HeatmapClient, heatmapClient } from './heatmap-client.ts';
import { type Instruments, instruments } from './instruments.ts';
import { createLayer, type Layer } from './layer.ts';
import { knownLibrary } from './library.ts';
import { type LiveView, liveView, progressOf } from './live-view.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';
import { dock } from './panel/dock.ts';
import { createFailurePanel, problemText } from './panel/failure-panel.ts';
import { type ProblemSource, problems } from './problems.ts';
import { checkedRegion, type RegionGeometry } from './region/region-geometry.ts';
import { isShare, leadingClasses, MOST_AT_FIRST, shownClasses } from './shown.ts';
import { regionOnScreen } from './shown-views.ts';
import { extremes } from './tile-pixels.ts';
import { untilAnswered } from './until-answered.ts';
import { type UrlState, urlState } from './url-state.ts';
import { tileCovers, type ValuesAtPoint, valuesAt } from './values.ts';
import { viewHistogram } from './view-histogram.ts';
import { viewHistograms } from './view-histograms.ts';

/** A heatmap over an image of a viewer, with its panel. Every address, class and number of it can be changed at any time but the heatmap's own. */
export class CamOverlay {
  readonly viewer: OpenSeadragon.Viewer;
  /**
   * Resolves when the heatmap lies on its image; rejects where its descriptor is refused or an option is wrong. A server that does
   * not answer is asked again until it does.
   */
  readonly ready: Promise<CamOverlay>;
  readonly #osd: typeof OpenSeadragon;
  readonly #options: CamOptions;
  readonly #client: HeatmapClient;
  readonly #life = new AbortController();
  #descriptor: HeatmapDescriptor | undefined;
  #settings: CamSettings | undefined;
  #layer: Layer | undefined;
  #controls: Controls | undefined;
  #breakdowns: Breakdowns | undefined;
  #live: LiveView | undefined;
  #instruments: Instruments | undefined;
  #url: UrlState | undefined;
  #progress: CamProgress | undefined;
  readonly #histograms = viewHistograms(() => this.#showHistogram());
  /** Whether somebody has chosen classes, or they were chosen by their shares. */
  #isChosen = false;
  #failure: { text: string; undock(): void } | undefined;
  readonly #problems = problems({
    show: (error) => this.#controls?.show({ error }),
    raise: (error) => this.#raise('cam-error', { error }),
    recovered: () => {
      this.#layer?.retry();
      this.#live?.retry();
    },
  });

  /** @throws Error where no OpenSeadragon is known */
  constructor(viewer: OpenSeadragon.Viewer, options: CamOptions) {
    const osd = knownLibrary();
    if (!osd) throw new Error('CamOverlay: call registerCam(OpenSeadragon) first');
    this.#osd = osd;
    this.viewer = viewer;
    this.#options = options;
    this.#isChosen = options.classes !== undefined;
    this.#client = heatmapClient(options.heatmap, () => credentialsOf(viewer, options));
    this.ready = this.#start();
    this.ready.catch((error: unknown) => {
      this.#failed(this.#layer ? 'image' : 'start', error);
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
    const before = this.#settings;
    this.#settings = changedSettings(this.#settings, changes, this.#descriptor);
    this.#isChosen ||= changes.classes !== undefined;
    this.#showSettings(before);
    this.#histograms.due();
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
    const { item } = this;
    if (!item) return undefined;
    const { x, y } = item.viewportToImageCoordinates(point, true);
    // OpenSeadragon leaves out that an image is flipped.
    return this.#valuesAt(item.getFlip() ? item.getContentSize().x - x : x, y);
  }

  /** The same at slide pixels. */
  #valuesAt(x: number, y: number): ValuesAtPoint | undefined {
    const { item } = this;
    if (!item || !this.#descriptor || !this.#layer) return undefined;
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
   * Has the server classify the whole slide, or a rectangle of it in slide pixels; `cam-analysis` tells how far it is. Rejects with the
   * server's reason: it may have too much to do, and takes this from pages of its own origin only.
   */
  async startAnalysis(region?: Rectangle): Promise<AnalysisState> {
    return (await this.#readyInstruments()).analysis.start(region);
  }

  /** Ends the analysis that runs; what it has computed stays. */
  async stopAnalysis(): Promise<AnalysisState> {
    return (await this.#readyInstruments()).analysis.stop();
  }

  /** A PNG of what the viewer shows, with the legend and where it comes from; on the drawers canvas and webgl. */
  async exportView(): Promise<Blob> {
    return (await this.#readyInstruments()).exports.view();
  }

  /** The shares of the region, or of the slide where there is none, as a table or a GeoJSON Feature. */
  async exportBreakdown(format: 'csv' | 'geojson' = 'csv'): Promise<Blob> {
    return (await this.#readyInstruments()).exports.breakdown(format);
  }

  /**
   * GeoJSON of the areas, in the region or the slide, in which the shown classes' patches reach the threshold (0.5 where
   * there is none), from the server's values. Rejects where they are too many to read.
   */
  async exportRegions(): Promise<Blob> {
    return (await this.#readyInstruments()).exports.regions();
  }

  /** Asks for everything on screen again. */
  refresh(): void {
    this.#layer?.refresh();
    this.#live?.retry();
    this.#breakdowns?.refresh();
  }

  /** Takes the heatmap, its panel, handlers, timers and requests away. */
  destroy(): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort();
    this.viewer.removeHandler('before-destroy', this.#destroyed);
    this.#controls?.destroy();
    this.#histograms.destroy();
    this.#removeFailure();
    this.#breakdowns?.destroy();
    this.#instruments?.destroy();
    this.#url?.destroy();
    this.#layer?.destroy();
    this.#live?.destroy();
  }

  async #start(): Promise<CamOverlay> {
    const { signal } = this.#life;
    const descriptor = await untilAnswered(this.#client.descriptor, this.#unanswered, signal);
    this.#removeFailure();
    this.#problems.succeeded('start');
    const settings = changedSettings(defaultSettings(descriptor), this.#options, descriptor);
    signal.throwIfAborted();
    this.#descriptor = descriptor;
    this.#settings = settings;
    const layer = createLayer(this.#osd, this.viewer, this.#client, descriptor, settings, {
      ajaxHeaders: this.#options.ajaxHeaders,
      ajaxWithCredentials: this.#options.ajaxWithCredentials,
      fetched: (score, tile) => {
        // Only a scale without natural ends has to grow with the values.
        const values = this.#controls && !isShare(score, descriptor) ? extremes(tile) : undefined;
        if (values) this.#controls?.show({ seen: { score, values } });
      },
      progress: () => this.#tellProgress(),
      viewed: (views) => this.#live?.show(views),
      succeeded: () => this.#problems.succeeded('tiles'),
      failed: (error) => this.#failed('tiles', error),
    });
    this.#layer = layer;
    this.#instruments = instruments(this.viewer, descriptor, this.#client, {
      item: () => this.item,
      settings: () => this.getOptions(),
      change: this.#change,
      failed: (error) => this.#failed('tiles', error),
      signal,
      analysed: (analysis) => this.#raise('cam-analysis', { analysis }),
    });
    this.#instruments.show(settings);
    if (this.#options.showControl ?? true) this.#controls = this.#addControls(descriptor, this.#instruments);
    const shares = breakdowns({
      fetch: (scope, abort) => {
        const drawn = scope === 'region' ? (this.#settings?.region ?? undefined) : undefined;
        return this.#client.breakdown(scope === 'view' ? this.#region() : drawn, abort);
      },
      isAsking: (scope) => {
        if (signal.aborted || !this.#controls) return false;
        return scope === 'region' ? this.#settings?.region !== null : !this.#live?.isTold();
      },
      show: (breakdown) => {
        this.#chooseLeading(breakdown);
        this.#controls?.show({ breakdown });
        this.#instruments?.breakdown(breakdown);
        this.#raise('cam-breakdown', { breakdown });
      },
      succeeded: () => this.#problems.succeeded('breakdown'),
      failed: (error) => this.#failed('breakdown', error),
    });
    this.#breakdowns = shares;
    this.#live = liveView(this.#client.address, () => credentialsOf(this.viewer, this.#options), {
      layer,
      breakdowns: shares,
      problems: this.#problems,
      progress: () => this.#tellProgress(),
      analysed: (state) => this.#instruments?.analysis.told(state),
    });
    const report = (error: Error | undefined) => {
      if (!error) return this.#problems.succeeded('image');
      this.#failed('image', error);
      shares.untold();
    };
    const attachment = keepAttached(this.viewer, layer, descriptor, this.#options.tiledImage, {
      report,
      present: (isThere) => this.#controls?.present(isThere),
    });
    signal.addEventListener('abort', attachment.end);
    if (this.viewer.world.getItemCount() === 0) shares.untold();
    await attachment.attached;
    signal.throwIfAborted();
    if (this.#options.urlState !== undefined) {
      this.#url = urlState(this.#options.urlState, this.viewer, {
        item: () => this.item,
        settings: () => this.getOptions(),
        initial: settings,
        apply: (changes) => this.setOptions(changes),
        failed: (error) => this.#failed('options', error),
      });
    }
    this.#raise('cam-ready', {});
    return this;
  }

  async #readyInstruments(): Promise<Instruments> {
    if (!this.#instruments) await this.ready;
    if (!this.#instruments || this.#life.signal.aborted) throw new Error('The heatmap is destroyed');
    return this.#instruments;
  }

  /** @param before what was shown until now */
  #showSettings(before: CamSettings): void {
    const settings = this.#settings;
    if (!settings) return;
    this.#controls?.show({ settings });
    this.#instruments?.show(settings);
    this.#url?.changed();
    if (settings.region === before.region) return;
    this.#breakdowns?.regionChanged();
    this.#raise('cam-region', { region: settings.region });
  }

  readonly #destroyed = () => this.destroy();

  /** As somebody does in the panel or on the slide. */
  readonly #change = (changes: CamChanges) => {
    this.setOptions(changes).then(
      () => this.#problems.succeeded('options'),
      (error: unknown) => this.#failed('options', error),
    );
  };

  #addControls(descriptor: HeatmapDescriptor, tools: Instruments): Controls {
    const change = this.#change;
    return addControls(this.#osd, this.viewer, descriptor, this.#options, {
      settings: () => this.getOptions(),
      change,
      reset: () => change(changedSettings(defaultSettings(descriptor), this.#options, descriptor)),
      item: () => this.item,
      outlines: tools.outlines,
      values: (x, y) => this.#valuesAt(x, y),
      score: (x, y, signal) => this.getScoreAt(x, y, signal),
      scope: (scope: Scope) => {
        tools.scope(scope);
        this.#breakdowns?.choose(scope);
      },
      parts: tools.parts,
      moved: () => {
        this.#breakdowns?.moved();
        this.#histograms.due();
      },
    });
  }

  /** Once, with the first shares of the slide: of many classes those that it has. */
  #chooseLeading(breakdown: Breakdown): void {
    if (!this.#settings || this.#isChosen) return;
    const classes = leadingClasses(this.#settings, breakdown, this.#options.top ?? MOST_AT_FIRST);
    if (!classes) return;
    this.#isChosen = true;
    // They are names of the model's, so that nothing can be wrong with them.
    void this.setOptions({ classes });
  }

  /** The part of the slide that is on screen. */
  #region(): Rectangle | undefined {
    const { item } = this;
    return item && this.#descriptor && regionOnScreen(this.viewer, item, this.#descriptor);
  }

  #tellProgress(): void {
    if (!this.#layer || !this.#descriptor) return;
    this.#histograms.due();
    const now = progressOf(this.#layer.pending(), this.#live?.progress(), this.#descriptor.analysis.patches);
    if (JSON.stringify(now) === JSON.stringify(this.#progress)) return;
    if (now.patches.known !== this.#progress?.patches.known) this.#instruments?.news();
    this.#progress = now;
    this.#controls?.show({ progress: now });
    this.#raise('cam-progress', now);
  }

  /** Of one class: of several, or of what is derived from them, it would be of nothing that the scale shows. */
  #showHistogram(): void {
    if (!this.#controls || !this.#layer || !this.#settings || !this.#descriptor) return;
    const [shown] = shownClasses(this.#settings, this.#descriptor);
    const histogram =
      this.#settings.mode === 'single' && shown !== undefined
        ? viewHistogram(this.#layer.shownScores(), shown, this.#controls.domain())
        : undefined;
    this.#controls.show({ histogram });
  }

  #failed(source: ProblemSource, thrown: unknown): void {
    if (!this.#life.signal.aborted) this.#problems.failed(source, asError(thrown));
  }

  /** Says in the panel's place why there is none. */
  #showFailure(thrown: unknown): void {
    if (this.#life.signal.aborted || this.#options.showControl === false) return;
    const text = problemText(asError(thrown));
    if (text === this.#failure?.text) return;
    this.#removeFailure();
    const failure = createFailurePanel(text);
    const undock = dock(this.#osd, this.viewer, failure.element, this.#options, failure.fit);
    this.#failure = { text, undock };
  }

  #removeFailure(): void {
    this.#failure?.undock();
    this.#failure = undefined;
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
