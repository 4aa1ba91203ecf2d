import { isRecord } from '../config-json.ts';
import { type LayerGraph, layerProblem, type NetworkTensor, type WeightedLayer } from '../layer.ts';
import { reshaped, storedAxis } from '../layout.ts';
import { type OperationCall, type OperationWriter, operand, plainValue, tensorOperand } from './operation.ts';

/** The parts of a tensor at some places along a Keras axis, in that order. */
export function taken(
  layer: WeightedLayer,
  input: NetworkTensor,
  axis: number,
  places: readonly number[],
  graph: LayerGraph,
): NetworkTensor {
  const size = input.shape[axis - 1];
  if (places.length === 0 || places.some((place) => place < 0 || place >= size)) {
    throw layerProblem(layer, `takes what is not there of an axis of ${size}`);
  }
  const [start] = places;
  const isRun = places.every((place, i) => place === start + i);
  if (isRun && places.length === size) return input;
  const stored = storedAxis(input.shape.length, axis);
  const shape = input.shape.map((length, i) => (i === axis - 1 ? places.length : length));
  if (!isRun) {
    return {
      name: graph.node('Gather', [input.name, graph.constant([places.length], places)], { axis: stored }),
      shape,
    };
  }
  const ends = graph.constant([1], [start + places.length]);
  const operands = [input.name, graph.constant([1], [start]), ends, graph.constant([1], [stored])];
  return { name: graph.node('Slice', operands), shape };
}

/** What stands between the brackets of `x[...]`, one entry for each dimension. */
type Selection =
  | { kind: 'slice'; start: unknown; stop: unknown; step: unknown }
  | { kind: 'index'; index: number }
  | { kind: 'new' };

/** `x[:, 1:3, ::-1, 0]`: slices, single places, new axes and an ellipsis; the whole batch always. */
const getItem: OperationWriter = (call, graph) => {
  const input = tensorOperand(call);
  const rank = input.shape.length;
  const [batch, ...selections] = parsed(call, rank);
  const isWhole = batch?.kind === 'slice' && !batch.start && isEmpty(batch.stop) && (batch.step ?? 1) === 1;
  if (!isWhole) throw layerProblem(call.layer, 'takes a part of the batch, so one patch would change another');
  let result = input;
  const shape: number[] = [];
  let axis = 0;
  for (const selection of selections) {
    if (selection.kind === 'new') shape.push(1);
    else {
      axis++;
      const size = input.shape[axis - 1];
      if (selection.kind === 'slice') {
        const places = placesOf(selection, size);
        result = taken(call.layer, result, axis, places, graph);
        shape.push(places.length);
      } else {
        const { index } = selection;
        result = taken(call.layer, result, axis, [index < 0 ? index + size : index], graph);
      }
    }
  }
  return reshaped(result, shape, graph);
};

export const INDEXING_OPERATIONS: Record<string, OperationWriter> = { GetItem: getItem };

/** The entries between the brackets, the ellipsis spread out; Keras 3 and 2 write them differently. */
function parsed(call: OperationCall, rank: number): Selection[] {
  const key = plainValue(operand(call, 1, 'key', 'slice_spec'));
  const entries: unknown[] = Array.isArray(key) ? key : [key];
  const isEllipsis = (entry: unknown) => isRecord(entry) && entry.class_name === '__ellipsis__';
  const count = entries.filter((entry) => entry !== null && !isEllipsis(entry)).length;
  if (count > rank + 1) throw layerProblem(call.layer, `is indexed by ${count} entries of ${rank + 1} dimensions`);
  const rest = Array.from({ length: rank + 1 - count }, (): unknown => ({ start: null, stop: null, step: null }));
  const ellipsis = entries.findIndex(isEllipsis);
  const full = ellipsis < 0 ? [...entries, ...rest] : entries.toSpliced(ellipsis, 1, ...rest);
  return full.map((entry): Selection => {
    if (entry === null) return { kind: 'new' };
    if (typeof entry === 'number') return { kind: 'index', index: entry };
    const slice = isRecord(entry) && entry.class_name === '__slice__' ? entry.config : entry;
    if (isRecord(slice) && [slice.start, slice.stop, slice.step].every(isBound)) {
      return { kind: 'slice', start: slice.start, stop: slice.stop, step: slice.step };
    }
    throw layerProblem(call.layer, `is indexed by ${JSON.stringify(entry)}, which is not supported`);
  });
}

function isBound(value: unknown): boolean {
  return isEmpty(value) || Number.isInteger(value);
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined;
}

/** Python's slices: bounds from the end where negative, and no more than there is. */
function placesOf({ start, stop, step }: { start: unknown; stop: unknown; step: unknown }, size: number): number[] {
  const by = typeof step === 'number' ? step : 1;
  if (by === 0) return [];
  const bound = (value: unknown, otherwise: number) => {
    if (typeof value !== 'number') return otherwise;
    const place = value < 0 ? value + size : value;
    return by > 0 ? Math.min(Math.max(place, 0), size) : Math.min(Math.max(place, -1), size - 1);
  };
  const first = bound(start, by > 0 ? 0 : size - 1);
  const last = bound(stop, by > 0 ? size : -1);
  const places: number[] = [];
  for (let place = first; by > 0 ? place < last : place > last; place += by) places.push(place);
  return places;
}
