import type { HeatmapDescriptor } from '../../../shared/heatmap-descriptor.ts';
import type { Mode } from '../../../shared/painting/style.ts';
import { modesOf } from '../shown.ts';
import { type StringKey, say } from '../strings.ts';
import { segmented } from './elements.ts';

const MODE_NAMES: Record<Mode, readonly [name: StringKey, hint?: StringKey]> = {
  single: ['OneClass'],
  blend: ['Several'],
  argmax: ['MostLikely'],
  entropy: ['Unsure', 'UnsureHint'],
  difference: ['Difference', 'DifferenceHint'],
};

/** How classes are shown: the modes that a heatmap has. @param isComparing whether there is another heatmap to compare with */
export function createModeChoice(descriptor: HeatmapDescriptor, isComparing: boolean, choose: (mode: Mode) => void) {
  return segmented<Mode>(
    say('Mode'),
    modesOf(descriptor, isComparing).map((value) => {
      const [name, hint] = MODE_NAMES[value];
      return { value, text: say(name), ...(hint && { hint: say(hint) }) };
    }),
    choose,
  );
}
