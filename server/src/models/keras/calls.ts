import { isRecord, malformed } from './config-json.ts';
import type { Argument, CallArguments, KerasCall, KerasLayer, TensorReference } from './network.ts';

/**
 * What a layer is applied to, from its `inbound_nodes`.
 *
 * Keras 2: `[[["c2", 0, 0, {}]]]`, for Python operators `[["c2", 0, 0, {"y": 2.0}]]`, where a plain number that comes
 * first is `["_CONSTANT_VALUE", -1, 2.0, {}]`.
 * Keras 3: `[{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["c2", 0, 0]}}], "kwargs": {}}]`.
 *
 * @throws Problem `unreadable-model` naming the layer
 */
export function parseCalls(layer: KerasLayer, nodes: unknown): Pick<KerasLayer, 'calls' | 'callArguments'> {
  const what = `inbound_nodes of layer '${layer.name}'`;
  if (nodes === undefined || nodes === null) return { calls: [], callArguments: [] };
  if (!Array.isArray(nodes)) throw malformed(what, 'a list', nodes);
  const callArguments = nodes.map((node): CallArguments => {
    if (isRecord(node)) return { positional: listOf(node.args).map(argument), named: named(node.kwargs) };
    if (!Array.isArray(node)) throw malformed(what, 'a list', node);
    if (typeof node[0] === 'string') return legacyArguments(node, what);
    const entries = node.map((entry) => legacyArguments(entry, what));
    const [first] = entries;
    if (entries.length <= 1) return first ?? { positional: [], named: {} };
    return { positional: [{ list: entries.flatMap(({ positional }) => positional) }], named: first.named };
  });
  return { calls: callArguments.map(flatCall), callArguments };
}

/** `["c2", 0, 0, {"axis": 1}]` */
function legacyArguments(entry: unknown, what: string): CallArguments {
  if (!Array.isArray(entry)) throw malformed(what, 'a list', entry);
  const first: Argument = entry[0] === '_CONSTANT_VALUE' ? { value: entry[2] } : { tensor: reference(entry) };
  const settings = Object.entries(isRecord(entry[3]) ? entry[3] : {});
  return { positional: [first], named: Object.fromEntries(settings.map(([key, value]) => [key, legacyValue(value)])) };
}

/** In Keras 2 a tensor among the other arguments is its reference alone. */
function legacyValue(value: unknown): Argument {
  if (isReference(value)) return { tensor: reference(value) };
  if (Array.isArray(value) && value.some(isReference)) return { list: value.map(legacyValue) };
  return { value };
}

function argument(value: unknown): Argument {
  if (isRecord(value) && value.class_name === '__keras_tensor__' && isRecord(value.config)) {
    return { tensor: reference(value.config.keras_history) };
  }
  if (Array.isArray(value) && value.length > 0) return { list: value.map(argument) };
  return { value };
}

function named(value: unknown): Record<string, Argument> {
  const entries = Object.entries(isRecord(value) ? value : {});
  return Object.fromEntries(entries.map(([key, item]) => [key, argument(item)]));
}

/** Tensors and plain numbers of the arguments in their order, through lists of them. */
function flatCall({ positional, named }: CallArguments): KerasCall {
  const flat = (item: Argument): KerasCall => {
    if ('tensor' in item) return [item.tensor];
    if ('list' in item) return item.list.flatMap(flat);
    return typeof item.value === 'number' ? [item.value] : [];
  };
  const others = Object.entries(named).flatMap(([key, item]) =>
    // The second operand of Keras 2's operators; other numbers are settings.
    flat(item).filter((value) => typeof value !== 'number' || key === 'y'),
  );
  return [...positional.flatMap(flat), ...others];
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `["image", 0, 0]`: layer, call and which of its results. */
export function isReference(value: unknown): value is [string, number, ...unknown[]] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'number';
}

export function reference(value: unknown): TensorReference {
  if (!isReference(value)) throw malformed('a connection between layers', '[layer, node, tensor]', value);
  const [layer, call, result] = value;
  return { layer, call, ...(typeof result === 'number' && result > 0 && { result }) };
}
