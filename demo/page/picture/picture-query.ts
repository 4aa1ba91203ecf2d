import type { CamSettings } from '../../../plugin/src/options.ts';
import { colormapOf, colourOf, effectiveScore, shownClasses } from '../../../plugin/src/shown.ts';
import { colourTable } from '../../../plugin/src/tile-pixels.ts';
import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';

/** What a picture of the whole slide is to be like. */
export interface PictureWish {
  /** Pixels of the long side. */
  size: number;
  /** Whether the heatmap stands alone, on nothing, instead of over the slide. */
  alone: boolean;
}

/** What the server has to know to paint the heatmap as it is shown. */
export function pictureQuery(
  settings: CamSettings,
  descriptor: HeatmapDescriptor,
  { size, alone }: PictureWish,
): URLSearchParams {
  const { mode, range, threshold, gamma, opacity, opacityByValue, interpolation } = settings;
  const query = new URLSearchParams({
    size: String(size),
    alone: String(alone),
    mode,
    score: effectiveScore(settings),
    colormap: colormapText(colormapOf(settings)),
    range: range.join(),
    gamma: String(gamma),
    opacity: String(opacity),
    opacityByValue: String(opacityByValue),
    interpolation,
  });
  if (threshold !== null) query.set('threshold', String(threshold));
  if (mode !== 'entropy') {
    for (const index of shownClasses(settings, descriptor)) {
      query.append('class', descriptor.classes[index].name);
      query.append('color', colourOf(index, settings, descriptor));
    }
  }
  return query;
}

/** A colour map by its name, or as the 256 colours that it has. */
function colormapText(colormap: CamSettings['colormap']): string {
  if (typeof colormap === 'string') return colormap;
  const table = colourTable(colormap);
  const hex = Array.from(table, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return (hex.match(/.{6}/g) ?? []).map((colour) => `#${colour}`).join();
}
