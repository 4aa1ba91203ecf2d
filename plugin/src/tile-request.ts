import type { TileAddress } from '../../shared/geometry/deep-zoom.ts';
import {
  DEFAULT_CLASS_PLANES,
  type HeatmapDescriptor,
  MAX_CLASS_PLANES,
  type Score,
} from '../../shared/heatmap-descriptor.ts';
import type { CamSettings } from './options.ts';
import { effectiveScore, shownClasses } from './shown.ts';

/** What a score tile was, or is to be, asked for besides its address. */
export interface TileRequest {
  score: Score;
  /** Class of each plane, ascending. */
  planes: readonly number[];
}

/** The planes that settings need: the first 16 classes, so that choosing among them asks for nothing, and any shown beyond. */
export function tileRequest(
  settings: CamSettings,
  descriptor: HeatmapDescriptor,
  shown = shownClasses(settings, descriptor),
): TileRequest {
  const planes = new Set(shown.slice(0, MAX_CLASS_PLANES));
  for (let index = 0; index < Math.min(descriptor.classes.length, DEFAULT_CLASS_PLANES); index++) {
    if (planes.size < MAX_CLASS_PLANES) planes.add(index);
  }
  return { score: effectiveScore(settings), planes: [...planes].sort((a, b) => a - b) };
}

/** Whether a tile got by `have` shows everything that `want` asks for. */
export function satisfies(have: TileRequest, want: TileRequest): boolean {
  return have.score === want.score && want.planes.every((plane) => have.planes.includes(plane));
}

/** Address of a tile as it is known now, without waiting for patches. */
export function tileUrl(
  descriptorUrl: string,
  descriptor: HeatmapDescriptor,
  { level, column, row }: TileAddress,
  request: TileRequest,
): string {
  const prefix = new URL(descriptor.tiles, descriptorUrl);
  const url = new URL(`${level}/${column}_${row}.npy`, prefix);
  for (const [name, value] of prefix.searchParams) url.searchParams.set(name, value);
  url.searchParams.set('v', descriptor.fingerprint);
  url.searchParams.set('classes', request.planes.join(','));
  url.searchParams.set('score', request.score);
  url.searchParams.set('wait', '0');
  return url.href;
}
