import { constantValue, hostType } from '../constants.ts';
import { permuted, physicalOrder, shapeOf, transposition } from '../layout.ts';
import type { GraphNode, Operator } from '../node.ts';
import { required } from '../node.ts';
import { DEVICE_TYPE, deviceValue, type HostType, hostValue, normalAxis, sizeOf, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';

const constant: Operator = (node) => {
  const tensor = node.tensor('value');
  const value = tensor ? constantValue(tensor) : listedConstant(node);
  return () => [value];
};

function listedConstant(node: GraphNode): Value {
  const [floats, integers] = [node.floats('value_floats'), node.integers('value_ints')];
  if (node.has('value_float')) return hostValue('float32', [], [node.float('value_float', 0)]);
  if (node.has('value_int')) return hostValue('int64', [], [node.integer('value_int', 0)]);
  if (node.has('value_floats') && floats) return hostValue('float32', [floats.length], floats);
  if (node.has('value_ints') && integers) return hostValue('int64', [integers.length], integers);
  throw node.problem('holds no numbers');
}

const constantOfShape: Operator = (node) => {
  const tensor = node.tensor('value');
  const filling = tensor ? constantValue(tensor) : hostValue('float32', [1], [0]);
  return (inputs, workspace) => {
    const shape = Array.from(workspace.numbers(required(node, inputs, 0)));
    return [deviceValue(workspace.tf.fill(shape, filling.read()[0], DEVICE_TYPE[filling.type]))];
  };
};

/** `start` and `end` choose among the dimensions since opset 15. */
const shape: Operator = (node) => (inputs) => {
  const found = shapeOf(required(node, inputs, 0));
  const chosen = found.slice(node.integer('start', 0), node.has('end') ? node.integer('end', 0) : undefined);
  return [hostValue('int64', [chosen.length], chosen)];
};

const size: Operator = (node) => (inputs) => [hostValue('int64', [], [sizeOf(shapeOf(required(node, inputs, 0)))])];

const reshape: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const wanted = Array.from(workspace.numbers(required(node, inputs, 1)));
  return [reshaped(node, x, newShape(node, shapeOf(x), wanted), workspace)];
};

/** 0 keeps a dimension, unless `allowzero`; -1 takes what is left. */
export function newShape(node: GraphNode, from: readonly number[], wanted: readonly number[]): number[] {
  const allowZero = node.integer('allowzero', 0) !== 0;
  const target = wanted.map((length, i) => (length === 0 && !allowZero ? (from[i] ?? 0) : length));
  const known = sizeOf(target.filter((length) => length !== -1));
  const filled = target.map((length) => (length === -1 ? sizeOf(from) / known : length));
  if (sizeOf(filled) === sizeOf(from) && filled.every(Number.isInteger)) return filled;
  throw node.problem(`cannot shape [${from.join(', ')}] as [${wanted.join(', ')}]`);
}

const flatten: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const from = shapeOf(x);
  const axis = node.integer('axis', 1);
  const cut = axis < 0 ? axis + from.length : axis;
  return [reshaped(node, x, [sizeOf(from.slice(0, cut)), sizeOf(from.slice(cut))], workspace)];
};

const squeeze: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const from = shapeOf(x);
  const named = axesOf(node, inputs[1] ?? null, workspace)?.map((axis) => normalAxis(axis, from.length));
  const left = from.filter((length, axis) => (named ? !named.includes(axis) : length !== 1));
  return [reshaped(node, x, left, workspace)];
};

const unsqueeze: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const from = shapeOf(x);
  const axes = axesOf(node, inputs[1] ?? null, workspace) ?? [];
  const rank = from.length + axes.length;
  const added = new Set(axes.map((axis) => normalAxis(axis, rank)));
  const rest = from[Symbol.iterator]();
  const target = Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (rest.next().value ?? 1)));
  return [reshaped(node, x, target, workspace)];
};

/** The attribute until opset 12, the input since. */
function axesOf(node: GraphNode, input: Value | null, workspace: Workspace): number[] | null {
  if (input) return Array.from(workspace.numbers(input));
  return node.has('axes') ? node.integers('axes') : null;
}

/** The same numbers, in the graph's order of dimensions, in another shape. */
function reshaped(node: GraphNode, x: Value, target: readonly number[], workspace: Workspace): Value {
  const from = shapeOf(x);
  if (sizeOf(from) !== sizeOf(target))
    throw node.problem(`cannot shape [${from.join(', ')}] as [${target.join(', ')}]`);
  return deviceValue(workspace.tf.reshape(workspace.logical(x), [...target]));
}

