import { isRecord } from '../config-json.ts';
import { modernConfig } from '../keras1.ts';
import {
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  onlyInput,
  scalar,
  type WeightedLayer,
} from '../layer.ts';
import { fromKerasOrder, kerasOrder } from '../layout.ts';
import type { WeightArray } from '../network.ts';

/** Layers around another layer. @param layers the classes that may be inside */
export function wrapperLayers(layers: Readonly<Record<string, LayerWriter>>): Record<string, LayerWriter> {
  const inside = (layer: WeightedLayer, weights: readonly WeightArray[]): [LayerWriter, WeightedLayer] => {
    const { layer: inner } = layer.config;
    const className = isRecord(inner) ? inner.class_name : undefined;
    if (!isRecord(inner) || typeof className !== 'string' || !isRecord(inner.config)) {
      throw layerProblem(layer, 'holds no layer in its settings');
    }
    const modern = modernConfig(className, inner.config);
    const write = Object.hasOwn(layers, modern.className) ? layers[modern.className] : undefined;
    if (!write) throw layerProblem(layer, `wraps a ${className}, which is not supported`);
    return [write, { ...layer, ...modern, weights }];
  };
  return {
    /** The layer applied to each part along the first axis: as many more images in the batch. */
    TimeDistributed: (layer, inputs, graph) => {
      const input = onlyInput(layer, inputs);
      const [write, inner] = inside(layer, layer.weights);
      const [count, ...shape] = input.shape;
      if (shape.length === 0) throw layerProblem(layer, 'has an input of 1 dimension; 2 are expected at least');
      const parts = asBatch(kerasOrder(input, graph), shape, graph);
      const output = write(inner, [parts], graph);
      return asBatch(kerasOrder(output, graph), [count, ...output.shape], graph);
    },
    /** In inference the layer itself, whose kernel training has normalised. */
    SpectralNormalization: (layer, inputs, graph) => {
      const [write, inner] = inside(layer, withoutVector(layer.weights));
      return write(inner, inputs, graph);
    },
  };
}

/** Values in Keras's order as a batch of tensors of a shape. */
function asBatch(values: string, shape: readonly number[], graph: LayerGraph): NetworkTensor {
  const sizes = graph.constant([shape.length + 1], [-1, ...shape]);
  return fromKerasOrder(graph.node('Reshape', [values, sizes]), shape, graph);
}

/** All weights but the wrapper's own, a row that stands before or behind them. */
function withoutVector(weights: readonly WeightArray[]): readonly WeightArray[] {
  const named = weights.findIndex(({ name }) => /(vector_u|sn_u)(:0)?$/.test(name));
  const isRow = (weight: WeightArray | undefined) => weight?.shape.length === 2 && weight.shape[0] === 1;
  const own = named >= 0 ? named : isRow(weights[weights.length - 1]) ? weights.length - 1 : isRow(weights[0]) ? 0 : -1;
  return weights.filter((_, i) => i !== own);
}

export const SCALED_SUM_LAYERS: Record<string, LayerWriter> = {
  CustomScaleLayer: customScaleLayer,
  'Custom>CustomScaleLayer': customScaleLayer,
  /** The same as Keras up to 2.14 writes it; any other Lambda holds code that nobody here can know. */
  Lambda: (layer, inputs, graph) => {
    const settings = layer.config.arguments;
    const scale = isRecord(settings) && Object.keys(settings).join() === 'scale' ? settings.scale : undefined;
    if (inputs.length === 2 && typeof scale === 'number' && /^block(35|17|8)_\d+$/.test(layer.name)) {
      return scaledSum(layer, inputs, scale, graph);
    }
    throw layerProblem(layer, 'holds Python code, which is not run');
  },
};

/** Of the InceptionResNetV2 of keras.applications: inputs[0] + scale inputs[1]. */
function customScaleLayer(...[layer, inputs, graph]: Parameters<LayerWriter>): NetworkTensor {
  return scaledSum(layer, inputs, numberSetting(layer, 'scale'), graph);
}

function scaledSum(
  layer: WeightedLayer,
  inputs: readonly NetworkTensor[],
  scale: number,
  graph: LayerGraph,
): NetworkTensor {
  const [sum, part] = inputs;
  if (inputs.length !== 2 || sum.shape.join() !== part.shape.join()) {
    throw layerProblem(layer, 'should have 2 inputs of one shape');
  }
  const scaled = graph.node('Mul', [part.name, scalar(graph, scale)]);
  return { name: graph.node('Add', [sum.name, scaled]), shape: sum.shape };
}
