import type { HeatmapOptions } from '../../../shared/heatmap-descriptor.ts';
import { parseQuery } from '../routes/parameters.ts';
import { heatmapOptions, heatmapQuery } from '../routes/query.ts';

/** Options of a heatmap as they are written on the command line. */
export interface HeatmapChoice {
  overlap?: string;
  background?: string;
}

/** @throws Problem `bad-parameter` */
export function chosenOptions({ overlap, background }: HeatmapChoice): Partial<HeatmapOptions> {
  return heatmapOptions(parseQuery(heatmapQuery, { overlap, background }));
}
