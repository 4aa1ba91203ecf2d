import { expect, test } from 'vitest';
import { scaleEnds } from '../../../shared/painting/style.ts';

test.each([
  ['single', [0.1, 0.3], [0.1, 0.3]],
  ['entropy', [0, 1], [0, 1]],
  // 0.3 - 0.1 is 0.19999999999999998.
  ['difference', [0.1, 0.3], [-0.2, 0.2]],
  ['difference', [0.25, 1], [-0.75, 0.75]],
] as const)('%s over %j: the colours end at %j', (mode, range, ends) => {
  expect(scaleEnds({ mode, range })).toEqual(ends);
});
