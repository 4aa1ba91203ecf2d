import type OpenSeadragon from 'openseadragon';
import type { Breakdown, HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import type { HeatmapClient } from '../heatmap-client.ts';
import type { CamSettings } from '../options.ts';
import { shownClasses } from '../shown.ts';
import { regionsAbove } from './regions-above.ts';
import { sharesCsv, sharesGeoJson } from './shares.ts';
import { viewPicture } from './view-picture.ts';

/** Threshold of areas where none is set: the class is more likely than not. */
const EVEN = 0.5;

/** What an overlay can be saved as. */
export interface Exports {
  view(): Promise<Blob>;
  breakdown(format: 'csv' | 'geojson'): Promise<Blob>;
  regions(): Promise<Blob>;
}

export function overlayExports(
  viewer: OpenSeadragon.Viewer,
  client: HeatmapClient,
  descriptor: HeatmapDescriptor,
  host: {
    item(): OpenSeadragon.TiledImage | undefined;
    settings(): CamSettings;
    /** Undefined where none were ever written. */
    labels: HTMLCanvasElement | undefined;
    compared(): HeatmapDescriptor | undefined;
    latest(): Breakdown | undefined;
    signal: AbortSignal;
  },
): Exports {
  const geoJson = (value: object) => new Blob([JSON.stringify(value)], { type: 'application/geo+json' });
  return {
    view: () => {
      const more = { breakdown: host.latest(), labels: host.labels, date: new Date(), compared: host.compared() };
      return viewPicture(viewer, host.item(), descriptor, host.settings(), more);
    },
    breakdown: async (format) => {
      const { region } = host.settings();
      const breakdown = await client.breakdown(region ?? undefined, host.signal);
      if (format === 'csv') return new Blob([sharesCsv(descriptor, breakdown)], { type: 'text/csv' });
      return geoJson(sharesGeoJson(descriptor, breakdown, region));
    },
    regions: async () => {
      const settings = host.settings();
      const choice = {
        classes: shownClasses(settings, descriptor),
        threshold: settings.threshold ?? EVEN,
        region: settings.region,
      };
      return geoJson(await regionsAbove(client, descriptor, choice, host.signal));
    },
  };
}
