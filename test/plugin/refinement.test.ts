import { expect, test } from 'vitest';
import { pauseAfter } from '../../plugin/src/refinement.ts';

test('pauses double, up to half a minute', () => {
  expect([0, 1, 2, 10].map(pauseAfter)).toEqual([500, 1000, 2000, 30_000]);
});
