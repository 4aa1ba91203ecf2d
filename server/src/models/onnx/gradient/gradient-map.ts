import { liveNodes } from '../live-nodes.ts';
import type { NodeProto, TensorProto } from '../proto.ts';
import type { Backward } from './backward.ts';
import type { MapTensor } from './cam-layer.ts';
import type { GradientWriter } from './gradient-writer.ts';

/** How the gradient becomes a map. */
export type GradientMethod = 'hirescam' | 'gradcam';

/**
 * Writes the map of every class: HiResCAM (Draelos & Carin 2020, arXiv 2011.08891), the sum over channels k of
 * dlogit_c/dA_kij A_kij, or Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391), which takes the mean of the gradient
 * over i and j first. Grad-CAM's final ReLU is left out: painting begins at 0 anyway, and the sign says something.
 *
 * @param only the classes of the gradient that are wanted, where not all of them are
 * @returns a tensor [images, rows, columns, classes]
 */
export function writeMap(
  backward: Backward,
  { tensor, layout, rows, columns }: MapTensor,
  method: GradientMethod,
  only?: readonly number[],
): string {
  const { writer } = backward;
  const gradient = backward.gradient(tensor);
  if (gradient === null) throw new Error(`'${tensor}' has no gradient`);
  // Of [classes, images, ...].
  const cells = layout === 'NCHW' ? [3, 4] : [2, 3];
  const weights =
    method === 'gradcam' ? writer.multiply(writer.sum(gradient, cells), writer.scalar(1 / (rows * columns))) : gradient;
  const product = writer.multiply(weights, backward.value(tensor));
  // Summed along the last dimension onnxruntime gives the same bits for any number of classes and images.
  const channelsLast = layout === 'NCHW' ? writer.transpose(product, [0, 1, 3, 4, 2]) : product;
  const map = writer.reshape(writer.sum(channelsLast, [4]), [writer.classes, -1, rows, columns]);
  const classesLast = writer.transpose(map, [1, 2, 3, 0]);
  return only ? writer.take(classesLast, 3, only) : classesLast;
}

/** Nodes and constants to be added to a graph. */
export interface GraphPart {
  nodes: NodeProto[];
  constants: TensorProto[];
}

/** What of a writer's work some tensors need. */
export function neededPart(writer: GradientWriter, tensors: readonly string[]): GraphPart {
  const nodes = liveNodes(writer.nodes, tensors);
  const used = new Set([...tensors, ...nodes.flatMap(({ input }) => input ?? [])]);
  return { nodes, constants: writer.constants.filter(({ name }) => used.has(name ?? '')) };
}

/** Gives a tensor a name of its own. */
export function renamed(writer: GradientWriter, tensor: string, name: string): string {
  writer.nodes.push({ opType: 'Identity', name, input: [tensor], output: [name], attribute: [] });
  return name;
}
