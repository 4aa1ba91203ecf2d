import { DATA_TYPE, type GraphProto, makeTensor, type TensorProto } from './proto.ts';
import { tensorValues } from './tensor-values.ts';

/**
 * Types in which no engine computes a convolution on a processor, or only by turning every tensor into float32 and
 * rounding it again.
 */
const REPLACED: ReadonlySet<number> = new Set([DATA_TYPE.double, DATA_TYPE.bfloat16, DATA_TYPE.float16]);

/** Operators whose `to` or `dtype` is an element type. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set(['to', 'dtype', 'output_dtype']);

/** Whether a network's input, or the weights of one of its convolutions, are in another precision. */
export function needsSinglePrecision(graph: GraphProto): boolean {
  const types = new Map((graph.initializer ?? []).map(({ name, dataType }) => [name ?? '', dataType ?? 0]));
  const inputs = (graph.input ?? []).map(({ type }) => type?.tensorType?.elemType ?? 0);
  const kernels = (graph.node ?? [])
    .filter(({ opType }) => opType === 'Conv')
    .map(({ input }) => types.get(input?.[1] ?? ''));
  return [...inputs, ...kernels].some((type) => REPLACED.has(type ?? 0));
}

/**
 * Writes a network in float64, float16 or bfloat16 in float32, in place: of the first, float32 keeps seven digits; the
 * others are part of it, and values between the layers are no longer rounded.
 */
export function toSinglePrecision(graph: GraphProto): void {
  graph.initializer = graph.initializer?.map(single);
  for (const value of [...(graph.input ?? []), ...(graph.output ?? []), ...(graph.valueInfo ?? [])]) {
    const tensor = value.type?.tensorType;
    if (tensor && REPLACED.has(tensor.elemType ?? 0)) tensor.elemType = DATA_TYPE.float;
  }
  for (const attribute of (graph.node ?? []).flatMap((node) => node.attribute ?? [])) {
    if (attribute.t) attribute.t = single(attribute.t);
    if (attribute.g) toSinglePrecision(attribute.g);
    if (TYPE_ATTRIBUTES.has(attribute.name ?? '') && REPLACED.has(Number(attribute.i))) attribute.i = DATA_TYPE.float;
  }
}

function single(tensor: TensorProto): TensorProto {
  const found = REPLACED.has(tensor.dataType ?? 0) ? tensorValues(tensor) : null;
  return found ? makeTensor(tensor.name ?? '', found.shape, found.values) : tensor;
}
