import type { Tensor, Tf } from '../value.ts';

/**
 * Numbers that a processor computes at once, at most. The native backend computes whole packets in one way and what is
 * left over at the end of a tensor in another, with other bits; but a patch must give the same alone as in a batch.
 */
const PACKET = 16;

/** Fills up what belongs to each patch to whole packets for as long as it is computed, number by number. */
export function inWholePackets(compute: (tf: Tf, x: Tensor) => Tensor): (tf: Tf, x: Tensor) => Tensor {
  return (tf, x) => {
    const [patches = 1] = x.shape;
    const each = x.size / patches;
    const missing = missingOf(each);
    if (missing === 0 || x.size === 0) return compute(tf, x);
    const full = tf.pad(tf.reshape(x, [patches, each]), [
      [0, 0],
      [0, missing],
    ]);
    return tf.reshape(tf.slice(compute(tf, full), [0, 0], [patches, each]), x.shape);
  };
}

/**
 * Fills up the last dimension for a reduction along others, which adds up a packet of it at once.
 *
 * @param compute takes the axes and keeps them, as 1
 */
export function reducedInWholePackets(
  tf: Tf,
  x: Tensor,
  axes: readonly number[],
  compute: (x: Tensor) => Tensor,
): Tensor {
  const last = x.rank - 1;
  const missing = missingOf(x.shape[last] ?? 0);
  if (missing === 0 || last < 0 || axes.includes(last)) return compute(x);
  const full = tf.pad(
    x,
    x.shape.map((_, axis): [number, number] => [0, axis === last ? missing : 0]),
  );
  const result = compute(full);
  const size = result.shape.map((length, axis) => (axis === last ? x.shape[last] : length));
  return tf.slice(
    result,
    size.map(() => 0),
    size,
  );
}

function missingOf(count: number): number {
  return (PACKET - (count % PACKET)) % PACKET;
}
