import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ArraysLayout, openArrays } from '../../../server/src/store/heatmap-arrays.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { hasZarr, python } from './python-zarr.ts';

const folder = temporaryFolder();

const layout: ArraysLayout = [
  {
    name: 'cells',
    shape: [5, 7, 2],
    chunkShape: [4, 4, 2],
    dtype: 'float32',
    dimensionNames: ['row', 'column', 'class'],
  },
  { name: 'known', shape: [5, 7], chunkShape: [4, 4], dtype: 'uint8', dimensionNames: ['row', 'column'] },
  {
    name: 'pyramid/0',
    shape: [5, 7, 3],
    chunkShape: [4, 4, 3],
    dtype: 'float64',
    dimensionNames: ['row', 'column', 'sum'],
  },
  { name: 'pyramid/1', shape: [3], chunkShape: [4], dtype: 'uint32', dimensionNames: ['row'] },
];

const script = `
import json, sys, warnings
import zarr
warnings.simplefilter('error')
group = zarr.open(sys.argv[1], mode='r')
arrays = {path: node for path, node in group.members(max_depth=None) if isinstance(node, zarr.Array)}
print(json.dumps({
    'attributes': dict(group.attrs),
    'keys': sorted(group.keys()),
    'arrays': {path: {
        'dtype': str(a.dtype), 'names': a.metadata.dimension_names, 'values': a[:].tolist(),
    } for path, a in sorted(arrays.items())},
}))
`;
const damagedScript = `
import sys, zarr
zarr.open(sys.argv[1], mode='r')['known'][:]
`;

test.skipIf(!hasZarr)('zarr-python opens a heatmap without a warning and reads the same values', async () => {
  const group = join(folder, 'data.zarr');
  const arrays = await openArrays(group, layout, { slide: 'a', classes: ['x', 'y'] });
  // A value tells where in the whole array it lies, and the part of a chunk beyond the edge is 99 throughout.
  const value = (row: number, column: number, last: number, depth: number) =>
    row < 5 && column < 7 ? (row * 7 + column) * depth + last + 0.5 : 99;
  const chunk = (atRow: number, atColumn: number, depth: number) =>
    Array.from({ length: 16 * depth }, (_, i) => {
      const patch = Math.floor(i / depth);
      return value(atRow * 4 + Math.floor(patch / 4), atColumn * 4 + (patch % 4), i % depth, depth);
    });
  for (const [row, column] of [
    [0, 0],
    [0, 1],
    [1, 1],
  ]) {
    await arrays.writeChunk('cells', [row, column, 0], Float32Array.from(chunk(row, column, 2)));
    await arrays.writeChunk('known', [row, column], new Uint8Array(16).fill(1));
    await arrays.writeChunk('pyramid/0', [row, column, 0], Float64Array.from(chunk(row, column, 3)));
  }
  await arrays.writeChunk('pyramid/1', [0], Uint32Array.of(1, 2 ** 32 - 1, 3, 99));

  const { status, stdout, stderr } = spawnSync(python, ['-c', script, group], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const isWritten = (row: number, column: number) => row < 4 || column >= 4;
  const grid = <T>(at: (row: number, column: number) => T) =>
    Array.from({ length: 5 }, (_, row) => Array.from({ length: 7 }, (_, column) => at(row, column)));
  const deep = (depth: number) =>
    grid((row, column) =>
      Array.from({ length: depth }, (_, last) => (isWritten(row, column) ? value(row, column, last, depth) : 0)),
    );
  expect(JSON.parse(stdout)).toEqual({
    attributes: { format: 1, slide: 'a', classes: ['x', 'y'] },
    keys: ['cells', 'known', 'pyramid'],
    arrays: {
      cells: { dtype: 'float32', names: ['row', 'column', 'class'], values: deep(2) },
      known: { dtype: 'uint8', names: ['row', 'column'], values: grid((r, c) => (isWritten(r, c) ? 1 : 0)) },
      'pyramid/0': { dtype: 'float64', names: ['row', 'column', 'sum'], values: deep(3) },
      'pyramid/1': { dtype: 'uint32', names: ['row'], values: [1, 2 ** 32 - 1, 3] },
    },
  });
});

test.skipIf(!hasZarr)('zarr-python refuses a damaged chunk too', async () => {
  const group = join(folder, 'damaged.zarr');
  const arrays = await openArrays(group, layout, {});
  await arrays.writeChunk(
    'known',
    [0, 0],
    Uint8Array.from({ length: 16 }, (_, i) => i * 7),
  );
  const file = join(group, 'known', 'c.0.0');
  const bytes = await readFile(file);
  await writeFile(file, bytes.with(12, bytes[12] ^ 1));
  const { status, stderr } = spawnSync(python, ['-c', damagedScript, group], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain('checksum');
});
