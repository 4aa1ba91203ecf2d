import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { readExternalData } from '../../../../server/src/models/onnx/external-data.ts';
import type { GraphProto, TensorProto } from '../../../../server/src/models/onnx/proto.ts';
import { tensorValues } from '../../../../server/src/models/onnx/tensor-values.ts';
import { temporaryFolder } from '../../../temporary-folder.ts';

const folder = temporaryFolder();
mkdirSync(join(folder, 'models/weights'), { recursive: true });
const model = join(folder, 'models/model.onnx');
const numbers = Float32Array.of(1, 2, 3, 4, 5, 6);
writeFileSync(join(folder, 'models/weights/all.bin'), Buffer.from(numbers.buffer));
writeFileSync(join(folder, 'outside.bin'), Buffer.from(numbers.buffer));
symlinkSync(join(folder, 'outside.bin'), join(folder, 'models/link.bin'));
symlinkSync(join(folder, 'models/weights/all.bin'), join(folder, 'models/inside.bin'));

/** Where a tensor lies: location, offset, length. */
type Entries = Readonly<Record<string, string | undefined>>;

const tensor = (entries: Entries, dims = [2]): TensorProto => ({
  name: 'w',
  dims,
  dataType: 1,
  dataLocation: 1,
  externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
});

async function values(entries: Entries, dims?: number[]) {
  const graph: GraphProto = { initializer: [tensor(entries, dims)] };
  const companions = await readExternalData(model, graph);
  const [read] = graph.initializer ?? [];
  return { companions, values: Array.from(tensorValues(read)?.values ?? []) };
}

describe('weights in other files', () => {
  it.each([
    { name: 'all', entries: { location: 'weights/all.bin' }, dims: [2, 3], expected: [1, 2, 3, 4, 5, 6] },
    { name: 'a part', entries: { location: 'weights/all.bin', offset: '8', length: '8' }, expected: [3, 4] },
    { name: 'a part at an odd place', entries: { location: 'weights/all.bin', offset: '4' }, expected: [2, 3] },
    { name: 'a link within the folder', entries: { location: 'inside.bin' }, expected: [1, 2] },
  ])('$name', async ({ entries, dims, expected }) => {
    expect(await values(entries, dims)).toEqual({ companions: [entries.location], values: expected });
  });

  it('reads what is an attribute too, and each file once', async () => {
    const inside = tensor({ location: 'weights/all.bin', offset: '16' });
    const graph: GraphProto = {
      initializer: [tensor({ location: 'weights/all.bin' })],
      node: [{ opType: 'Constant', output: ['w'], attribute: [{ name: 'value', t: inside }] }],
    };
    expect(await readExternalData(model, graph)).toEqual(['weights/all.bin']);
    expect(Array.from(tensorValues(inside)?.values ?? [])).toEqual([5, 6]);
  });

  test.each([
    {
      name: 'a folder above',
      entries: { location: '../outside.bin' },
      says: "'../outside.bin'; a file in the model's own",
    },
    {
      name: 'a folder above, later',
      entries: { location: 'weights/../../outside.bin' },
      says: "the model's own folder",
    },
    { name: 'backslashes', entries: { location: '..\\outside.bin' }, says: "the model's own folder" },
    { name: 'an absolute path', entries: { location: join(folder, 'outside.bin') }, says: "the model's own folder" },
    { name: 'a drive', entries: { location: 'C:\\outside.bin' }, says: "the model's own folder" },
    { name: 'no path', entries: {}, says: "the model's own folder" },
    { name: 'a link out of the folder', entries: { location: 'link.bin' }, says: 'a link to a file outside' },
    { name: 'a file that is not there', entries: { location: 'none.bin' }, says: 'is not there' },
    { name: 'a folder', entries: { location: 'weights' }, says: 'is no file' },
    {
      name: 'too short a file',
      entries: { location: 'weights/all.bin', offset: '20' },
      says: '28 bytes or more, found 24',
    },
    { name: 'a wrong length', entries: { location: 'weights/all.bin', length: '12' }, says: 'takes 8 bytes' },
    { name: 'no number', entries: { location: 'weights/all.bin', offset: '-4' }, says: 'no number' },
    { name: 'absurd sizes', entries: { location: 'weights/all.bin' }, dims: [1e6, 1e6], says: 'at most 2 GiB' },
    { name: 'an absurd offset', entries: { location: 'weights/all.bin', offset: '1e15' }, says: 'at most 2 GiB' },
  ])('refuses $name', async ({ entries, dims, says }) => {
    await expect(values(entries, dims)).rejects.toMatchObject({
      code: 'unreadable-model',
      message: expect.stringContaining(says),
    });
  });
});
