import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { Breakdown } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import { breakdownOf } from '../heatmaps/breakdown.ts';
import type { ModelDescription } from '../models/model.ts';
import { withAnalysis } from './with-analysis.ts';

/**
 * Classifies every patch, or a region's, and prints the breakdown.
 * @throws Problem as slide, model or worker do, `bad-parameter` for a region that no patch touches
 */
export async function analyze(
  slide: string,
  model: string,
  options: { store: string; engine?: string; region?: Rectangle; json?: boolean },
): Promise<void> {
  const { region, json } = options;
  await withAnalysis(
    slide,
    model,
    {
      ...options,
      silent: json,
      check(heatmap) {
        if (region && breakdownOf(heatmap, region).patches.total === 0) {
          const { width, height } = heatmap.slide;
          throw new Problem(
            'bad-parameter',
            `--region: expected a rectangle that touches the patches of a slide of ${width} x ${height} pixels, found ${region.x},${region.y},${region.width},${region.height}`,
          );
        }
      },
    },
    ({ heatmap, seconds }) => {
      const breakdown = breakdownOf(heatmap, region);
      if (json) console.log(JSON.stringify({ slide, model, ...breakdown, seconds }));
      else printBreakdown(breakdown, heatmap.model, seconds);
    },
  );
}

/** Prints each class's share, the largest first; of a model without activation its mean output, which is no share. */
export function printBreakdown(
  { breakdown, patches, of }: Breakdown,
  { activation }: ModelDescription,
  seconds?: number,
): void {
  const rows = [...breakdown].sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0));
  const width = Math.max(...rows.map((row) => row.class.length));
  const written = (value: number) => (activation === 'none' ? value.toPrecision(5) : `${(value * 100).toFixed(2)} %`);
  for (const { class: name, probability } of rows) {
    console.log(`${name.padEnd(width)}  ${written(probability ?? 0).padStart(8)}`);
  }
  const what = activation === 'none' ? 'mean output' : 'mean probability';
  const time = seconds === undefined ? '' : `, ${seconds.toFixed(1)} s`;
  console.log(`${what} over ${patches.known} of ${patches.total} patches of the ${of}${time}`);
}
