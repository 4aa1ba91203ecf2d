import { execFileSync, spawnSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedSettings, defaultSettings } from '../../plugin/src/changed-settings.ts';
import type { CamChanges } from '../../plugin/src/options.ts';
import { tilePixels } from '../../plugin/src/tile-pixels.ts';
import { tileRequest } from '../../plugin/src/tile-request.ts';
import { decodeNpy } from '../../shared/codecs/npy.ts';
import { maxLevel, type TileAddress } from '../../shared/geometry/deep-zoom.ts';
import type { HeatmapDescriptor } from '../../shared/heatmap-descriptor.ts';
import { type RunningCommand, startCommand } from '../command-line.ts';
import { type SmallCatalogue, smallCatalogue } from '../small-catalogue.ts';

let catalogue: SmallCatalogue;
let server: RunningCommand;
let descriptor: HeatmapDescriptor;
const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';

beforeAll(async () => {
  catalogue = await smallCatalogue();
  const { slides, models, store } = catalogue;
  server = await startCommand('serve', '--slides', slides, '--models', models, '--store', store, '--port', '0');
  descriptor = await (await fetch(new URL(`${HEATMAP}.json`, server.address))).json();
});
afterAll(async () => {
  await server?.stop();
  await rm(catalogue.root, { recursive: true, force: true });
});

const bytesOf = async (path: string) => {
  const answer = await fetch(new URL(path, server.address));
  expect(answer.status).toBe(200);
  return new Uint8Array(await answer.arrayBuffer());
};

const styles: [string, CamChanges][] = [
  ['class=Stroma', { mode: 'single', classes: ['Stroma'], colormap: 'viridis' }],
  [
    'class=Tumour&colormap=YlOrRd&range=0.1,0.7&threshold=0.3',
    { mode: 'single', classes: ['Tumour'], colormap: 'YlOrRd', range: [0.1, 0.7], threshold: 0.3 },
  ],
  [
    'class=Glass&interpolation=cells',
    { mode: 'single', classes: ['Glass'], colormap: 'viridis', interpolation: 'cells' },
  ],
  [
    'class=Glass&interpolation=patches',
    { mode: 'single', classes: ['Glass'], colormap: 'viridis', interpolation: 'patches' },
  ],
  [
    'class=Glass&score=cam&range=-2,6',
    { mode: 'single', classes: ['Glass'], colormap: 'viridis', score: 'cam', range: [-2, 6] },
  ],
  ['class=Tumour&class=Stroma&class=Muscle', { mode: 'blend', classes: ['Muscle', 'Stroma', 'Tumour'] }],
  ['class=Tumour&class=Stroma&mode=argmax', { mode: 'argmax', classes: ['Stroma', 'Tumour'] }],
];

describe('the server paints the bytes that the plugin paints', () => {
  test.each(styles)('%s', async (query, changes) => {
    const settings = changedSettings(defaultSettings(descriptor), changes, descriptor);
    const request = tileRequest(settings, descriptor);
    const top = maxLevel(descriptor);
    const addresses: TileAddress[] = [
      { level: top, column: 2, row: 1 },
      { level: top, column: 7, row: 5 },
      { level: top - 2, column: 1, row: 1 },
      { level: top - 4, column: 0, row: 0 },
      { level: 3, column: 0, row: 0 },
    ];
    for (const address of addresses) {
      const tile = `${HEATMAP}_files/${address.level}/${address.column}_${address.row}`;
      const npy = await bytesOf(`${tile}.npy?score=${request.score}&classes=${request.planes.join(',')}`);
      const painted = tilePixels(npy, address, request, descriptor, settings);
      const { data, info } = await sharp(await bytesOf(`${tile}.png?opacity=1&${query}`))
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: painted.width, height: painted.height, channels: 4 });
      expect(Buffer.from(painted.data.buffer).equals(data)).toBe(true);
    }
  });
});

const hasNumpy = spawnSync('python3', ['-c', 'import numpy']).status === 0;

test.skipIf(!hasNumpy).each(['probability', 'cam', 'patch'])('numpy.load opens a tile of %s', async (score) => {
  const npy = await bytesOf(`${HEATMAP}_files/11/3_2.npy?score=${score}`);
  const file = join(catalogue.root, 'tile.npy');
  await writeFile(file, npy);
  const code =
    'import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype.str, a.shape, float(a.astype("f8").sum()))';
  const printed = execFileSync('python3', ['-c', code, file], { encoding: 'utf8' });
  const { dtype, shape, data } = decodeNpy(npy);
  let sum = 0;
  for (const value of data) sum += value;
  expect(printed).toContain(`${dtype} (${shape.join(', ')})`);
  expect(Number(printed.trim().split(' ').at(-1))).toBeCloseTo(sum, 3);
});
