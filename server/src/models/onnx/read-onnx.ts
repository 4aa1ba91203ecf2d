import { readFile, stat } from 'node:fs/promises';
import { Problem } from '../../errors.ts';
import type { PatchSize } from '../patch-size.ts';
import { checkConstants, checkOrder, checkSizes } from './check-graph.ts';
import { chooseOutput } from './choose-output.ts';
import { metadataClassNames } from './class-names.ts';
import { dequantizeWeights } from './dequantize-weights.ts';
import { LARGEST_MODEL_BYTES, readExternalData } from './external-data.ts';
import { graphView } from './graph-view.ts';
import { imageInput, rescalesBytes } from './image-input.ts';
import type { NetworkGraph } from './network-graph.ts';
import { nodeLayers } from './node-layers.ts';
import { type ModelProto, onnx } from './proto.ts';
import { needsSinglePrecision, toSinglePrecision } from './single-precision.ts';
import { checkWireFormat } from './wire-scan.ts';

/** Since this version operators broadcast as they do now. */
const OLDEST_OPSET = 7;
/** The last versions that onnxruntime 1.30 loads. */
const NEWEST_OPSET = 26;
const NEWEST_IR_VERSION = 13;

/**
 * Reads an ONNX classifier, with the files beside it that hold its weights: one image input, channels first (PyTorch)
 * or last (tf2onnx), and one output that is the logits or probabilities.
 *
 * @param patchSize from the manifest, for a model whose input is open
 * @throws Problem `unreadable-model` for what is not such a file
 */
export async function readOnnx(file: string, patchSize: PatchSize | undefined): Promise<NetworkGraph> {
  const { size } = await stat(file);
  if (size > LARGEST_MODEL_BYTES) {
    throw new Problem('unreadable-model', `has ${size} bytes; no ONNX file is larger than 2 GiB`);
  }
  const model = decoded(await readFile(file));
  const { graph } = model;
  if (!graph?.node?.length || !graph.output?.length) throw new Problem('unreadable-model', 'is not an ONNX model');
  const opsets = model.opsetImport.map(({ domain, version }) => ({ domain: domain ?? '', version: Number(version) }));
  const version = opsets.find(({ domain }) => domain === '' || domain === 'ai.onnx')?.version ?? 0;
  const irVersion = Number(model.irVersion);
  checkVersions(version, irVersion);
  checkOrder(graph);
  const companions = await readExternalData(file, graph);
  checkConstants(graph);
  if (needsSinglePrecision(graph)) toSinglePrecision(graph);
  const input = imageInput(graph, patchSize);
  dequantizeWeights(graph, graphView({ proto: graph, input }));
  const view = graphView({ proto: graph, input });
  checkSizes(graph, view.shape);
  const { layers, layersOf } = nodeLayers(graph, view, input);
  const network: NetworkGraph = {
    format: `ONNX opset ${version}`,
    irVersion,
    opsets,
    proto: graph,
    functions: model.functions,
    input,
    output: graph.output[0].name ?? '',
    layers,
    layersOf,
    classNames: metadataClassNames(model.metadataProps),
    companions,
    rescales: rescalesBytes(view, graph.node, input),
  };
  return { ...network, output: chooseOutput(network, view) };
}

function decoded(bytes: Uint8Array): ModelProto {
  checkWireFormat(bytes);
  try {
    return onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new Problem('unreadable-model', 'is not a complete ONNX file (truncated, or of another kind)', {
      cause: error,
    });
  }
}

function checkVersions(opset: number, irVersion: number): void {
  if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
    const advice = opset > NEWEST_OPSET ? '; export it for an older one' : '';
    throw new Problem(
      'unreadable-model',
      `is of ONNX opset ${opset}; ${OLDEST_OPSET} to ${NEWEST_OPSET} are read${advice}`,
    );
  }
  if (irVersion > NEWEST_IR_VERSION) {
    const advice = 'save it with an older onnx package';
    throw new Problem(
      'unreadable-model',
      `is of ONNX file format (IR) version ${irVersion}; versions up to ${NEWEST_IR_VERSION} are read; ${advice}`,
    );
  }
}
