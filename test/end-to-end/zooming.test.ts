import { expect, test } from 'vitest';
import { decodeNpy } from '../../shared/codecs/npy.ts';
import { tileCount } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { useServer } from '../served-catalogue.ts';

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';
const server = useServer();

const get = (path: string) => fetch(new URL(path, server.address));

test('from the overview to full magnification no patch is classified twice, and every tile ends exact', async () => {
  const descriptor: HeatmapDescriptor = await (await get(`${HEATMAP}.json`)).json();
  let known = 0;
  for (let level = 8; level <= descriptor.maxLevel; level++) {
    const { columns, rows } = tileCount(descriptor, level);
    const addresses: string[] = [];
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) addresses.push(`${HEATMAP}_files/${level}/${column}_${row}.npy`);
    }
    // All at once, and each twice, as two viewers would ask.
    const answers = await Promise.all([...addresses, ...addresses].map(get));
    expect(answers.every(({ headers }) => headers.get('x-cam-missing') === '0')).toBe(true);
    const { classified } = await (await get('healthz')).json();
    const state: HeatmapDescriptor = await (await get(`${HEATMAP}.json`)).json();
    expect(classified).toBe(state.analysis.patches.known);
    expect(classified).toBeGreaterThanOrEqual(known);
    known = classified;
    if (level < descriptor.maxLevel) continue;
    for (const answer of answers) {
      const { shape, data } = decodeNpy(new Uint8Array(await answer.arrayBuffer()));
      const plane = shape[1] * shape[2];
      const coverage = data.subarray((shape[0] - 2) * plane, (shape[0] - 1) * plane);
      expect(coverage.every((value) => value === 255)).toBe(true);
    }
  }
  expect(known).toBe(descriptor.grid.rows * descriptor.grid.columns);
});
