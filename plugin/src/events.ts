import type { AnalysisState, Breakdown, PatchCount } from '../../shared/heatmap-descriptor.ts';
import type { CamSettings } from './options.ts';
import type { CamOverlay } from './overlay.ts';
import type { RegionGeometry } from './region/region-geometry.ts';

/** How far the analysis of what is on screen is. */
export interface CamProgress {
  /** Tiles on screen whose scores are still to come or to become better. */
  pending: number;
  /** Of the whole slide. */
  patches: PatchCount;
  /** Patches that the view still lacks; null until the server tells. */
  missing: number | null;
  /** Measured by the server for this heatmap; null until it has classified some. */
  patchesPerSecond: number | null;
  /** Until the view is sharp; null where no speed is known. */
  secondsLeft: number | null;
}

/** Events that an overlay raises on its viewer. */
export interface CamEvents {
  'cam-ready': { cam: CamOverlay };
  'cam-change': { cam: CamOverlay; options: CamSettings };
  'cam-progress': { cam: CamOverlay } & CamProgress;
  'cam-breakdown': { cam: CamOverlay; breakdown: Breakdown };
  'cam-analysis': { cam: CamOverlay; analysis: AnalysisState };
  'cam-region': { cam: CamOverlay; region: RegionGeometry | null };
  'cam-error': { cam: CamOverlay; error: Error };
}
