import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { paintComparedScores } from './compared-pixels.ts';
import type { HeatmapClient } from './heatmap-client.ts';
import { loadOnDemand } from './on-demand/load.ts';

/** A heatmap that is taken from an overlay's own. */
export interface Compared {
  client: HeatmapClient;
  descriptor: HeatmapDescriptor;
  /** Loaded when two heatmaps are first compared. */
  paint: typeof paintComparedScores;
}

/**
 * @param client of the heatmap that is compared with
 * @param own the heatmap that it is taken from
 * @param ask asks for its descriptor
 * @throws RangeError where they are not of one size
 */
export async function comparedHeatmap(
  client: HeatmapClient,
  own: HeatmapDescriptor,
  ask: (request: HeatmapClient['descriptor']) => Promise<HeatmapDescriptor>,
): Promise<Compared> {
  const descriptor = await ask(client.descriptor);
  const pyramidOf = ({ width, height, tileSize, overlap }: HeatmapDescriptor) =>
    `${[width, height, tileSize, overlap]}`;
  const sizeOf = ({ width, height }: HeatmapDescriptor) => `${width} x ${height}`;
  if (pyramidOf(own) !== pyramidOf(descriptor)) {
    throw new RangeError(
      `compareWith: expected a heatmap of the same slide, ${sizeOf(own)} pixels, found ${sizeOf(descriptor)}`,
    );
  }
  const { paintComparedScores: paint } = await loadOnDemand();
  return { client, descriptor, paint };
}
