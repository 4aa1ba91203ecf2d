import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';
import { KERAS_315, type TestLayer, tinyClassifier, writeKerasH5 } from '../keras-file.ts';
import { type ZipEntry, zipFile } from './zip-file.ts';

/** Sides of the images that the small classifier takes. */
export const SIDE = 16;

export function modelConfig(layers: readonly TestLayer[]) {
  const input = { class_name: 'InputLayer', config: { name: 'image', batch_shape: [null, SIDE, SIDE, 3] } };
  const entries = layers.map(({ name, className, config }) => ({ class_name: className, config: { name, ...config } }));
  return { class_name: 'Sequential', config: { name: 'sequential', layers: [input, ...entries] } };
}

/** What lies at a path of a file of weights: `layers/conv2d/vars`. */
export type StoredAt = Record<string, Pick<TestLayer, 'weights'> & Partial<Pick<TestLayer, 'name'>>>;

/** As Keras 3.15 has the layers of `tinyClassifier`. */
export function tinyPaths([conv, pooling, logits]: readonly TestLayer[]): StoredAt {
  return {
    'layers/conv2d/vars': conv,
    'layers/global_average_pooling2d/vars': { ...pooling, weights: [] },
    'layers/dense/vars': logits,
  };
}

/** A `model.weights.h5`. */
export async function weightsFile(folder: string, stored: StoredAt): Promise<Buffer> {
  await ready;
  const path = join(folder, 'some.weights.h5');
  const root = new File(path, 'w');
  for (const [at, { name, weights = [] }] of Object.entries(stored)) {
    const parts = at.split('/');
    parts.forEach((_, end) => {
      const group = `/${parts.slice(0, end + 1).join('/')}`;
      if (!root.get(group)) root.create_group(group.slice(1));
    });
    const group = root.get(`/${at}`);
    if (name !== undefined && group && 'create_attribute' in group) group.create_attribute('name', name);
    for (const [index, { shape, values }] of weights.entries()) {
      root.create_dataset({ name: `${at}/${index}`, data: values, shape });
    }
  }
  root.close();
  return readFileSync(path);
}

/** The three entries of a `.keras` archive of the small classifier. */
export async function archiveEntries(folder: string, outputs = 3): Promise<ZipEntry[]> {
  const layers = tinyClassifier(outputs);
  const text = (value: unknown) => Buffer.from(JSON.stringify(value));
  return [
    { name: 'metadata.json', contents: text({ keras_version: '3.15.1', date_saved: '2026-01-01@00:00:00' }) },
    { name: 'config.json', contents: text(modelConfig(layers)) },
    { name: 'model.weights.h5', contents: await weightsFile(folder, tinyPaths(layers)) },
  ];
}

/** A `model.json` of the small classifier, and the bytes of its weights in `weights.bin`. */
export function tfjsModel(outputs = 3) {
  const layers = tinyClassifier(outputs);
  const weights = layers.flatMap((layer) =>
    (layer.weights ?? []).map((weight) => ({ ...weight, name: `${layer.name}/${weight.name}` })),
  );
  const specs = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  return {
    json: {
      format: 'layers-model',
      modelTopology: { keras_version: '2.15.0', model_config: modelConfig(layers) },
      weightsManifest: [{ paths: ['weights.bin'], weights: specs as Record<string, unknown>[] }],
    },
    bytes: Buffer.concat(weights.map(({ values }) => Buffer.from(values.buffer))),
  };
}

/** The small classifier as `model.h5`, `model.keras` and `model.json` with `weights.bin`. */
export async function writeSampleModels(folder: string): Promise<void> {
  const shape = [SIDE, SIDE, 3];
  await writeKerasH5(join(folder, 'model.h5'), tinyClassifier(3), shape, KERAS_315);
  writeFileSync(join(folder, 'model.keras'), zipFile(await archiveEntries(folder)));
  const { json, bytes } = tfjsModel();
  writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
  writeFileSync(join(folder, 'weights.bin'), bytes);
}

/** A problem's message without the file's name before it. */
export async function problemOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('nothing was thrown'),
    (reason: unknown) => reason,
  );
  if (error instanceof Error && error.name === 'Problem') return error.message;
  throw error;
}
