import type OpenSeadragon from 'openseadragon';
import type { CamEvents } from './events.ts';
import { useLibrary } from './library.ts';
import type { CamOptions } from './options.ts';
import { CamOverlay } from './overlay.ts';
import { learnStrings } from './strings.ts';

export type {
  AnalysisState,
  Breakdown,
  ClassShare,
  HeatmapDescriptor,
  Score,
  ScoreAtPoint,
} from '../../shared/heatmap-descriptor.ts';
export type { Mode } from '../../shared/painting/style.ts';
export type { CamEvents, CamProgress } from './events.ts';
export type { CamChanges, CamOptions, CamSettings, ColourFunction, Interpolation } from './options.ts';
export { CamOverlay } from './overlay.ts';
export type { RegionGeometry } from './region/region-geometry.ts';
export { type Language, setLanguage } from './strings.ts';
export type { ValuesAtPoint } from './values.ts';

declare module 'openseadragon' {
  interface Viewer {
    /** Lays a class activation heatmap over an image of the viewer. */
    cam(options: CamOptions): CamOverlay;
  }
  interface ViewerEventMap extends CamViewerEvents {}
}

type CamViewerEvents = { [Name in keyof CamEvents]: OpenSeadragon.OSDEvent<OpenSeadragon.Viewer> & CamEvents[Name] };

/** Gives every viewer of this OpenSeadragon the method `cam`. Done by itself where `window.OpenSeadragon` is there first. */
export function registerCam(osd: typeof OpenSeadragon): void {
  useLibrary(osd);
  learnStrings(osd);
  osd.Viewer.prototype.cam = function cam(options) {
    return new CamOverlay(this, options);
  };
}

if ('OpenSeadragon' in globalThis && typeof globalThis.OpenSeadragon === 'function') {
  registerCam(globalThis.OpenSeadragon);
}
