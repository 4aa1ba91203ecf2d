import type OpenSeadragon from 'openseadragon';
import type { AnalysisState, Breakdown, HeatmapDescriptor, RegionBreakdown } from '../../shared/heatmap-descriptor.ts';
import { type Analysis, slideAnalysis } from './analysis.ts';
import type { Scope } from './breakdowns.ts';
import type { Exports } from './export/overlay-exports.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { loadOnDemand } from './on-demand/load.ts';
import type { CamChanges, CamSettings } from './options.ts';
import { createAnalysisPart } from './panel/analysis-part.ts';
import { element } from './panel/elements.ts';
import { createExportPart } from './panel/export-part.ts';
import type { PanelParts } from './panel/panel.ts';
import { createRegionPart } from './panel/region-part.ts';
import type { PatchLabels } from './patches/patch-labels.ts';
import type { ProblemSource } from './problems.ts';
import type { Shape } from './region/draw-region.ts';
import { boundsOf } from './region/region-geometry.ts';
import { regionTool } from './region/region-tool.ts';
import { type SlideOutlines, slideOutlines } from './slide-outlines.ts';
import { say } from './strings.ts';

/** What an overlay has beside the heatmap itself: the drawn region and the analysis, on the slide and in the panel. */
export interface Instruments {
  analysis: Analysis;
  exports: Exports;
  outlines: SlideOutlines;
  /** For the panel. */
  parts: PanelParts;
  show(settings: CamSettings): void;
  /** Which shares are shown. */
  scope(scope: Scope): void;
  /** More patches are classified. */
  news(): void;
  breakdown(breakdown: Breakdown | undefined): void;
  destroy(): void;
}

export function instruments(
  viewer: OpenSeadragon.Viewer,
  descriptor: HeatmapDescriptor,
  client: HeatmapClient,
  host: {
    item(): OpenSeadragon.TiledImage | undefined;
    settings(): CamSettings;
    compared(): HeatmapDescriptor | undefined;
    change(changes: CamChanges): void;
    failed(source: ProblemSource, error: unknown): void;
    /** Ends what is under way when the overlay does. */
    signal: AbortSignal;
    analysed(state: AnalysisState): void;
  },
): Instruments {
  const outlines = slideOutlines(viewer, host.item);
  let shape: Shape | null = null;
  let scope: Scope = 'slide';
  let missingInRegion = 0;

  const notLoaded = (error: unknown) => host.failed('options', error);
  const region = regionTool(viewer, outlines, {
    item: host.item,
    drawing: (drawn) => {
      shape = drawn;
      showRegion();
    },
    drawn: (drawn) => host.change({ region: drawn }),
    failed: notLoaded,
  });
  const regionPart = createRegionPart({
    draw: region.draw,
    useView: () => {
      const view = region.view();
      if (view) host.change({ region: view });
    },
    clear: () => host.change({ region: null }),
  });
  const isOfRegion = () => scope === 'region' && host.settings().region !== null;
  const analysis = slideAnalysis(client, descriptor.analysis, (state) => {
    showAnalysis();
    host.analysed(state);
  });
  const analysisPart = createAnalysisPart({
    start: () => {
      const drawn = isOfRegion() ? host.settings().region : null;
      return analysis.start(drawn ? boundsOf(drawn) : undefined);
    },
    stop: analysis.stop,
  });
  const showAnalysis = () =>
    analysisPart.show(analysis.state(), analysis.isOffered(), isOfRegion() ? { missing: missingInRegion } : null);
  const zoomIn = element('p', { class: 'osd-cam-note', role: 'status' });
  let labels: PatchLabels | undefined;
  const showLabels = async () => {
    if (!labels && host.settings().predictions) {
      const { patchLabels } = await loadOnDemand();
      if (!host.signal.aborted) {
        labels ??= patchLabels(viewer, client, descriptor, {
          item: host.item,
          failed: (error) => host.failed('tiles', error),
          small: (isSmall) => {
            const text = isSmall ? say('ZoomIn') : '';
            if (zoomIn.textContent !== text) zoomIn.textContent = text;
          },
        });
      }
    }
    labels?.show(host.settings());
  };
  const predictions = element('input', { type: 'checkbox', role: 'switch', class: 'osd-cam-check' });
  predictions.addEventListener('change', () => host.change({ predictions: predictions.checked }));
  let latest: Breakdown | undefined;
  const save = async (): Promise<Exports> => {
    const { overlayExports } = await loadOnDemand();
    return overlayExports(viewer, client, descriptor, { ...host, labels: labels?.canvas, latest: () => latest });
  };
  const exports: Exports = {
    view: async () => (await save()).view(),
    breakdown: async (format) => (await save()).breakdown(format),
    regions: async () => (await save()).regions(),
  };
  const showRegion = () => regionPart.show({ hasRegion: host.settings().region !== null, shape });

  return {
    analysis,
    exports,
    outlines,
    parts: {
      region: regionPart.element,
      analysis: analysisPart.element,
      predictions: element(
        'div',
        {},
        element('label', { class: 'osd-cam-switch' }, predictions, element('span', {}, say('Predictions'))),
        zoomIn,
      ),
      exports: createExportPart(`${descriptor.slide} ${descriptor.model}`, {
        png: exports.view,
        csv: () => exports.breakdown('csv'),
        geojson: () => exports.breakdown('geojson'),
        'regions.geojson': exports.regions,
      }),
    },
    news: () => labels?.news(),
    show: (settings) => {
      region.show(settings.region);
      showLabels().catch(notLoaded);
      predictions.checked = settings.predictions;
      showRegion();
      showAnalysis();
    },
    scope: (chosen) => {
      scope = chosen;
      regionPart.element.hidden = scope !== 'region';
      // Drawing then begins at once; why it cannot is told when it is asked for.
      if (scope === 'region') loadOnDemand().catch(() => {});
      showAnalysis();
    },
    breakdown: (breakdown) => {
      latest = breakdown;
      if (scope !== 'region') return;
      regionPart.showAreas(breakdown && hasStatistics(breakdown) ? breakdown.statistics : []);
      if (!breakdown) return;
      missingInRegion = breakdown.patches.total - breakdown.patches.known;
      showAnalysis();
    },
    destroy: () => {
      region.destroy();
      labels?.destroy();
      analysis.destroy();
      outlines.destroy();
    },
  };
}

function hasStatistics(breakdown: Breakdown): breakdown is RegionBreakdown {
  return 'statistics' in breakdown;
}
