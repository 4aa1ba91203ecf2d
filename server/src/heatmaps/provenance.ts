import { readFile } from 'node:fs/promises';
import type { HeatmapPlan } from './heatmap.ts';

/**
 * Where a heatmap's numbers come from, for the attributes of its Zarr group: fingerprints of slide and model, what the
 * manifest says of numbers, and the version of this software.
 */
export async function provenance(plan: HeatmapPlan): Promise<Record<string, unknown>> {
  const { slide, model, grid, options, fingerprint, identity, scores } = plan;
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  return {
    software: `openseadragon-cam ${version}`,
    heatmap: identity,
    fingerprint,
    slide: { fingerprint: slide.fingerprint, width: slide.width, height: slide.height, mpp: slide.mpp },
    model: {
      fingerprint: model.fingerprint,
      title: model.title,
      format: model.format,
      engine: model.engine,
      method: model.method,
      camLayer: model.camLayer,
      activation: model.activation,
      bias: model.bias,
      classes: model.classes.map(({ name }) => name),
      preprocessing: model.preprocessing ?? null,
      resolution: model.resolution ?? null,
    },
    options,
    scores,
    grid,
  };
}
