import { stat } from 'node:fs/promises';
import type { Dataset, File, Group } from 'h5wasm/node';
import { float16Value } from '../../../../shared/codecs/float16.ts';
import { Problem } from '../../errors.ts';
import { assignWeights } from './assign-weights.ts';
import { isRecord, parseModelConfig } from './model-config.ts';
import type { KerasNetwork, WeightArray } from './network.ts';

/**
 * Reads a whole-model `.h5` of Keras 1.2 to 3: the attribute `model_config`, and the group `model_weights`, whose
 * `layer_names` and each layer's `weight_names` give the order of get_weights().
 *
 * @throws Problem `unreadable-model` for what is not such a file
 */
export async function readKerasH5(file: string): Promise<KerasNetwork> {
  const { size, mtimeMs } = await stat(file);
  const state = `${size} ${mtimeMs}`;
  const known = damaged.get(file);
  if (known?.state === state) throw known.problem;
  const library = await loadLibrary();
  let root: File | undefined;
  try {
    root = new library.File(file, 'r');
    const network = readNetwork(root, library);
    root.close();
    return network;
  } catch (error) {
    if (error instanceof Problem) {
      root?.close();
      throw error;
    }
    const what = root
      ? `is damaged: ${firstLine(error)}`
      : 'is not a complete HDF5 file (truncated, or of another kind)';
    const problem = new Problem('unreadable-model', what, { cause: error });
    if (root || error instanceof WebAssembly.RuntimeError) {
      discardLibrary();
      damaged.set(file, { state, problem });
    }
    throw problem;
  }
}

/**
 * Files that the library failed in the middle of, until they change: each costs an instance of it, whose memory Node
 * keeps for ever.
 */
const damaged = new Map<string, { state: string; problem: Problem }>();

type Library = typeof import('h5wasm/node');

let library: Promise<Library> | undefined;
let discarded = 0;

function loadLibrary(): Promise<Library> {
  library ??= startLibrary(discarded);
  return library;
}

/** A new instance of the library for each number, which makes each address of the module another one to Node. */
async function startLibrary(instance: number): Promise<Library> {
  const started: Library =
    instance === 0
      ? await import('h5wasm/node')
      : await import(/* @vite-ignore */ `${import.meta.resolve('h5wasm/node')}?instance=${instance}`);
  const module = await started.ready;
  // Without it the library prints a page to stderr for every failure, and goes on with wrong values.
  module.activate_throwing_error_handler();
  return started;
}

/**
 * What fails in the middle of a file leaves it open inside the library, which then gives old contents under its name,
 * or leaves the library aborted, which then hangs: the next file gets another instance.
 */
function discardLibrary(): void {
  library = undefined;
  discarded++;
}

function readNetwork(root: File, library: Library): KerasNetwork {
  const configText = attribute(root, 'model_config');
  if (configText === undefined) {
    const weightsOnly = attribute(root, 'layer_names') !== undefined || root.keys().includes('layers');
    throw new Problem(
      'unreadable-model',
      weightsOnly
        ? 'holds weights only; save the whole model with model.save()'
        : 'is HDF5 but not a Keras model: it has no attribute model_config',
    );
  }
  const version = String(attribute(root, 'keras_version') ?? '2');
  const major = Number.parseInt(version, 10) || 2;
  const model = parseModelConfig(parsedJson(String(configText)), major);
  const group = root.get('model_weights');
  if (!isGroup(group)) throw new Problem('unreadable-model', 'has no group model_weights');
  const weights = assignWeights(model, layerWeights(group, library));
  return { format: `Keras ${version} HDF5`, model, weights };
}

