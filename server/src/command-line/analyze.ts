import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { Breakdown } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import { countPatches } from '../heatmaps/analysis.ts';
import { regionBreakdown, slideBreakdown } from '../heatmaps/breakdown.ts';
import type { ModelDescription } from '../models/model.ts';
import { followAnalysis } from './follow-analysis.ts';
import { chosenOptions, type HeatmapChoice } from './heatmap-choice.ts';
import { type RemoteChoice, remoteHosts } from './remote-choice.ts';
import { withAnalysis } from './with-analysis.ts';

/**
 * Classifies every patch, or a region's, that the store does not have yet, and prints the breakdown. Beside a server that
 * keeps the heatmap, that server classifies it.
 * @throws Problem as slide, model or worker do, `bad-parameter` for a region that no patch touches
 */
export async function analyze(
  slide: string,
  model: string,
  options: { store: string; engine?: string; mpp?: number; region?: Rectangle; json?: boolean } & HeatmapChoice &
    RemoteChoice,
): Promise<void> {
  const { region, json } = options;
  const start = performance.now();
  const print = (breakdown: Breakdown, activation: ModelDescription['activation'], seconds: number) => {
    if (json) console.log(JSON.stringify({ slide, model, ...breakdown, seconds }));
    else printBreakdown(breakdown, activation, seconds);
  };
  let activation: ModelDescription['activation'] = 'softmax';
  await withAnalysis(
    slide,
    model,
    {
      ...options,
      remote: remoteHosts(options),
      heatmapOptions: chosenOptions(options),
      silent: json,
      check(heatmap) {
        activation = heatmap.model.activation;
        if (region && countPatches(heatmap, region).total === 0) {
          const { width, height } = heatmap.slide;
          throw new Problem(
            'bad-parameter',
            `--region: expected a rectangle that touches the patches of a slide of ${width} x ${height} pixels, found ${region.x},${region.y},${region.width},${region.height}`,
          );
        }
      },
      async follow(address, progress, signal) {
        const breakdown = await followAnalysis(address, region, progress, signal);
        progress.clear();
        print(breakdown, activation, (performance.now() - start) / 1000);
      },
    },
    async ({ heatmap, seconds }) => {
      print(region ? await regionBreakdown(heatmap, region) : slideBreakdown(heatmap), activation, seconds);
    },
  );
}

/** Prints each class's share, the largest first; of a model without activation its mean output, which is no share. */
export function printBreakdown(
  { breakdown, patches, of }: Breakdown,
  activation: ModelDescription['activation'],
  seconds?: number,
): void {
  const rows = [...breakdown].sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0));
  const width = Math.max(...rows.map((row) => row.class.length));
  const written = (value: number | null) => {
    if (value === null) return 'unknown';
    return activation === 'none' ? value.toPrecision(5) : `${(value * 100).toFixed(2)} %`;
  };
  for (const { class: name, probability } of rows) {
    console.log(`${name.padEnd(width)}  ${written(probability).padStart(8)}`);
  }
  const what = activation === 'none' ? 'mean output' : 'mean probability';
  const time = seconds === undefined ? '' : `, ${seconds.toFixed(1)} s`;
  console.log(`${what} over ${patches.known} of ${patches.total} patches of the ${of}${time}`);
}
