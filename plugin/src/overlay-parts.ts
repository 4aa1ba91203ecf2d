import type OpenSeadragon from 'openseadragon';
import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { breakdowns } from './breakdowns.ts';
import { addControls, type Controls } from './controls.ts';
import { credentialsOf } from './credentials.ts';
import type { CamEvents, CamProgress } from './events.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { type Instruments, instruments } from './instruments.ts';
import { createLayer, type Layer } from './layer.ts';
import { bothTold, liveView, progressOf } from './live-view.ts';
import type { CamChanges, CamOptions, CamSettings } from './options.ts';
import type { OverlaySettings } from './overlay-settings.ts';
import type { ProblemSource, Problems } from './problems.ts';
import { isUnanswered } from './request-error.ts';
import { isShare, shownClasses } from './shown.ts';
import { regionOnScreen } from './shown-views.ts';
import { extremes } from './tile-pixels.ts';
import { shownValuesAt } from './values.ts';
import { histogramUpdates, viewHistogram } from './view-histogram.ts';

/** What an overlay consists of once its heatmap is known, each part told what it needs of the others. */
export interface OverlayParts {
  layer: Layer;
  instruments: Instruments;
  /** Undefined where none was asked for. */
  controls: Controls | undefined;
  /** Shows the present settings; resolves when the screen does. */
  show(before: CamSettings): Promise<void>;
  /** Nothing tells the shares: they are asked for. */
  untold(): void;
  refresh(): void;
  /** A server that did not answer does again. */
  retry(): void;
  destroy(): void;
}

export interface OverlayHost {
  settings: Pick<OverlaySettings, 'now' | 'compared' | 'classes'>;
  /** As somebody does in the panel or on the slide. */
  change(changes: CamChanges): void;
  reset(): void;
  problems: Problems;
  failed(source: ProblemSource, error: unknown): void;
  raise<Name extends keyof CamEvents>(name: Name, event: Omit<CamEvents[Name], 'cam'>): void;
  /** Ends what is under way when the overlay does. */
  signal: AbortSignal;
}

