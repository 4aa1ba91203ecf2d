import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { File, ready } from 'h5wasm/node';
import { beforeAll, describe, expect, it, test } from 'vitest';
import { openModel } from '../../../server/src/models/open-model.ts';
import { referenceData } from '../../reference-data.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { KERAS_305, tinyClassifier, weight, writeKerasH5 } from './keras-file.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  await ready;
  await writeKerasH5(at('whole.h5'), tinyClassifier(3), [16, 16, 3]);
  const whole = readFileSync(at('whole.h5'));
  writeFileSync(at('truncated.h5'), whole.subarray(0, whole.length / 2));
  writeFileSync(at('empty.h5'), '');
  writeFileSync(at('empty.onnx'), '');
  writeFileSync(at('picture.h5'), Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
  writeFileSync(at('random.onnx'), Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919 + (i >> 3)) & 255)));
  writeFileSync(at('text.onnx'), 'not a model at all');
  writeFileSync(at('model.keras'), 'x');
  writeFileSync(at('model.json'), '{}');
  writeFileSync(at('model.pt'), 'x');
  writeFileSync(at('model.txt'), 'x');
  mkdirSync(at('saved_model'));
  mkdirSync(at('folder.h5'));
  const other = new File(at('other.h5'), 'w');
  other.create_dataset({ name: 'data', data: new Float32Array(4) });
  other.close();
  const weightsOnly = new File(at('weights.h5'), 'w');
  weightsOnly.create_attribute('layer_names', ['conv']);
  weightsOnly.close();
  const badConfig = new File(at('config.h5'), 'w');
  badConfig.create_attribute('model_config', '{"class_name": "Sequ');
  badConfig.close();
  const [conv, ...rest] = tinyClassifier(3);
  const infinite = weight('kernel', [3, 3, 3, 4], 1);
  infinite.values[7] = Number.POSITIVE_INFINITY;
  await writeKerasH5(
    at('infinite.h5'),
    [{ ...conv, weights: [infinite, weight('bias', [4], 2)] }, ...rest],
    [16, 16, 3],
  );
  await writeKerasH5(
    at('no-bias.h5'),
    [{ ...conv, weights: [weight('kernel', [3, 3, 3, 4], 1)] }, ...rest],
    [16, 16, 3],
  );
  await writeKerasH5(
    at('wrong-kernel.h5'),
    [{ ...conv, weights: [weight('kernel', [3, 3, 5, 4], 1), weight('bias', [4], 2)] }, ...rest],
    [16, 16, 3],
  );
  await writeKerasH5(at('gray.h5'), tinyClassifier(3), [16, 16, 1]);
  await writeKerasH5(at('unknown.h5'), [conv, { name: 'mine', className: 'MyLayer' }, ...rest], [16, 16, 3]);
  await writeKerasH5(
    at('channels-first.h5'),
    [{ ...conv, config: { ...conv.config, data_format: 'channels_first' } }, ...rest],
    [16, 16, 3],
  );
  await writeKerasH5(at('fine.h5'), tinyClassifier(3), [16, 16, 3], KERAS_305);
});

test.each([
  { file: 'missing.h5', code: 'not-found', says: 'no such model' },
  { file: 'empty.h5', code: 'unreadable-model', says: 'is empty' },
  { file: 'empty.onnx', code: 'unreadable-model', says: 'is empty' },
  { file: 'truncated.h5', code: 'unreadable-model', says: 'is truncated: HDF5 of' },
  { file: 'picture.h5', code: 'unreadable-model', says: 'is a PNG image' },
  { file: 'random.onnx', code: 'unreadable-model', says: 'ONNX' },
  { file: 'text.onnx', code: 'unreadable-model', says: 'ONNX' },
  { file: 'saved_model', code: 'unreadable-model', says: 'folder' },
  { file: 'folder.h5', code: 'unreadable-model', says: 'folder' },
  { file: 'model.keras', code: 'unreadable-model', says: 'not a complete Keras archive' },
  { file: 'model.json', code: 'unreadable-model', says: 'TensorFlow.js' },
  { file: 'model.pt', code: 'unreadable-model', says: 'torch.onnx.export(' },
  { file: 'model.txt', code: 'unreadable-model', says: '.h5, .hdf5, .keras, .onnx' },
  { file: 'other.h5', code: 'unreadable-model', says: 'not a Keras model' },
  { file: 'weights.h5', code: 'unreadable-model', says: 'weights only' },
  { file: 'config.h5', code: 'unreadable-model', says: 'not JSON' },
  {
    file: 'infinite.h5',
    code: 'unreadable-model',
    says: "layer 'conv' (Conv2D) has a weight 'conv/kernel:0' that is not finite",
  },
  {
    file: 'no-bias.h5',
    code: 'unreadable-model',
    says: "layer 'conv' (Conv2D) should have 2 weights (kernel, bias), found 1",
  },
  { file: 'wrong-kernel.h5', code: 'unreadable-model', says: 'does not fit 3 channels' },
  { file: 'gray.h5', code: 'unreadable-model', says: '3 channels (RGB), found 1' },
  { file: 'unknown.h5', code: 'unreadable-model', says: "layer 'mine' (MyLayer)" },
  { file: 'channels-first.h5', code: 'unreadable-model', says: 'channels_first' },
])('$file is refused in one line', async ({ file, code, says }) => {
  const error = await openModel(at(file)).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'Problem', code });
  const message = error instanceof Error ? error.message : '';
  expect(message).toContain(at(file));
  expect(message).toContain(says);
  expect(message).not.toContain('\n');
});

it('opens the file that the broken ones were made of', async () => {
  const model = await openModel(at('fine.h5'));
  await model.close();
  expect(model.description.format).toBe('Keras 3.0.5 HDF5');
});

it('opens a file under the name of one that was damaged inside', async () => {
  const file = at('mended.h5');
  const whole = readFileSync(at('whole.h5'));
  const damaged = Buffer.from(whole);
  // The last object's header loses its signature; what comes before it, and model_config, stays.
  damaged.write('XXXX', damaged.lastIndexOf('OHDR'), 'latin1');
  writeFileSync(file, damaged);
  for (let attempt = 0; attempt < 2; attempt++) await expect(openModel(file)).rejects.toThrow('is damaged');
  writeFileSync(file, Buffer.concat([whole, Buffer.alloc(1)]));
  const model = await openModel(file);
  await model.close();
  expect(model.description.classes.length).toBe(3);
});

const broken = referenceData && join(referenceData, 'broken');

describe.skipIf(!broken)('real broken files', () => {
  it.each([
    'truncated.h5',
    'weights_only_k2.h5',
    'other_hdf5.h5',
    'png_named.h5',
    'nan_weights.h5',
    'corrupt_middle.keras',
  ])('%s', async (file) => {
    await expect(openModel(join(broken ?? '', file))).rejects.toMatchObject({
      name: 'Problem',
      code: 'unreadable-model',
    });
  });
});
