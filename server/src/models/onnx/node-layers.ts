import type { LayerDescription } from '../model.ts';
import { type GraphView, RESHAPING } from './graph-view.ts';
import { type NetworkGraph, shown } from './network-graph.ts';
import { inputName, operator } from './node.ts';
import type { GraphProto, NodeProto } from './proto.ts';

/** Nodes between a layer and a tensor that only pass its values on. */
const MOST_PASSING = 4;

/** The nodes of a file as the layers that people see. */
export function nodeLayers(
  graph: GraphProto,
  view: GraphView,
  { layout }: NetworkGraph['input'],
): Pick<NetworkGraph, 'layers' | 'layersOf'> {
  const nodes = (graph.node ?? []).filter((node) => operator(node) !== 'Constant');
  const turned = layout === 'NHWC' ? mapsAsInput(graph) : new Set<string>();
  return {
    layers: nodes.map((node) => ({ ...layerOf(node), outputShape: shapeOf(view, node.output?.[0] ?? '', turned) })),
    layersOf(tensor) {
      const layers: { name: string; type: string }[] = [];
      let node = view.producer(tensor);
      while (node && layers.length < MOST_PASSING) {
        layers.unshift(layerOf(node));
        if (!RESHAPING.has(operator(node))) break;
        node = view.producer(inputName(node, 0));
      }
      return layers;
    },
  };
}

function layerOf(node: NodeProto): { name: string; type: string } {
  return { name: shown(node.name || node.output?.[0]), type: shown(node.opType) };
}

/** Tensors with channels last: the input's, until a Transpose. */
function mapsAsInput(graph: GraphProto): Set<string> {
  const names = new Set((graph.input ?? []).map(({ name }) => name ?? ''));
  for (const node of graph.node ?? []) {
    if (operator(node) === 'Transpose' || !names.has(inputName(node, 0))) continue;
    for (const output of node.output ?? []) names.add(output);
  }
  return names;
}

/** Rows, columns and channels, or what else follows the batch; null where a size is not known. */
function shapeOf(view: GraphView, tensor: string, channelsLast: ReadonlySet<string>): LayerDescription['outputShape'] {
  const [, ...rest] = view.shape(tensor) ?? [];
  const sizes = rest.filter((size) => size !== null);
  if (sizes.length === 0 || sizes.length !== rest.length) return null;
  const [channels, rows, columns] = sizes;
  return sizes.length === 3 && !channelsLast.has(tensor) ? [rows, columns, channels] : sizes;
}
