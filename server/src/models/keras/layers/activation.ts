import { isRecord } from '../config-json.ts';
import {
  type LayerGraph,
  type LayerWriter,
  layerProblem,
  type NetworkTensor,
  numberSetting,
  onlyInput,
  type WeightedLayer,
  weightsNamed,
} from '../layer.ts';
import { broadcastConstant } from '../layout.ts';
import {
  ACTIVATIONS,
  type ActivationWriter,
  aboveThreshold,
  leakyRelu,
  ofEachValue,
  slopeSetting,
} from './activation-functions.ts';

/**
 * Applies what a layer's `activation` says: a name, or an object as later versions write functions
 * (`{ class_name: 'function', config: 'relu6' }`) and layers (`{ class_name: 'LeakyReLU', config: {} }`).
 *
 * @throws Problem naming the activation that is not known
 */
export function activated(
  layer: WeightedLayer,
  activation: unknown,
  input: NetworkTensor,
  graph: LayerGraph,
): NetworkTensor {
  if (activation === undefined || activation === null) return input;
  if (typeof activation === 'string') return called(layer, activation, {}, input, graph);
  if (isRecord(activation) && typeof activation.class_name === 'string') {
    const { class_name: name, config } = activation;
    if (typeof config === 'string') return called(layer, config, {}, input, graph);
    return called(layer, name, isRecord(config) ? config : {}, input, graph);
  }
  throw layerProblem(layer, `has an activation that is not a name: ${JSON.stringify(activation)}`);
}

function called(
  layer: WeightedLayer,
  name: string,
  config: Record<string, unknown>,
  input: NetworkTensor,
  graph: LayerGraph,
): NetworkTensor {
  const settings = { ...layer, config, weights: [] };
  const write = ACTIVATIONS.get(name);
  if (write) return write(input, settings, graph);
  const writeLayer = Object.hasOwn(ACTIVATION_LAYERS, name) ? ACTIVATION_LAYERS[name] : undefined;
  if (writeLayer && name !== 'PReLU') return writeLayer(settings, [input], graph);
  throw layerProblem(layer, `has the activation '${name}', which is not supported`);
}

/** Keras's activation layers. */
export const ACTIVATION_LAYERS: Record<string, LayerWriter> = {
  Activation: (layer, inputs, graph) => activated(layer, layer.config.activation, onlyInput(layer, inputs), graph),
  ReLU: ofFunction('relu'),
  ELU: ofFunction('elu'),
  Softmax: ofFunction('softmax'),
  LeakyReLU: written(ofEachValue((x, graph, layer) => leakyRelu(x, slopeSetting(layer, 0.3), graph))),
  ThresholdedReLU: written(
    ofEachValue((x, graph, layer) => aboveThreshold(x, numberSetting(layer, 'theta', 1), graph)),
  ),
  PReLU: preluLayer,
};

/** A layer whose settings are the parameters of the function. */
function ofFunction(name: string): LayerWriter {
  return (layer, inputs, graph) => called(layer, name, layer.config, onlyInput(layer, inputs), graph);
}

function written(write: ActivationWriter): LayerWriter {
  return (layer, inputs, graph) => write(onlyInput(layer, inputs), layer, graph);
}

/** x for x >= 0, alpha x below; alpha of the input's shape, with 1 along shared axes. */
function preluLayer(...[layer, inputs, graph]: Parameters<LayerWriter>): NetworkTensor {
  const input = onlyInput(layer, inputs);
  const [alpha] = weightsNamed(layer, ['alpha']);
  const fits =
    alpha.shape.length === input.shape.length && alpha.shape.every((size, i) => size === 1 || size === input.shape[i]);
  if (!fits)
    throw layerProblem(layer, `has alpha of shape [${alpha.shape.join(', ')}] for [${input.shape.join(', ')}]`);
  const slope = broadcastConstant(alpha, input.shape.length, graph);
  return { name: graph.node('PRelu', [input.name, slope]), shape: input.shape };
}
