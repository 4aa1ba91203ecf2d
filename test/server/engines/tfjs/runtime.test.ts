import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findRuntime } from '../../../../server/src/engines/tfjs/runtime.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'tfjs-runtime-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A package that could be the runtime; gives its main file. */
async function installed(where: string): Promise<string> {
  const home = path.join(folder, where, 'node_modules/@tensorflow/tfjs-node');
  await mkdir(home, { recursive: true });
  await writeFile(path.join(home, 'package.json'), '{ "main": "main.js" }');
  await writeFile(path.join(home, 'main.js'), '');
  return path.join(home, 'main.js');
}

const start = () => path.join(folder, 'checkout/server/src/engines/tfjs/runtime.ts');

async function checkout(): Promise<void> {
  await mkdir(path.dirname(start()), { recursive: true });
  await mkdir(path.join(folder, 'checkout/scripts'));
  await writeFile(path.join(folder, 'checkout/scripts/build-tfjs.mjs'), '');
}

it('is what the environment names, else installed beside the package, else made in the checkout', async () => {
  await checkout();
  const made = await installed('checkout/.cache/tfjs-node');
  expect(findRuntime({}, start())).toBe(made);
  const beside = await installed('checkout');
  expect(findRuntime({}, start())).toBe(beside);
  const named = await installed('elsewhere');
  expect(findRuntime({ OPENSEADRAGON_CAM_TFJS: path.join(folder, 'elsewhere') }, start())).toBe(named);
});

it('says how to get it where there is none', async () => {
  await checkout();
  const message =
    'engine tfjs-float32 needs @tensorflow/tfjs-node, which is not installed: ' +
    'npm install @tensorflow/tfjs-node, or npm run build:tfjs in a checkout';
  expect(() => findRuntime({}, start())).toThrow(message);
});

it('says where the environment leads to none', async () => {
  await checkout();
  await installed('checkout');
  const nowhere = path.join(folder, 'nowhere');
  expect(() => findRuntime({ OPENSEADRAGON_CAM_TFJS: nowhere }, start())).toThrow(
    `OPENSEADRAGON_CAM_TFJS names ${nowhere}, where there is no @tensorflow/tfjs-node`,
  );
});
