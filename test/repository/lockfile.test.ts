import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { root } from './sources.ts';

const lockfile = z.object({ packages: z.record(z.string(), z.object({ resolved: z.string().optional() })) });

test('the lockfile names no registry, so that it installs from any', () => {
  const { packages } = lockfile.parse(JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')));
  const resolved = Object.values(packages).flatMap((entry) => entry.resolved ?? []);
  expect(resolved.filter((address) => address.includes(':'))).toEqual([]);
});