/** Weights by the name of the outermost layer, in the order of `weight_names`. */
function layerWeights(group: Group, library: Library): Map<string, WeightArray[]> {
  const weights = new Map<string, WeightArray[]>();
  for (const layer of names(group, 'layer_names')) {
    const stored = group.get(layer);
    if (!isGroup(stored)) throw new Problem('unreadable-model', `model_weights has no group '${layer}'`);
    const weightNames = names(stored, 'weight_names');
    // Keras 3.0 names the weights of a nested model without their layers, so that one overwrites another.
    if (new Set(weightNames).size < weightNames.length) {
      throw new Problem(
        'unreadable-model',
        `layer '${layer}': ${weightNames.length} weights share ${new Set(weightNames).size} names, so some were ` +
          'overwritten when the file was saved; save it again as .keras or with another version of Keras',
      );
    }
    weights.set(
      layer,
      weightNames.map((name) => readWeight(stored, name, library)),
    );
  }
  return weights;
}

function readWeight(group: Group, name: string, library: Library): WeightArray {
  const dataset = group.get(name);
  if (!isDataset(dataset)) throw new Problem('unreadable-model', `weight '${name}' is named but not stored`);
  const { shape } = dataset;
  return { name, shape: shape ?? [], values: floats(dataset, name, library) };
}

/** The numbers of a dataset as float32; the library itself does not know float16. */
function floats(dataset: Dataset, name: string, library: Library): Float32Array {
  const { metadata } = dataset;
  const value = isHalf(metadata) ? halves(dataset, library) : dataset.value;
  if (value instanceof Float32Array) return value;
  if (typeof value === 'number' || typeof value === 'bigint') return Float32Array.of(Number(value));
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Float32Array.from(Array.from(value, Number));
  throw new Problem('unreadable-model', `weight '${name}' is not an array of numbers`);
}

function isHalf(metadata: Dataset['metadata']): boolean {
  return metadata.type === HDF5_FLOAT_CLASS && metadata.size === 2;
}

/** `H5T_FLOAT` of the HDF5 library. */
const HDF5_FLOAT_CLASS = 1;

function halves(dataset: Dataset, library: Library): Float32Array {
  const { total_size: count, littleEndian } = dataset.metadata;
  const bytes = rawBytes(dataset, 2 * count, library);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: count }, (_, i) => float16Value(view.getUint16(2 * i, littleEndian)));
}

function rawBytes(dataset: Dataset, length: number, { Module }: Library): Uint8Array {
  const pointer = Module._malloc(length);
  if (pointer === 0)
    throw new Problem('too-large', `weight '${dataset.path}' of ${length} bytes does not fit in memory`);
  try {
    Module.get_dataset_data(dataset.file_id, dataset.path, null, null, null, BigInt(pointer));
    return Module.HEAPU8.slice(pointer, pointer + length);
  } finally {
    Module._free(pointer);
  }
}

/** A list of texts; Keras cuts one of more than 64 kB into `NAME0`, `NAME1`, ... */
function names(group: Group, attributeName: string): string[] {
  const whole = attribute(group, attributeName);
  if (whole !== undefined) return textList(whole);
  const list: string[] = [];
  for (let part = 0; ; part++) {
    const value = attribute(group, `${attributeName}${part}`);
    if (value === undefined) break;
    list.push(...textList(value));
  }
  return list;
}

function attribute(group: Group, name: string): unknown {
  return group.attrs[name]?.value ?? undefined;
}

/** Layers without weights have an empty list of numbers here. */
function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function parsedJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Told below, as any other text that is no object.
  }
  throw new Problem('unreadable-model', 'has a model_config that is not JSON');
}

function isGroup(entity: ReturnType<Group['get']>): entity is Group {
  return entity !== null && 'type' in entity && entity.type === 'Group';
}

function isDataset(entity: ReturnType<Group['get']>): entity is Dataset {
  return entity !== null && 'type' in entity && entity.type === 'Dataset';
}

/** The library's own words: the innermost of its HDF5-DIAG lines, without the path in its sources. */
function firstLine(error: unknown): string {
  const text = String(error instanceof Error ? error.message : error);
  return /#000: .*: (.*)/.exec(text)?.[1] ?? text.split('\n')[0];
}
