import { basename } from 'node:path';
import type { Activation } from '../../../shared/activation.ts';
import { Problem } from '../errors.ts';
import { camLayerName, classNames } from './describe-model.ts';
import type { KerasNetwork } from './keras/network.ts';
import { type Manifest, manifestFile } from './manifest.ts';
import type { ModelDescription } from './model.ts';
import type { ModelKind } from './model-file.ts';
import { type ClassifierMap, classifierModel, complemented, linearCells } from './onnx/classifier.ts';
import type { GradientMethod } from './onnx/gradient/gradient-map.ts';
import { findHead } from './onnx/head.ts';
import type { Logits } from './onnx/logits.ts';
import type { NetworkGraph } from './onnx/network-graph.ts';
import { DATA_TYPE, type ModelProto } from './onnx/proto.ts';

/** What a model file becomes before any engine sees it; plain data. */
export interface ConvertedModel
  extends Pick<
    ModelDescription,
    'format' | 'patchHeight' | 'patchWidth' | 'method' | 'camLayer' | 'activation' | 'bias' | 'preprocessing' | 'layers'
  > {
  /** What `EngineSource.onnx` describes, not encoded yet. */
  onnx: ModelProto;
  /** Classes that it gives, after one sigmoid output with two names has become two. */
  outputs: number;
  /** The file's own names of its classes, as many as its outputs; null where it has none. */
  classNames: string[] | null;
  /** Whether the network itself computes in float16. */
  halfPrecision: boolean;
  /** Whether it begins by scaling the pixels itself. */
  rescales: boolean;
  /** Paths of the other files that it was read from, relative to its folder. */
  companions: string[];
}

/**
 * Reads a model file and makes of it what an engine runs.
 *
 * @param kind what `checkModelFile` gave
 * @throws Problem `unreadable-model`
 */
export async function convertModel(file: string, kind: ModelKind, manifest: Manifest | null): Promise<ConvertedModel> {
  const network = await readNetwork(file, kind, manifest?.patchSize);
  const method = manifest?.method ?? 'cam';
  const map =
    method === 'cam' ? linearMap(network, manifest, file) : await mapByGradients(network, method, manifest, file);
  const classes = classNames(map.outputs, manifest, network.classNames, manifestFile(file));
  const complement = classes.length > map.outputs;
  const preprocessing = manifest?.preprocessing ?? {
    ...DEFAULT_PREPROCESSING,
    scale: network.rescales ? 1 : 1 / 255,
  };
  checkPreprocessing(network, preprocessing, manifestFile(file));
  const { logits, outputs, metadata } = map;
  return {
    onnx: classifierModel(network, preprocessing, {
      logits,
      outputs,
      complement,
      cells: map.cells(complement),
      metadata,
    }),
    format: network.format,
    patchHeight: network.input.height,
    patchWidth: network.input.width,
    method,
    camLayer: map.camLayer,
    activation: activationOf(map, manifest, manifestFile(file)),
    bias: map.bias(complement),
    preprocessing,
    layers: network.layers,
    outputs: classes.length,
    classNames: network.classNames,
    halfPrecision: network.input.elementType === DATA_TYPE.float16,
    rescales: network.rescales,
    companions: network.companions,
  };
}

/** A map of each class, whichever method makes it. */
interface ClassMap extends Logits, Pick<ClassifierMap, 'outputs' | 'metadata'> {
  camLayer: string;
  /** @param complement whether one output becomes two classes */
  cells(complement: boolean): ClassifierMap['cells'];
  /** Part of every cell that is no evidence, for each class. */
  bias(complement: boolean): number[];
}

function linearMap(network: NetworkGraph, manifest: Manifest | null, file: string): ClassMap {
  const head = findHead(network, basename(manifestFile(file)));
  return {
    ...head,
    camLayer: camLayerName(network, head, manifest, manifestFile(file)),
    cells: (complement) => linearCells(head, complement),
    bias: (complement) => Array.from(complement ? complemented(head).bias : head.bias),
  };
}

async function mapByGradients(
  network: NetworkGraph,
  method: GradientMethod,
  manifest: Manifest | null,
  file: string,
): Promise<ClassMap> {
  const { gradientMap } = await import('./onnx/gradient/gradient-network.ts');
  const map = await gradientMap(network, method, manifest?.camLayer, manifestFile(file));
  return { ...map, bias: (complement) => new Array<number>(complement ? 2 : map.outputs).fill(0) };
}

const DEFAULT_PREPROCESSING = { channelOrder: 'rgb', mean: [0, 0, 0], std: [1, 1, 1] } satisfies Partial<
  NonNullable<Manifest['preprocessing']>
>;

async function readNetwork(file: string, kind: ModelKind, patchSize: Manifest['patchSize']): Promise<NetworkGraph> {
  if (kind === 'onnx') {
    const { readOnnx } = await import('./onnx/read-onnx.ts');
    return readOnnx(file, patchSize);
  }
  const { kerasToOnnx } = await import('./keras/to-onnx.ts');
  const network = await readKeras(file, kind);
  try {
    return kerasToOnnx(network, patchSize);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem('unreadable-model', 'has layers in a chain that is too long to be followed', { cause: error });
  }
}

async function readKeras(file: string, kind: Exclude<ModelKind, 'onnx'>): Promise<KerasNetwork> {
  if (kind === 'keras-archive') return (await import('./keras/keras-archive.ts')).readKerasArchive(file);
  if (kind === 'tfjs-layers') return (await import('./keras/tfjs-layers.ts')).readTfjsLayers(file);
  return (await import('./keras/h5.ts')).readKerasH5(file);
}

/** A network that takes bytes gets the pixels as they are: nothing else is a byte. */
function checkPreprocessing(
  { input }: NetworkGraph,
  { scale, mean, std }: Pick<NonNullable<Manifest['preprocessing']>, 'scale' | 'mean' | 'std'>,
  file: string,
): void {
  if (input.elementType !== DATA_TYPE.uint8) return;
  if (scale === 1 && mean.every((value) => value === 0) && std.every((value) => value === 1)) return;
  throw new Problem(
    'unreadable-model',
    `${file}: preprocessing: expected scale 1, mean 0 and std 1, for the model takes bytes, found scale ${scale}, ` +
      `mean [${mean.join(', ')}] and std [${std.join(', ')}]`,
  );
}

/** The manifest says the activation of a head that has none; a model's own is the model's. */
function activationOf(
  { activation: own, outputs }: { activation: Activation | null; outputs: number },
  manifest: Manifest | null,
  file: string,
): Activation {
  const wanted = manifest?.activation;
  if (wanted !== undefined && own !== null && wanted !== own) {
    throw new Problem(
      'unreadable-model',
      `${file}: activation: expected ${own}, which the model ends in, or nothing, found ${wanted}`,
    );
  }
  const activation = wanted ?? own ?? (outputs === 1 ? 'sigmoid' : 'softmax');
  if (outputs === 1 && activation === 'softmax') {
    throw new Problem('unreadable-model', 'has 1 output with softmax, which is always 1; sigmoid or none is expected');
  }
  return activation;
}
