import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { Problem } from '../../errors.ts';
import { readBytes } from '../read-bytes.ts';
import { assignWeights } from './assign-weights.ts';
import { fileClassNames } from './file-class-names.ts';
import {
  type Hdf5Group,
  type Hdf5Root,
  hdf5Numbers,
  MAX_HDF5_BYTES,
  readHdf5,
  textAttribute,
  textList,
} from './hdf5.ts';
import { kerasVersion } from './keras-version.ts';
import { parseModelConfig } from './model-config.ts';
import { parseModelJson } from './model-json.ts';
import type { KerasNetwork, WeightArray } from './network.ts';

/**
 * Reads a whole-model `.h5` of Keras 1.2 to 3: the attribute `model_config`, and the group `model_weights`, whose
 * `layer_names` and each layer's `weight_names` give the order of get_weights().
 *
 * @throws Problem `unreadable-model` for what is not such a file
 */
export async function readKerasH5(file: string): Promise<KerasNetwork> {
  const root = await readHdf5(await wholeFile(file), { group: 'model_weights', needs: 'model_config' });
  const configText = textAttribute(root, 'model_config');
  if (configText === undefined) throw notAModel(root, file);
  const version = kerasVersion(textAttribute(root, 'keras_version'), '2');
  const model = parseModelConfig(parseModelJson(configText, 'model_config'), version.major);
  const group = root.groups.get('model_weights');
  if (!group) throw new Problem('unreadable-model', 'has no group model_weights');
  return {
    format: `Keras ${version.text} HDF5`,
    model,
    weights: assignWeights(model, layerWeights(group)),
    classNames: fileClassNames((name) => root.attributes.get(name)),
  };
}

/** A file in a buffer of its own, which can be given to a thread without a copy. */
async function wholeFile(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const opened = await open(file);
  try {
    const { size } = await opened.stat();
    if (size > MAX_HDF5_BYTES) {
      throw new Problem('unreadable-model', `has ${size} bytes; HDF5 files of at most ${MAX_HDF5_BYTES} are read`);
    }
    const bytes = new Uint8Array(size);
    await readBytes(opened, bytes, 'the file');
    return bytes;
  } finally {
    await opened.close();
  }
}

/** Keras 2's weights have `layer_names` at the root, Keras 3's `layers` and what Keras calls its container before. */
function notAModel(root: Hdf5Root, file: string): Problem {
  const isWeights =
    root.attributes.has('layer_names') ||
    root.attributes.has('layer_names0') ||
    ['layers', '_layer_checkpoint_dependencies'].some((name) => root.names.includes(name));
  const advice =
    'holds weights only, without the network they belong to; where the network is made in Python, ' +
    `model.load_weights(${JSON.stringify(basename(file))}); model.save("model.keras")`;
  return new Problem(
    'unreadable-model',
    isWeights ? advice : 'is HDF5 but not a Keras model: it has no attribute model_config',
  );
}

/** Weights by the name of the outermost layer, in the order of `weight_names`. */
function layerWeights(group: Hdf5Group): Map<string, WeightArray[]> {
  const weights = new Map<string, WeightArray[]>();
  for (const layer of textList(group, 'layer_names')) {
    const stored = groupAt(group, layer);
    if (!stored) throw new Problem('unreadable-model', `model_weights has no group '${layer}'`);
    const names = textList(stored, 'weight_names');
    // Keras 3.0 names the weights of a nested model without their layers, so that one overwrites another.
    if (new Set(names).size < names.length) {
      throw new Problem(
        'unreadable-model',
        `layer '${layer}': ${names.length} weights share ${new Set(names).size} names, so some were ` +
          'overwritten when the file was saved; save it again with model.save("model.keras")',
      );
    }
    weights.set(
      layer,
      names.map((name) => readWeight(stored, name)),
    );
  }
  return weights;
}

function readWeight(group: Hdf5Group, name: string): WeightArray {
  const parts = name.split('/');
  const dataset = groupAt(group, parts.slice(0, -1).join('/'))?.datasets.get(parts[parts.length - 1]);
  if (!dataset) throw new Problem('unreadable-model', `weight '${name}' is named but not stored`);
  return hdf5Numbers(dataset, name);
}

/** Names hold slashes, which are groups to HDF5. */
function groupAt(group: Hdf5Group, path: string): Hdf5Group | undefined {
  let found: Hdf5Group | undefined = group;
  for (const part of path.split('/')) if (part !== '') found = found?.groups.get(part);
  return found;
}
