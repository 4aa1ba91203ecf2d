import { type LayerGraph, layerProblem, type NetworkTensor } from '../layer.ts';
import { windowPooling } from '../layers/pooling.ts';
import { resizedAs } from '../layers/resizing.ts';
import { constantAlong } from '../layout.ts';
import { taken } from './indexing.ts';
import { type OperationCall, type OperationWriter, tensorOperand } from './operation.ts';

/** Functions of images, by the names of Keras 3's classes. */
export const IMAGE_OPERATIONS: Record<string, OperationWriter> = {
  MaxPool: (call, graph) => pooled(call, windowPooling('MaxPool', {}), graph),
  AveragePool: (call, graph) => pooled(call, windowPooling('AveragePool', { count_include_pad: 0 }), graph),
  Resize: (call, graph) => {
    const { size } = call.layer.config;
    const sides: unknown[] = Array.isArray(size) ? size : [size, size];
    const [rows, columns] = sides.map(Number);
    if (sides.length !== 2 || call.layer.config.preserve_aspect_ratio === true) {
      throw layerProblem(call.layer, `resizes to ${JSON.stringify(size)} in a way that is not supported`);
    }
    return resizedAs(call.layer, imageOperand(call), [rows, columns], graph);
  },
  /** The weights of ITU-R BT.601, as TensorFlow rounds them. */
  RgbToGrayscale: (call, graph) => {
    const input = imageOperand(call);
    if (input.shape[2] !== 3) throw layerProblem(call.layer, `has ${input.shape[2]} channels; 3 are expected`);
    const weighted = graph.node('Mul', [
      input.name,
      constantAlong([3], input, Float32Array.of(0.2989, 0.587, 0.114), graph),
    ]);
    const name = graph.node('ReduceSum', [weighted, graph.constant([1], [1])], { keepdims: 1 });
    return { name, shape: [input.shape[0], input.shape[1], 1] };
  },
  FlipLeftRight: (call, graph) => flipped(call, 2, graph),
  FlipUpDown: (call, graph) => flipped(call, 1, graph),
};

function flipped(call: OperationCall, axis: number, graph: LayerGraph): NetworkTensor {
  const input = imageOperand(call);
  const size = input.shape[axis - 1];
  const places = Array.from({ length: size }, (_, i) => size - 1 - i);
  return taken(call.layer, input, axis, places, graph);
}

function imageOperand(call: OperationCall): NetworkTensor {
  const input = tensorOperand(call);
  if (input.shape.length === 3) return input;
  throw layerProblem(call.layer, `expects [rows, columns, channels], found [${input.shape.join(', ')}]`);
}

/** TensorFlow writes windows as [1, rows, columns, 1] and padding in capitals. */
function pooled(call: OperationCall, write: ReturnType<typeof windowPooling>, graph: LayerGraph): NetworkTensor {
  const side = (value: unknown) => (Array.isArray(value) && value.length === 4 ? value.slice(1, 3) : value);
  const { pool_size: size, strides, padding, data_format: format } = call.layer.config;
  const config = {
    pool_size: side(size),
    strides: side(strides),
    padding: String(padding ?? 'valid').toLowerCase(),
    data_format: format === 'NHWC' || format === null ? 'channels_last' : format,
  };
  return write({ ...call.layer, config }, [tensorOperand(call)], graph);
}