const transpose: Operator = (node) => (inputs, workspace) => {
  const x = required(node, inputs, 0);
  const rank = shapeOf(x).length;
  const permutation = node.integers('perm') ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
  const sorted = [...permutation].sort((a, b) => a - b);
  if (permutation.length !== rank || sorted.some((axis, i) => axis !== i)) {
    throw node.problem(`has perm [${permutation.join(', ')}] for ${rank} dimensions`);
  }
  const order = x.kind === 'device' ? x.order : 'logical';
  const { physical, order: result } = transposition(order, permutation);
  return [deviceValue(permuted(workspace.tf, workspace.ordered(x, order), physical), result)];
};

const expand: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const x = workspace.logical(required(node, inputs, 0));
  const wanted = Array.from(workspace.numbers(required(node, inputs, 1)));
  const rank = Math.max(x.rank, wanted.length);
  const from = [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const target = [...new Array<number>(rank - wanted.length).fill(1), ...wanted];
  const broadcast = from.map((length, axis) => (length === 1 ? target[axis] : length));
  return [deviceValue(tf.broadcastTo(tf.reshape(x, from), broadcast))];
};

const tile: Operator = (node) => (inputs, workspace) => {
  const repeats = Array.from(workspace.numbers(required(node, inputs, 1)));
  const x = required(node, inputs, 0);
  const order = x.kind === 'device' ? x.order : 'logical';
  return [deviceValue(workspace.tf.tile(workspace.ordered(x, order), physicalOrder(order, repeats)), order)];
};

const cast: Operator = (node) => {
  const to = node.integer('to', 1);
  const type = hostType(to);
  if (!type) throw node.problem(`casts to ONNX type ${to}, which is no number`);
  return (inputs, workspace) => [castTo(required(node, inputs, 0), type, workspace)];
};

const castLike: Operator = (node) => (inputs, workspace) => {
  const like = required(node, inputs, 1);
  const types = { int32: 'int64', bool: 'bool' } as const;
  const { dtype } = like.kind === 'device' ? like.tensor : { dtype: DEVICE_TYPE[like.type] };
  const type = dtype === 'int32' || dtype === 'bool' ? types[dtype] : 'float32';
  return [castTo(required(node, inputs, 0), type, workspace)];
};

function castTo(x: Value, type: HostType, workspace: Workspace): Value {
  const order = x.kind === 'device' ? x.order : 'logical';
  const tensor = workspace.ordered(x, order);
  const wanted = DEVICE_TYPE[type];
  if (tensor.dtype === wanted) return x.kind === 'device' ? x : deviceValue(tensor);
  return deviceValue(workspace.tf.cast(tensor, wanted), order);
}

const range: Operator = (node) => (inputs, workspace) => {
  const [start, limit, delta] = [0, 1, 2].map((i) => workspace.numbers(required(node, inputs, i))[0]);
  const count = Math.max(Math.ceil((limit - start) / delta), 0);
  const type = inputs.some((value) => value?.kind === 'host' && value.type === 'float32') ? 'float32' : 'int64';
  if (!(count <= 2 ** 24)) throw node.problem(`has ${count} numbers`);
  return [
    hostValue(
      type,
      [count],
      Array.from({ length: count }, (_, i) => start + i * delta),
    ),
  ];
};

/** Blocks of channels become blocks of cells; `mode` DCR has the block's place before the channel. */
const depthToSpace: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const block = node.integer('blocksize', 1);
  const x = workspace.logical(required(node, inputs, 0));
  const [batch, channels, rows, columns] = x.shape;
  const left = channels / (block * block);
  const first = node.text('mode', 'DCR') === 'DCR';
  const split = first ? [batch, block, block, left, rows, columns] : [batch, left, block, block, rows, columns];
  const moved = tf.transpose(tf.reshape(x, split), first ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3]);
  return [deviceValue(tf.reshape(moved, [batch, left, rows * block, columns * block]))];
};

const spaceToDepth: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const block = node.integer('blocksize', 1);
  const x = workspace.logical(required(node, inputs, 0));
  const [batch, channels, rows, columns] = x.shape;
  const split = tf.reshape(x, [batch, channels, rows / block, block, columns / block, block]);
  const moved = tf.transpose(split, [0, 3, 5, 1, 2, 4]);
  return [deviceValue(tf.reshape(moved, [batch, channels * block * block, rows / block, columns / block]))];
};

export const SHAPE: Record<string, Operator> = {
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Shape: shape,
  Size: size,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Expand: expand,
  Tile: tile,
  Cast: cast,
  CastLike: castLike,
  Range: range,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
