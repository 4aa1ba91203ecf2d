import { booleanSetting, featureMap, type LayerWriter, pairSetting } from '../layer.ts';
import { placeWindows } from './padding.ts';

export const POOLING_LAYERS: Record<string, LayerWriter> = {
  MaxPooling2D: windowPooling('MaxPool', {}),
  // Keras divides by the number of real cells under the window, not by the window's size.
  AveragePooling2D: windowPooling('AveragePool', { count_include_pad: 0 }),
  GlobalAveragePooling2D: globalPooling('GlobalAveragePool'),
  GlobalMaxPooling2D: globalPooling('GlobalMaxPool'),
};

/** @param operator `MaxPool` or `AveragePool` */
export function windowPooling(operator: string, attributes: Record<string, number>): LayerWriter {
  return (layer, inputs, graph) => {
    const input = featureMap(layer, inputs);
    const size = pairSetting(layer, 'pool_size', [2, 2]);
    const strides = pairSetting(layer, 'strides', size);
    const { pads, outputSize } = placeWindows(layer, input, { size, strides, dilations: [1, 1] });
    const name = graph.node(operator, [input.name], { kernel_shape: size, strides, pads, ...attributes });
    return { name, shape: [...outputSize, input.shape[2]] };
  };
}

function globalPooling(operator: string): LayerWriter {
  return (layer, inputs, graph) => {
    const input = featureMap(layer, inputs);
    const channels = input.shape[2];
    const pooled = graph.node(operator, [input.name]);
    if (booleanSetting(layer, 'keepdims', false)) return { name: pooled, shape: [1, 1, channels] };
    return { name: graph.node('Flatten', [pooled], { axis: 1 }), shape: [channels] };
  };
}
