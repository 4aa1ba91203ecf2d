import { scoreRaster } from '../../../shared/geometry/score-raster.ts';
import { squareMillimetres } from '../../../shared/geometry/square-millimetres.ts';
import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import type { HeatmapClient } from '../heatmap-client.ts';
import { fetchPatchTile, patchLevel, tilesUnder } from '../patches/patch-tiles.ts';
import { boundsOf, isInside, type RegionGeometry } from '../region/region-geometry.ts';
import { tracePatches } from './trace-patches.ts';

/** Patches, and tiles of them, that one export reads at most. */
const MOST_PATCHES = 4_000_000;
const MOST_TILES = 400;

/**
 * The areas in which a class's `patch` score reaches a threshold, as a GeoJSON FeatureCollection in slide pixels: for
 * each class a MultiPolygon of the patches that are classified and, where there are any, another, `estimated`, of those
 * that are not, each with its area in `pixels` and, where the slide knows its resolution, `mm2`.
 * @param classes numbers of classes
 * @param region limits it to patches whose middle lies inside; null takes the whole slide
 * @throws RangeError for more patches than can be read
 */
export async function regionsAbove(
  client: Pick<HeatmapClient, 'tile'>,
  descriptor: HeatmapDescriptor,
  { classes, threshold, region }: { classes: readonly number[]; threshold: number; region: RegionGeometry | null },
  signal: AbortSignal,
): Promise<object> {
  const { rows, columns, originX, originY, valueWidth, valueHeight } = scoreRaster(descriptor.grid, 0);
  const level = patchLevel(descriptor);
  const area = region ? boundsOf(region) : { x: 0, y: 0, width: descriptor.width, height: descriptor.height };
  const addresses = tilesUnder(descriptor, level, area);
  if (rows * columns > MOST_PATCHES || addresses.length > MOST_TILES) {
    const limit = `at most ${MOST_PATCHES} patches and ${MOST_TILES} tiles of them`;
    throw new RangeError(
      `regions: expected ${limit}, found ${rows * columns} and ${addresses.length}: draw a smaller region`,
    );
  }
  const masks = classes.map(() => [new Uint8Array(rows * columns), new Uint8Array(rows * columns)]);
  for (const address of addresses) {
    const tile = await fetchPatchTile(client, descriptor, address, classes, signal);
    const { window, known, there } = tile;
    for (let i = 0; i < known.length; i++) {
      const row = window.rowStart + Math.floor(i / window.columns);
      const column = window.columnStart + (i % window.columns);
      const [x, y] = [originX + (column + 0.5) * valueWidth, originY + (row + 0.5) * valueHeight];
      if (!there[i] || (region && !isInside(region, x, y))) continue;
      classes.forEach((index, position) => {
        const value = tile.classes.get(index)?.[i] ?? 0;
        // A probability comes as one of 256 steps: the nearest one counts as the threshold.
        if (value >= threshold - 1 / 510) masks[position][known[i] ? 0 : 1][row * columns + column] = 1;
      });
    }
  }
  const corner = ([x, y]: readonly [number, number]) => [
    Math.min(descriptor.width, Math.round(originX + x * valueWidth)),
    Math.min(descriptor.height, Math.round(originY + y * valueHeight)),
  ];
  const { slide, model, fingerprint, mpp } = descriptor;
  const features = classes.flatMap((index, position) =>
    [false, true].flatMap((estimated) => {
      const mask = masks[position][Number(estimated)];
      const patches = mask.reduce((sum, value) => sum + value, 0);
      if (patches === 0) return [];
      const coordinates = tracePatches(mask, rows, columns).map((rings) => rings.map((ring) => ring.map(corner)));
      const { name, color } = descriptor.classes[index];
      const area = patches * valueWidth * valueHeight;
      const mm2 = squareMillimetres(area, mpp);
      const common = { class: name, color, score: 'patch', threshold, estimated, patches, pixels: Math.round(area) };
      const properties = mm2 === null ? common : { ...common, mm2 };
      return [{ type: 'Feature', geometry: { type: 'MultiPolygon', coordinates }, properties }];
    }),
  );
  return { type: 'FeatureCollection', slide, model, fingerprint, features };
}
