import { shapeOf } from '../layout.ts';
import type { Operator } from '../node.ts';
import { required } from '../node.ts';
import { deviceValue, type Tensor, type Tf } from '../value.ts';

/**
 * Up to so many rows are multiplied one at a time: the backend sums in another order for one row than for several, and
 * a patch must give the same bits alone as in a batch.
 */
const LARGEST_BATCH = 16;

/** NumPy's matmul: of matrices, broadcast over the dimensions before the last two. */
const matMul: Operator = (node) => (inputs, workspace) => {
  const { tf } = workspace;
  const [a, b] = [workspace.logical(required(node, inputs, 0)), workspace.logical(required(node, inputs, 1))];
  if (a.rank === 0 || b.rank === 0) throw node.problem('multiplies a single number');
  const left = a.rank === 1 ? tf.reshape(a, [1, a.size]) : a;
  const right = b.rank === 1 ? tf.reshape(b, [b.size, 1]) : b;
  const product = byBatch(tf, left, right);
  const shape = [...product.shape];
  if (b.rank === 1) shape.pop();
  if (a.rank === 1) shape.splice(b.rank === 1 ? -1 : -2, 1);
  return [deviceValue(tf.reshape(product, shape))];
};

/** alpha A B + beta C, with A or B transposed or not. */
const gemm: Operator = (node) => {
  const [alpha, beta] = [node.float('alpha', 1), node.float('beta', 1)];
  const [first, second] = [node.integer('transA', 0) !== 0, node.integer('transB', 0) !== 0];
  return (inputs, workspace) => {
    const { tf } = workspace;
    const [a, b] = [required(node, inputs, 0), required(node, inputs, 1)];
    if (shapeOf(a).length !== 2 || shapeOf(b).length !== 2) throw node.problem('multiplies other things than matrices');
    const left = first ? tf.transpose(workspace.logical(a)) : workspace.logical(a);
    const right = workspace.prepared(b, `right side, ${second}`, (matrix) => (second ? tf.transpose(matrix) : matrix));
    const product = byBatch(tf, left, right);
    const scaled = alpha === 1 ? product : tf.mul(product, alpha);
    if (!inputs[2]) return [deviceValue(scaled)];
    const offset = workspace.logical(inputs[2]);
    return [deviceValue(tf.add(scaled, beta === 1 ? offset : tf.mul(offset, beta)))];
  };
};

export const MATRIX: Record<string, Operator> = { MatMul: matMul, Gemm: gemm };

/** The product of tensors of 2 or more dimensions, in bits that do not depend on the batch, the first of them. */
function byBatch(tf: Tf, left: Tensor, right: Tensor): Tensor {
  const batch = left.shape[0];
  const alike = right.rank === left.rank && right.rank > 2 && right.shape[0] === batch;
  const shared = right.rank < left.rank || right.rank === 2 || right.shape[0] === 1;
  if (batch === 1 || batch > LARGEST_BATCH || right.rank > left.rank || !(alike || shared)) {
    return tf.matMul(left, right);
  }
  const rights = alike ? tf.split(right, batch, 0) : null;
  const products = tf.split(left, batch, 0).map((part, i) => tf.matMul(part, rights?.[i] ?? right));
  return tf.concat(products, 0);
}
