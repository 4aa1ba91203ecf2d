import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { paintComparedScores } from './compared-pixels.ts';
import type { Credentials } from './credentials.ts';
import { type HeatmapClient, heatmapClient } from './heatmap-client.ts';
import { loadOnDemand } from './on-demand/load.ts';
import { untilAnswered } from './until-answered.ts';

/** A heatmap that is taken from an overlay's own. */
export interface Compared {
  client: HeatmapClient;
  descriptor: HeatmapDescriptor;
  /** Loaded when two heatmaps are first compared. */
  paint: typeof paintComparedScores;
}

/**
 * Opens the heatmaps that are compared with. What it gives takes an address, and whether that is wanted to begin with: then
 * a server that does not answer is asked again until it does, of which `unanswered` is told.
 * @param own the heatmap that they are taken from
 * @param signal ends the asking
 */
export function comparedHeatmaps(
  own: HeatmapDescriptor,
  credentials: () => Credentials,
  unanswered: (error: unknown) => void,
  signal: AbortSignal,
): (address: string, isFirst: boolean) => Promise<Compared> {
  return (address, isFirst) =>
    comparedHeatmap(heatmapClient(address, credentials), own, (request) =>
      isFirst ? untilAnswered(request, unanswered, signal) : request(signal),
    );
}

/**
 * @param client of the heatmap that is compared with
 * @param own the heatmap that it is taken from
 * @param ask asks for its descriptor
 * @throws RangeError where they are not of one size
 */
async function comparedHeatmap(
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
