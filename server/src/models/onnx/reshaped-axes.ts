import type { Shape } from './infer-shapes.ts';
import type { Axes } from './pooling.ts';

/**
 * What each dimension runs over after Reshape, Squeeze or Unsqueeze, which keep the values' order: neighbours are laid
 * out, or split again where they were. Of several ways that fit the sizes known, the one with channels on their own.
 *
 * @param axes before; the first of them is `N`
 * @param output sizes after
 * @param sizeOf what a label (`N`, `C`, `H`, `W`) runs over, null where it is not known
 */
export function reshapedAxes(axes: Axes, output: Shape | null, sizeOf: (label: string) => number | null): Axes | null {
  const labels = [...axes.join('')];
  if (!output || labels[0] !== 'N' || output.length === 0) return null;

  const fits = (part: readonly string[], wanted: number | null) => {
    if (wanted === null) return true;
    const sizes = part.map(sizeOf);
    return sizes.includes(null) || sizes.reduce<number>((product, size) => product * (size ?? 1), 1) === wanted;
  };
  /** Labels from `from` on over the dimensions from `to` on. */
  const assigned = (from: number, to: number): string[] | null => {
    if (to === output.length) return from === labels.length ? [] : null;
    for (const count of output[to] === 1 ? [0, 1] : [1, 2, 3]) {
      const part = labels.slice(from, from + count);
      if (part.length !== count || !fits(part, output[to])) continue;
      const rest = assigned(from + count, to + 1);
      if (rest) return [part.join(''), ...rest];
    }
    return null;
  };
  const rest = assigned(1, 1);
  return rest && ['N', ...rest];
}
