import type { Breakdown, HeatmapDescriptor, RegionBreakdown } from '../../../shared/heatmap-descriptor.ts';
import { polygonRegion, type RegionGeometry } from '../region/region-geometry.ts';

/** Shares as a table with a row for each class, every row with what they are of. */
export function sharesCsv(descriptor: HeatmapDescriptor, breakdown: Breakdown | RegionBreakdown): string {
  const { known, total } = breakdown.patches;
  const names = ['class', 'probability', 'low', 'high', 'pixels', 'mm2', 'of', 'patches_known', 'patches', 'exact'];
  const rows = breakdown.breakdown.map((share, i) => {
    const area = 'statistics' in breakdown ? breakdown.statistics[i] : undefined;
    const { class: name, probability, low, high } = share;
    const values = [name, probability, low, high, area?.pixels, area?.squareMillimetres];
    return [...values, breakdown.of, known, total, breakdown.exact, descriptor.slide, descriptor.model];
  });
  return [[...names, 'slide', 'model'], ...rows].map((row) => `${row.map(cell).join()}\r\n`).join('');
}

/** As RFC 4180 has it; what begins a formula in a spreadsheet is made text. */
function cell(value: string | number | boolean | null | undefined): string {
  if (typeof value !== 'string') return String(value ?? '');
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Shares as a GeoJSON Feature of the region, or of the slide. */
export function sharesGeoJson(
  descriptor: HeatmapDescriptor,
  breakdown: Breakdown,
  region: RegionGeometry | null,
): object {
  const { width, height, slide, model, fingerprint } = descriptor;
  const whole = polygonRegion([
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ]);
  return { type: 'Feature', geometry: region ?? whole, properties: { slide, model, fingerprint, ...breakdown } };
}
