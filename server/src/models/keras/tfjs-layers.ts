import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Problem } from '../../errors.ts';
import { assignArchiveWeights, storedWeights } from './archive-weights.ts';
import { layersByName, leafLayers, ownerOf, ownerPath } from './assign-weights.ts';
import { isRecord } from './config-json.ts';
import { fileClassNames } from './file-class-names.ts';
import { kerasVersion } from './keras-version.ts';
import { parseModelConfig } from './model-config.ts';
import { MAX_JSON_BYTES, parseModelJson } from './model-json.ts';
import type { KerasLayer, KerasModel, KerasNetwork, WeightArray } from './network.ts';
import { readTfjsWeights } from './tfjs-weights.ts';
import { weightCounts } from './weight-order.ts';

/**
 * Reads a layers model of TensorFlow.js, as `model.save()` or the converter of Python writes it: the configuration in
 * JSON, the weights in files beside it.
 *
 * @throws Problem `unreadable-model` for what is not such a model, and for a graph model
 */
export async function readTfjsLayers(file: string): Promise<KerasNetwork> {
  const parts = partsOf(await readJson(file), file);
  const { text: version, major } = kerasVersion(parts.kerasVersion, 'tfjs-layers');
  const model = parseModelConfig(parts.config, major);
  const { weights, paths } = await readTfjsWeights(dirname(file), parts.weightsManifest);
  const inside = fileClassNames((name) => parts.metadata[name]);
  const beside = inside ? undefined : await namesBeside(file);
  return {
    format: `TensorFlow.js layers model (${/^\d/.test(version) ? `Keras ${version}` : version})`,
    model,
    weights: assign(model, weights),
    classNames: inside ?? beside?.names,
    companions: [...new Set([...paths, ...(beside ? [beside.file] : [])])],
  };
}

async function readJson(file: string): Promise<unknown> {
  const { size } = await stat(file);
  if (size > MAX_JSON_BYTES) {
    throw new Problem('unreadable-model', `has ${size} bytes; JSON files of at most ${MAX_JSON_BYTES} are read`);
  }
  return parseModelJson(await readFile(file, 'utf8'), 'text');
}

interface TfjsParts {
  config: unknown;
  kerasVersion: unknown;
  weightsManifest: unknown;
  metadata: Record<string, unknown>;
}

function partsOf(json: unknown, file: string): TfjsParts {
  if (!isRecord(json)) throw new Problem('unreadable-model', 'is JSON but not a TensorFlow.js model');
  const { modelTopology: topology, weightsManifest, userDefinedMetadata, format } = json;
  if (format === 'graph-model' || (isRecord(topology) && 'node' in topology)) {
    throw new Problem(
      'unreadable-model',
      'is a TensorFlow.js graph model, which has no layers; ' +
        `python -m tf2onnx.convert --tfjs ${basename(file)} --output model.onnx --opset 17`,
    );
  }
  if (!isRecord(topology)) throw notAModel(json, file);
  if (weightsManifest === undefined) {
    throw new Problem('unreadable-model', 'has no weightsManifest: its weights are in no file beside it');
  }
  const { model_config = topology, keras_version } = topology;
  return {
    config: typeof model_config === 'string' ? parseModelJson(model_config, 'model_config') : model_config,
    kerasVersion: keras_version,
    weightsManifest,
    metadata: isRecord(userDefinedMetadata) ? userDefinedMetadata : {},
  };
}

/** JSON of other kinds that lies beside models. */
function notAModel(json: Record<string, unknown>, file: string): Problem {
  if (typeof json.class_name === 'string' && 'config' in json) {
    const name = JSON.stringify(basename(file));
    return new Problem(
      'unreadable-model',
      `is a network without weights; model = keras.models.model_from_json(open(${name}).read()); ` +
        'model.load_weights("model.weights.h5"); model.save("model.keras")',
    );
  }
  return new Problem('unreadable-model', 'is JSON but not a TensorFlow.js model: it has no modelTopology');
}

/** The converter keeps the paths of a Keras 3 archive; everything else is named after its layer. */
function assign(model: KerasModel, weights: readonly WeightArray[]): Map<KerasLayer, WeightArray[]> {
  if (weights.length > 0 && weights.every(({ name }) => /^layers\/.*\/vars\/\d+$/.test(name))) {
    return assignArchiveWeights(model, storedWeights(weights));
  }
  const leaves = leafLayers(model);
  const names = layersByName(leaves);
  const assigned = new Map<KerasLayer, WeightArray[]>();
  const nameless: WeightArray[] = [];
  for (const weight of weights) {
    const layer = ownerOf(ownerPath(weight.name), names);
    if (layer) assigned.set(layer, [...(assigned.get(layer) ?? []), weight]);
    else nameless.push(weight);
  }
  // Keras 2 names the statistics of its Normalization without their layer.
  const [without, ...others] = leaves.filter((leaf) => !assigned.has(leaf) && weightCount(leaf) > 0);
  if (nameless.length > 0) {
    if (!without || others.length > 0 || weightCount(without) !== nameless.length) {
      const { name } = nameless[0];
      throw new Problem('unreadable-model', `weight '${name}' belongs to none of the layers, or to several`);
    }
    assigned.set(without, nameless);
  }
  for (const own of assigned.values()) own.sort((a, b) => rank(a) - rank(b));
  return assigned;
}

function weightCount(layer: KerasLayer): number {
  const { trained, other } = weightCounts(layer);
  return trained + other;
}

/** A layer's weights are known by their names here, and may be listed in any order. */
const NAMES = [
  'depthwise_kernel',
  'pointwise_kernel',
  'kernel',
  'gamma',
  'beta',
  'bias',
  'moving_mean',
  'moving_variance',
  'mean',
  'variance',
  'count',
];

function rank({ name }: WeightArray): number {
  return NAMES.indexOf(name.slice(name.lastIndexOf('/') + 1));
}

/** Teachable Machine writes the names into a file of their own. */
async function namesBeside(file: string): Promise<{ file: string; names: string[] } | undefined> {
  const beside = 'metadata.json';
  try {
    const path = join(dirname(file), beside);
    if ((await stat(path)).size > MAX_JSON_BYTES) return undefined;
    const metadata = parseModelJson(await readFile(path, 'utf8'), beside);
    const names = fileClassNames((name) => (isRecord(metadata) ? metadata[name] : undefined));
    return names && { file: beside, names };
  } catch {
    return undefined;
  }
}
