import { colormapTable } from '../../shared/colour/colormaps.ts';
import { parseColour } from '../../shared/colour/palette.ts';
import { stopsTable } from '../../shared/colour/stops.ts';
import type { TileAddress } from '../../shared/geometry/deep-zoom.ts';
import { finestRaster, tileWindow } from '../../shared/geometry/score-raster.ts';
import { gridOfLevel, type HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import type { PaintedArea } from '../../shared/painting/paint-area.ts';
import { paintTile } from '../../shared/painting/paint-tile.ts';
import { scoreTileFromNpy } from '../../shared/painting/score-tile.ts';
import type { PaintStyle, ScoreTile } from '../../shared/painting/style.ts';
import type { CamSettings } from './options.ts';
import { colormapOf, colourOf, shownClasses } from './shown.ts';
import type { TileRequest } from './tile-request.ts';

/** Settings in the terms of a tile got by `request`; opacity 1, for the layer's own opacity comes on top. */
export function tileStyle(settings: CamSettings, descriptor: HeatmapDescriptor, request: TileRequest): PaintStyle {
  const shown = shownClasses(settings, descriptor).filter((index) => request.planes.includes(index));
  return {
    mode: settings.mode,
    score: request.score,
    planes: shown.map((index) => request.planes.indexOf(index)),
    colours: shown.map((index) => parseColour(colourOf(index, settings, descriptor)) ?? [0, 0, 0]),
    colormap: colourTable(colormapOf(settings)),
    range: [settings.range[0], settings.range[1]],
    threshold: settings.threshold ?? Number.NEGATIVE_INFINITY,
    gamma: settings.gamma,
    opacityByValue: settings.opacityByValue,
    exclusive: descriptor.activation === 'softmax',
    opacity: 1,
    interpolation: settings.interpolation === 'smooth' ? 'smooth' : 'cells',
  };
}

/** 256 RGB triples of a colour map: its name, its stops, or a function. */
export function colourTable(colormap: CamSettings['colormap']): Uint8Array {
  if (typeof colormap === 'string') return colormapTable(colormap) ?? new Uint8Array(768);
  if (typeof colormap !== 'function') return stopsTable(colormap);
  const table = new Uint8ClampedArray(768);
  for (let i = 0; i < 256; i++) table.set(colormap(i / 255), 3 * i);
  return new Uint8Array(table.buffer);
}

/**
 * RGBA bytes, straight alpha, of a decoded tile; overlap included.
 * @param place the tile whose pixels are painted: this one, or a finer one that it covers
 * @param pixels memory to paint in, of the place's size
 */
export function paintScores(
  tile: ScoreTile,
  address: TileAddress,
  request: TileRequest,
  descriptor: HeatmapDescriptor,
  settings: CamSettings,
  place: TileAddress = address,
  pixels?: PaintedArea['data'],
): PaintedArea {
  const grid = gridOfLevel(descriptor, address.level);
  const window = tileWindow(descriptor, grid, address, finestRaster(request.score));
  const style = tileStyle(settings, descriptor, request);
  return paintTile(tile, window, grid, descriptor, place, style, pixels);
}

/** As `paintScores`, from the bytes of a `.npy` tile. @throws Error where they are not that tile */
export function tilePixels(
  npy: Uint8Array,
  address: TileAddress,
  request: TileRequest,
  descriptor: HeatmapDescriptor,
  settings: CamSettings,
): PaintedArea {
  return paintScores(checkedTile(npy, address, request, descriptor), address, request, descriptor, settings);
}

/** Decodes a tile and checks that it holds the planes and values that were asked for. @throws Error that says what differs */
export function checkedTile(
  npy: Uint8Array,
  address: TileAddress,
  request: TileRequest,
  descriptor: HeatmapDescriptor,
): ScoreTile {
  const tile = scoreTileFromNpy(npy);
  const grid = gridOfLevel(descriptor, address.level);
  const window = tileWindow(descriptor, grid, address, finestRaster(request.score));
  const expected = [request.planes.length, window.rows, window.columns];
  const found = [tile.classes, tile.rows, tile.columns];
  if (expected.some((value, i) => value !== found[i])) {
    throw new Error(`score tile: expected ${expected.join(' x ')} values, found ${found.join(' x ')}`);
  }
  return tile;
}

/** The lowest and the highest score of any class where there is tissue; undefined where nothing is known. */
export function extremes({ data, classes, rows, columns, one }: ScoreTile): [low: number, high: number] | undefined {
  const plane = rows * columns;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < plane; i++) {
    if (!(data[classes * plane + i] > 0)) continue;
    for (let at = i; at < classes * plane; at += plane) {
      const score = data[at] / one;
      if (!Number.isFinite(score)) continue;
      low = Math.min(low, score);
      high = Math.max(high, score);
    }
  }
  return low <= high ? [low, high] : undefined;
}
