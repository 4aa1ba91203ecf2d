import { expect, test } from 'vitest';
import { viewCounts } from '../../../server/src/routes/view-counts.ts';

test('a client has half of all views at most, and room again when its streams close', () => {
  const enter = viewCounts();
  const leave = enter('one', 256);
  enter('one', 256);
  expect(() => enter('one', 1)).toThrow(
    '512 views in 2 streams of this client are open already; close some or ask again later',
  );
  leave();
  enter('one', 256);
  enter('other', 256);
  enter('other', 256);
  expect(() => enter('third', 1)).toThrow('1024 views in 4 streams of all clients are open already; ask again later');
});

test('a client has half of all streams at most', () => {
  const enter = viewCounts();
  for (let i = 0; i < 128; i++) enter('one', 1);
  expect(() => enter('one', 1)).toThrow('128 views in 128 streams of this client');
  enter('other', 1);
});
