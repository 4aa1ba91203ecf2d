import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  checkModelFile,
  isModelFile,
  isModelFolder,
  isNamedAsModel,
  modelTitle,
} from '../../../../server/src/models/model-file.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';
import { problemOf, writeSampleModels } from './sample-models.ts';
import { zipFile } from './zip-file.ts';

const folder = temporaryFolder();
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const nothing = new Uint8Array(1);
const ONNX = Uint8Array.of(8, 8, 0x12, 2, 0x70, 0x74, 0x3a, 1, 0);
const EXPORT = 'torch.onnx.export(model, torch.zeros(1, 3, 224, 224), "model.onnx")';
const READ = 'models are read from .h5, .hdf5, .keras, .onnx and TensorFlow.js model.json files';
const TO_ONNX = '--output model.onnx --opset 17';

beforeAll(() => writeSampleModels(folder));

async function said(name: string, contents: Uint8Array): Promise<string> {
  const file = join(folder, name);
  writeFileSync(file, contents);
  const message = await problemOf(checkModelFile(file));
  expect(message.startsWith(`${file}: `)).toBe(true);
  expect(message).not.toContain('\n');
  return message.slice(file.length + 2).replaceAll(folder, 'FOLDER');
}

describe('by content, whatever the name', () => {
  test.each<[string, string, Uint8Array | string]>([
    ['keras-hdf5', 'a.keras', 'model.h5'],
    ['keras-hdf5', 'a.onnx', 'model.h5'],
    ['keras-archive', 'a.h5', 'model.keras'],
    ['keras-archive', 'a.zip', 'model.keras'],
    ['tfjs-layers', 'a.json', 'model.json'],
    ['tfjs-layers', 'a.h5', latin1('\xef\xbb\xbf \n{"modelTopology": 1}')],
    ['onnx', 'a.h5', ONNX],
    ['onnx', 'a.onnx', latin1('of no known kind')],
  ])('%s named %s', async (kind, name, contents) => {
    const bytes = typeof contents === 'string' ? readFileSync(join(folder, contents)) : contents;
    const file = join(folder, `copy-${name}`);
    writeFileSync(file, bytes);
    expect(await checkModelFile(file)).toBe(kind);
  });

  test('HDF5 behind a block of the user', async () => {
    const file = join(folder, 'user-block.h5');
    writeFileSync(file, Buffer.concat([Buffer.alloc(512), latin1('\x89HDF\r\n\x1a\n')]));
    expect(await checkModelFile(file)).toBe('keras-hdf5');
  });

  test.each<[string, Uint8Array, string]>([
    ['a.h5', latin1('\x89PNG\r\n'), 'is a PNG image, not a model'],
    ['a.keras', latin1('\xff\xd8\xff\xe0'), 'is a JPEG image, not a model'],
    ['a.onnx', latin1('II*\0'), 'is a TIFF image, not a model'],
    ['a.h5', latin1('\x1f\x8b\x08'), 'is packed with gzip; unpack it and name the model in it'],
    [
      'a.h5',
      latin1('version https://git-lfs.github.com/spec/v1\noid sha256:0'),
      'is a pointer of Git LFS, not the model itself; git lfs pull',
    ],
    ['a.h5', latin1('\n<!DOCTYPE html><html>'), 'is a web page, not a model; download the file itself'],
    [
      'a.onnx',
      latin1('\x1c\0\0\0TFL3'),
      `is a TensorFlow Lite model; python -m tf2onnx.convert --tflite FOLDER/a.onnx ${TO_ONNX}`,
    ],
    [
      'a.bin',
      latin1('\x80\x02\x8a\nl\xfc\x9cF'),
      `is a PyTorch file; where the network is made in Python, model.load_state_dict(torch.load("a.bin")); ${EXPORT}`,
    ],
    ['a.h5', latin1('\x80\x04\x95'), `is a Python pickle, which is not run; ${EXPORT}`],
    [
      'a.h5',
      latin1('\x08\0\0\0\0\0\0\0{"a":1} '),
      'holds weights only, without the network they belong to; where the network is made in PyTorch, ' +
        `model.load_state_dict(safetensors.torch.load_file("a.h5")); ${EXPORT}`,
    ],
    [
      'a.h5',
      latin1('<?xml version="1.0"?>\n<net name="a" version="11">'),
      'is an OpenVINO model; export the model that it was made of to ONNX, or save it as .keras',
    ],
    ['a.h5', latin1('no model'), 'is not a complete HDF5 file (truncated, or of another kind)'],
    ['a.keras', latin1('no model'), 'is not a complete Keras archive (truncated, or of another kind)'],
    ['a.json', latin1('[1, 2]'), 'is not a TensorFlow.js model (truncated, or of another kind)'],
    ['model.manifest.json', latin1('{}'), 'is a manifest; name the model file beside it'],
    ['a.txt', latin1('no model'), `'.txt' is no format of models; ${READ}`],
    ['a', latin1('no model'), `'a' is no format of models; ${READ}`],
  ])('%s of %j', async (name, contents, message) => {
    expect(await said(name, contents)).toBe(message);
  });
});

