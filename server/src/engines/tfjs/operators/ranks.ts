import { shapeOf } from '../layout.ts';
import type { GraphNode } from '../node.ts';
import { deviceValue, type Tensor, type Tensor1D, type Tensor4D, type Value } from '../value.ts';
import type { Workspace } from '../workspace.ts';

/** The same tensor, known to have 4 dimensions. @throws RangeError where it has others */
export function asRank4(tensor: Tensor): Tensor4D {
  if (isRank4(tensor)) return tensor;
  throw new RangeError(`4 dimensions were expected, found [${tensor.shape.join(', ')}]`);
}

/** The same tensor, known to have 1 dimension. @throws RangeError where it has others */
export function asRank1(tensor: Tensor): Tensor1D {
  if (isRank1(tensor)) return tensor;
  throw new RangeError(`1 dimension was expected, found [${tensor.shape.join(', ')}]`);
}

function isRank1(tensor: Tensor): tensor is Tensor1D {
  return tensor.rank === 1;
}

function isRank4(tensor: Tensor): tensor is Tensor4D {
  return tensor.rank === 4;
}

/** A shape [N, C, columns] as one of a single row; [N, C, rows, columns] as it is. */
export function liftedShape(node: GraphNode, shape: readonly number[]): readonly number[] {
  if (shape.length === 4) return shape;
  if (shape.length === 3) return [shape[0], shape[1], 1, shape[2]];
  throw node.problem(`is over ${shape.length - 2} dimensions; 1 and 2 are computed`);
}

/** A value [N, C, columns] as one of a single row; one of 4 dimensions as it is. */
export function withoutRows(node: GraphNode, value: Value, workspace: Workspace): Value {
  const shape = shapeOf(value);
  if (shape.length === 4) return value;
  return deviceValue(workspace.tf.reshape(workspace.logical(value), [...liftedShape(node, shape)]));
}
