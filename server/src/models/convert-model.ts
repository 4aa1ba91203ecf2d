import type { Activation } from '../../../shared/activation.ts';
import { Problem } from '../errors.ts';
import { camLayerName, classNames } from './describe-model.ts';
import type { KerasNetwork } from './keras/network.ts';
import { type Manifest, manifestFile } from './manifest.ts';
import type { ModelDescription } from './model.ts';
import type { ModelKind } from './model-file.ts';
import { classifierModel, complemented } from './onnx/classifier.ts';
import { findHead } from './onnx/head.ts';
import type { NetworkGraph } from './onnx/network-graph.ts';
import { DATA_TYPE } from './onnx/proto.ts';

/** What a model file becomes before any engine sees it; plain data. */
export interface ConvertedModel
  extends Pick<
    ModelDescription,
    'format' | 'patchHeight' | 'patchWidth' | 'camLayer' | 'activation' | 'bias' | 'preprocessing' | 'layers'
  > {
  /** An ONNX model as `EngineSource.onnx` describes it. */
  onnx: Uint8Array;
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
  const found = findHead(network);
  const classes = classNames(found.outputs, manifest, network.classNames, manifestFile(file));
  const complement = classes.length > found.outputs;
  const head = complement ? { ...found, ...complemented(found) } : found;
  const preprocessing = manifest?.preprocessing ?? {
    ...DEFAULT_PREPROCESSING,
    scale: network.rescales ? 1 : 1 / 255,
  };
  return {
    onnx: classifierModel(network, found, preprocessing, complement),
    format: network.format,
    patchHeight: network.input.height,
    patchWidth: network.input.width,
    camLayer: camLayerName(network, head, manifest, manifestFile(file)),
    activation: activationOf(found, manifest, manifestFile(file)),
    bias: Array.from(head.bias),
    preprocessing,
    layers: network.layers,
    outputs: classes.length,
    classNames: network.classNames,
    halfPrecision: network.input.elementType === DATA_TYPE.float16,
    rescales: network.rescales,
    companions: network.companions,
  };
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
  return kerasToOnnx(await readKeras(file, kind), patchSize);
}

async function readKeras(file: string, kind: Exclude<ModelKind, 'onnx'>): Promise<KerasNetwork> {
  if (kind === 'keras-archive') return (await import('./keras/keras-archive.ts')).readKerasArchive(file);
  if (kind === 'tfjs-layers') return (await import('./keras/tfjs-layers.ts')).readTfjsLayers(file);
  return (await import('./keras/h5.ts')).readKerasH5(file);
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
