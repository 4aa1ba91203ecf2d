import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { Breakdown } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import { breakdownOf } from '../heatmaps/breakdown.ts';
import { withAnalysis } from './analysis-session.ts';

/**
 * Classifies every patch, or a region's, and prints the breakdown.
 * @throws Problem as slide, model or worker do, `bad-parameter` for a region that no patch touches
 */
export async function analyze(
  slide: string,
  model: string,
  options: { store: string; region?: Rectangle; json?: boolean },
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
      for (const warning of heatmap.warnings) console.error(`openseadragon-cam: ${model}: ${warning}`);
      const breakdown = breakdownOf(heatmap, region);
      if (json) console.log(JSON.stringify({ slide, model, ...breakdown, seconds }));
      else printBreakdown(breakdown, seconds);
    },
  );
}

/** Prints each class's share, the largest first. */
export function printBreakdown({ breakdown, patches, of }: Breakdown, seconds?: number): void {
  const rows = [...breakdown].sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0));
  const width = Math.max(...rows.map((row) => row.class.length));
  for (const { class: name, probability } of rows) {
    console.log(`${name.padEnd(width)}  ${((probability ?? 0) * 100).toFixed(2).padStart(6)} %`);
  }
  const time = seconds === undefined ? '' : `, ${seconds.toFixed(1)} s`;
  console.log(`mean probability over ${patches.known} of ${patches.total} patches of the ${of}${time}`);
}