test.each<[string, string[], string]>([
  [
    'a.h5',
    ['archive/data.pkl', 'archive/data/0'],
    `is a PyTorch file; where the network is made in Python, model.load_state_dict(torch.load("a.h5")); ${EXPORT}`,
  ],
  [
    'a.pt',
    ['a/data.pkl', 'a/code/__torch__.py'],
    'is a TorchScript model; model = torch.jit.load("a.pt"); ' +
      'torch.onnx.export(model, torch.zeros(1, 3, 224, 224), "model.onnx", dynamo=False)',
  ],
  ['a.zip', ['a/model.json', 'a/w.bin'], 'is a zip with "a/model.json" inside; unpack it and name what is in it'],
  ['a.npz', ['x.npy'], 'is an archive of NumPy arrays, not a model'],
  ['a.keras', ['x.txt'], 'is a zip but no Keras archive: it has no entry config.json'],
])('the zip %s of %j', async (name, names, message) => {
  expect(await said(name, zipFile(names.map((entry) => ({ name: entry, contents: nothing }))))).toBe(message);
});

test.each<[string, string]>([
  ['saved_model.pb', `is a TensorFlow SavedModel; python -m tf2onnx.convert --saved-model FOLDER ${TO_ONNX}`],
  [
    'frozen.pb',
    'is a TensorFlow graph; ' +
      `python -m tf2onnx.convert --graphdef FOLDER/frozen.pb --inputs INPUT:0 --outputs OUTPUT:0 ${TO_ONNX}`,
  ],
  [
    'cp.ckpt.index',
    'is a TensorFlow checkpoint: weights only, without the network they belong to; where the network is made in ' +
      'Python with Keras 2, model.load_weights("cp.ckpt"); model.save("model.h5")',
  ],
  [
    'cp.ckpt.data-00000-of-00001',
    'is a TensorFlow checkpoint: weights only, without the network they belong to; where the network is made in ' +
      'Python with Keras 2, model.load_weights("cp.ckpt"); model.save("model.h5")',
  ],
  ['a.mlmodel', 'is a Core ML model; export the model that it was made of to ONNX, or save it as .keras'],
])('%s, by its name', async (name, message) => {
  expect(await said(name, nothing)).toBe(message);
  expect(isNamedAsModel(name)).toBe(true);
});

test.each<[string, string[], string]>([
  [
    'saved',
    ['saved_model.pb'],
    `is a TensorFlow SavedModel; python -m tf2onnx.convert --saved-model FOLDER/saved ${TO_ONNX}`,
  ],
  [
    "it's saved",
    ['saved_model.pb'],
    `is a TensorFlow SavedModel; python -m tf2onnx.convert --saved-model 'FOLDER/it'\\''s saved' ${TO_ONNX}`,
  ],
  [
    'unpacked',
    ['config.json', 'metadata.json', 'model.weights.h5'],
    'is a Keras archive that was unpacked; cd into it and zip -0 ../model.keras config.json metadata.json model.weights.h5',
  ],
  ['web', ['model.json'], 'is a folder; name FOLDER/web/model.json'],
  [
    'a.mlpackage',
    ['Manifest.json'],
    'is a Core ML model; export the model that it was made of to ONNX, or save it as .keras',
  ],
  ['empty', [], 'is a folder; a model is a file, or a TensorFlow.js model.json with its weights beside it'],
])('the folder %s', async (name, names, message) => {
  const path = join(folder, name);
  mkdirSync(path);
  for (const entry of names) writeFileSync(join(path, entry), nothing);
  expect(await isModelFolder(path)).toBe(names.length > 0);
  expect((await problemOf(checkModelFile(path))).slice(path.length + 2).replaceAll(folder, 'FOLDER')).toBe(message);
});

test.each([
  ['a/b/cells.h5', 'cells'],
  ['a/b/cells.keras', 'cells'],
  ['a/tissue/model.json', 'tissue'],
  ['a/tissue/Model.JSON', 'tissue'],
  ['a/tissue/other.json', 'other'],
  ['/model.json', 'model'],
])('%s is called %s', (file, title) => {
  expect(modelTitle(file)).toBe(title);
});

test.each([
  ['a.H5', true, true],
  ['a.keras', true, true],
  ['model.json', true, true],
  ['a.json', false, true],
  ['a.pt', false, true],
  ['a.safetensors', false, true],
  ['a.png', false, false],
])('%s: read %j, named as a model %j', (name, isRead, isNamed) => {
  expect([isModelFile(name), isNamedAsModel(name)]).toEqual([isRead, isNamed]);
});
