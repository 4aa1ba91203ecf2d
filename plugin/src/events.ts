import type { Breakdown } from '../../shared/heatmap-descriptor.ts';
import type { CamSettings } from './options.ts';
import type { CamOverlay } from './overlay.ts';

/** How far the analysis of what is on screen is. */
export interface CamProgress {
  /** Tiles on screen whose scores are still to come or to become better. */
  pending: number;
}

/** Events that an overlay raises on its viewer. */
export interface CamEvents {
  'cam-ready': { cam: CamOverlay };
  'cam-change': { cam: CamOverlay; options: CamSettings };
  'cam-progress': { cam: CamOverlay } & CamProgress;
  'cam-breakdown': { cam: CamOverlay; breakdown: Breakdown };
  'cam-error': { cam: CamOverlay; error: Error };
}