export function overlayParts(
  osd: typeof OpenSeadragon,
  viewer: OpenSeadragon.Viewer,
  client: HeatmapClient,
  descriptor: HeatmapDescriptor,
  options: CamOptions,
  host: OverlayHost,
): OverlayParts {
  const { signal, problems } = host;
  const { now: settings, classes } = host.settings;
  const comparedDescriptor = () => host.settings.compared()?.descriptor;
  let progress: CamProgress | undefined;

  const layer = createLayer(osd, viewer, client, descriptor, settings(), host.settings.compared(), {
    ajaxHeaders: options.ajaxHeaders,
    ajaxWithCredentials: options.ajaxWithCredentials,
    fetched: (score, tile) => {
      // Only a scale without natural ends has to grow with the values.
      const values = controls && !isShare(score, descriptor) ? extremes(tile) : undefined;
      if (values) controls?.show({ seen: { score, values } });
    },
    progress: () => tellProgress(),
    viewed: (views) => live.show(views),
    follow: (compared, { announce, forget }) =>
      liveView(compared.client.address, () => credentialsOf(viewer, options), {
        layer: { announce, forgetAnnounced: forget },
        breakdowns: { told: () => {}, untold: () => {} },
        problems,
        progress: () => tellProgress(),
        wantsOrder: () => false,
        ordered: () => {},
        analysed: () => {},
      }),
    succeeded: () => problems.succeeded('tiles'),
    failed: (error) => host.failed('tiles', error),
  });
  const tools = instruments(viewer, descriptor, client, {
    item: layer.item,
    settings,
    compared: comparedDescriptor,
    change: host.change,
    failed: host.failed,
    signal,
    analysed: (analysis) => host.raise('cam-analysis', { analysis }),
  });
  tools.show(settings());

  const histograms = histogramUpdates(() => {
    const [shown] = shownClasses(settings(), descriptor);
    // Of several classes, or of what is derived from them, it would be of nothing that the scale shows.
    const isOfOne = settings().mode === 'single' && shown !== undefined;
    if (controls) {
      controls.show({
        histogram: isOfOne ? viewHistogram(layer.shownScores(), shown, controls.domain()) : undefined,
      });
    }
  });

  const onScreen = (): Rectangle | undefined => {
    const item = layer.item();
    return item && regionOnScreen(viewer, item, descriptor);
  };
  const shares = breakdowns({
    fetch: (scope, abort) => {
      const drawn = scope === 'region' ? (settings().region ?? undefined) : undefined;
      return client.breakdown(scope === 'view' ? onScreen() : drawn, abort);
    },
    isAsking: (scope) => {
      if (signal.aborted || !controls) return false;
      return scope === 'region' ? settings().region !== null : !live.isTold();
    },
    show: (breakdown) => {
      controls?.show({ breakdown });
      tools.breakdown(breakdown);
      if (breakdown) host.raise('cam-breakdown', { breakdown });
    },
    succeeded: () => problems.succeeded('breakdown'),
    failed: (scope, error) => host.failed(scope === 'region' && !isUnanswered(error) ? scope : 'breakdown', error),
  });
  const wantsOrder = () => classes.isWaiting(settings().mode);
  const live = liveView(client.address, () => credentialsOf(viewer, options), {
    layer,
    breakdowns: shares,
    problems,
    progress: () => tellProgress(),
    wantsOrder,
    ordered: (order) => {
      const isNews = wantsOrder();
      classes.told(order);
      if (isNews) host.change({});
    },
    analysed: tools.analysis.told,
  });
  const controls =
    (options.showControl ?? true)
      ? addControls(osd, viewer, descriptor, options, {
          settings,
          change: (changes) => {
            if (beginsAnew(changes, settings())) classes.named(false);
            host.change(changes);
          },
          reset: host.reset,
          item: layer.item,
          outlines: tools.outlines,
          values: (x, y) => shownValuesAt(viewer, layer, descriptor, x, y),
          compared: comparedDescriptor,
          score: (x, y, abort) => client.score(x, y, AbortSignal.any([abort, signal])),
          scope: (scope) => {
            tools.scope(scope);
            shares.choose(scope);
          },
          parts: tools.parts,
          moved: () => {
            shares.moved();
            histograms.due();
          },
          failed: (error) => host.failed('options', error),
        })
      : undefined;

  function tellProgress(): void {
    histograms.due();
    const told = bothTold(live.progress(), layer.compared()?.live.progress());
    const now = progressOf(layer.pending(), told, descriptor.analysis.patches);
    if (JSON.stringify(now) === JSON.stringify(progress)) return;
    if (now.patches.known !== progress?.patches.known) tools.news();
    progress = now;
    controls?.show({ progress: now });
    host.raise('cam-progress', now);
  }

  return {
    layer,
    instruments: tools,
    controls,
    async show(before) {
      const { region } = settings();
      controls?.show({ settings: settings() });
      tools.show(settings());
      histograms.due();
      if (region !== before.region) {
        problems.succeeded('region');
        shares.regionChanged();
        host.raise('cam-region', { region });
      }
      await layer.apply(settings(), host.settings.compared());
    },
    untold: shares.untold,
    refresh() {
      layer.refresh();
      live.retry();
      layer.compared()?.live.retry();
      shares.refresh();
    },
    retry() {
      layer.retry();
      live.retry();
      layer.compared()?.live.retry();
    },
    destroy() {
      controls?.destroy();
      histograms.destroy();
      shares.destroy();
      tools.destroy();
      layer.destroy();
      live.destroy();
    },
  };
}

/** Whether a change of the mode alone is one to classes that nobody has chosen. */
function beginsAnew({ mode, classes }: CamChanges, before: CamSettings): boolean {
  if (mode === undefined || classes !== undefined) return false;
  const wasOfSeveral = before.mode === 'blend' || before.mode === 'argmax';
  if (mode === 'difference') return before.classes === 'all' || before.classes.length < 2;
  return (mode === 'blend' || mode === 'argmax') && !wasOfSeveral;
}
