import { existsSync } from 'node:fs';
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DamagedRecord, type Journal, openJournal } from '../../../server/src/store/journal.ts';
import { temporaryFolder } from '../../temporary-folder.ts';

const folder = temporaryFolder();
const payloadBytes = 12;
const recordBytes = payloadBytes + 8;
const identity = '0123456789abcdef';

let files = 0;
const newFile = () => join(folder, `journal-${files++}`);
const open = (file: string) => openJournal(file, { identity, payloadBytes });
const entry = (key: number, size = payloadBytes) => ({ key, payload: new Uint8Array(size).fill(key) });

/** A closed journal of the keys 1 to `count`; gives the bytes of its header. */
async function writeJournal(file: string, count: number): Promise<number> {
  const journal = await open(file);
  const headerBytes = journal.bytes;
  await journal.append(Array.from({ length: count }, (_, i) => entry(i + 1)));
  await journal.close();
  return headerBytes;
}

async function flip(file: string, offset: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[offset] ^= 0x10;
  await writeFile(file, bytes);
}

/** What is read after opening: keys in the order of the file, each payload checked against its key. */
async function keysAfterOpening(file: string): Promise<{ keys: number[]; journal: Journal }> {
  const journal = await open(file);
  const found = [...journal.keys()];
  const payloads = await journal.read(found.map(([, record]) => record));
  expect(payloads).toEqual(found.map(([key]) => entry(key).payload));
  await journal.close();
  return { keys: found.map(([key]) => key), journal };
}

test('what was appended is read again, now and after opening, the newest of each key', async () => {
  const batch = fc.array(
    fc.record({
      key: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
      payload: fc.uint8Array({ minLength: payloadBytes, maxLength: payloadBytes }),
    }),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { maxLength: 5 }), async (batches) => {
      const file = newFile();
      const journal = await open(file);
      // All at once: they are written in the order of the calls.
      const numbers = (await Promise.all(batches.map((entries) => journal.append(entries)))).flat();
      const entries = batches.flat();
      expect(numbers).toEqual(entries.map((_, i) => i));
      expect(await journal.read(numbers)).toEqual(entries.map(({ payload }) => payload));
      await journal.close();

      const again = await open(file);
      expect(again.found).toMatchObject({ records: entries.length, damaged: 0, truncatedBytes: 0 });
      const newest = new Map(entries.map(({ key, payload }) => [key, payload]));
      expect(new Set(again.keys().keys())).toEqual(new Set(newest.keys()));
      for (const [key, record] of again.keys()) expect(await again.read([record])).toEqual([newest.get(key)]);
      expect([...again.keys().values()]).toEqual([...again.keys().values()].sort((a, b) => a - b));
      await again.close();
    }),
    { numRuns: 40 },
  );
});

test('records are read in any order, more than once, and across gaps', async () => {
  const file = newFile();
  const journal = await open(file);
  await journal.append([1, 2, 3, 4, 5, 6].map((key) => entry(key)));
  const payloads = await journal.read([5, 0, 1, 3, 0]);
  expect(payloads).toEqual([6, 1, 2, 4, 1].map((key) => entry(key).payload));
  await expect(journal.read([6])).rejects.toThrow('expected the number of a record, found 6');
  await expect(journal.append([entry(7, 5)])).rejects.toThrow('expected 12 bytes, found 5');
  await journal.close();
  await expect(journal.append([entry(7)])).rejects.toThrow('closed');
  await expect(journal.read([0])).rejects.toThrow('closed');
});

describe('damage', () => {
  test('a tail torn at any byte is cut off', async () => {
    for (let bytes = 0; bytes < recordBytes; bytes++) {
      const file = newFile();
      const headerBytes = await writeJournal(file, 3);
      await truncate(file, headerBytes + 2 * recordBytes + bytes);
      const { keys, journal } = await keysAfterOpening(file);
      expect(keys).toEqual([1, 2]);
      expect(journal.found).toMatchObject({ records: 2, damaged: 0, truncatedBytes: bytes });
      expect((await readFile(file)).length).toBe(headerBytes + 2 * recordBytes);
    }
  });

  test('a byte flipped anywhere in a record costs that record alone', async () => {
    for (let byte = 0; byte < recordBytes; byte++) {
      const file = newFile();
      const headerBytes = await writeJournal(file, 3);
      await flip(file, headerBytes + recordBytes + byte);
      const { keys, journal } = await keysAfterOpening(file);
      expect(keys).toEqual([1, 3]);
      expect(journal.found).toMatchObject({ records: 2, damaged: 1, truncatedBytes: 0 });
      const again = await open(file);
      await expect(again.read([0, 1, 2])).rejects.toMatchObject({ name: 'DamagedRecord', record: 1 });
      await expect(again.read([0, 1, 2])).rejects.toBeInstanceOf(DamagedRecord);
      await again.close();
    }
  });

  test.each([
    ['zeros', Buffer.alloc(5 * recordBytes + 3)],
    ['noise', Buffer.alloc(3 * recordBytes, 'noise')],
  ])('%s behind the records are cut off, and appending goes on', async (_, tail) => {
    const file = newFile();
    await writeJournal(file, 2);
    await appendFile(file, tail);
    const journal = await open(file);
    expect(journal.found).toMatchObject({ records: 2, damaged: 0, truncatedBytes: tail.length });
    expect(await journal.append([entry(3)])).toEqual([2]);
    await journal.close();
    expect((await keysAfterOpening(file)).keys).toEqual([1, 2, 3]);
  });

  test('a file with any byte of its header flipped, or cut within it, is set aside', async () => {
    const headerBytes = await writeJournal(newFile(), 0);
    for (let byte = 0; byte < headerBytes; byte++) {
      for (const damage of [flip, truncate]) {
        const file = newFile();
        await writeJournal(file, 2);
        await damage(file, byte);
        const bytes = await readFile(file);
        const { keys, journal } = await keysAfterOpening(file);
        expect(keys).toEqual([]);
        expect(journal.found.setAside).toContain(`set aside as ${file}.damaged`);
        expect(await readFile(`${file}.damaged`)).toEqual(bytes);
      }
    }
  });

  test.each([
    ['of another heatmap', { identity: 'fedcba9876543210', payloadBytes }, 'names another heatmap'],
    ['with payloads of another size', { identity, payloadBytes: 8 }, 'expected payloads of 8 bytes, found 12'],
  ])('a journal %s is set aside', async (_, options, message) => {
    const file = newFile();
    await writeJournal(file, 2);
    const journal = await openJournal(file, options);
    expect(journal.found).toMatchObject({ records: 0, setAside: expect.stringContaining(message) });
    await journal.close();
  });
});

describe('compaction', () => {
  test('keeps live records, understands old numbers, and lets appends and reads wait', async () => {
    const file = newFile();
    const journal = await open(file);
    await journal.append([1, 2, 3, 4].map((key) => entry(key)));
    const before = journal.bytes;
    const compacted = journal.compact((key) => key % 2 === 0);
    const [moved, appended, read] = await Promise.all([compacted, journal.append([entry(5)]), journal.read([3])]);
    expect([...moved.keys()]).toEqual([1, 3]);
    expect(read).toEqual([entry(4).payload]);
    expect(journal.bytes).toBe(before - recordBytes);
    const numbers = [...moved.values(), ...appended];
    expect(await journal.read(numbers)).toEqual([2, 4, 5].map((key) => entry(key).payload));
    expect(new Set([...numbers, 0, 1, 2, 3]).size).toBe(7);
    await expect(journal.read([0])).rejects.toThrow('expected the number of a record, found 0');
    await journal.close();
    expect((await keysAfterOpening(file)).keys).toEqual([2, 4, 5]);
    expect(existsSync(`${file}.unfinished`)).toBe(false);
  });

  test('one that fails leaves the old file in use', async () => {
    const file = newFile();
    const journal = await open(file);
    await journal.append([entry(1), entry(2)]);
    const fails = journal.compact(() => {
      throw new Error('stopped');
    });
    await expect(fails).rejects.toThrow('stopped');
    expect(existsSync(`${file}.unfinished`)).toBe(false);
    expect(await journal.append([entry(3)])).toEqual([2]);
    await journal.close();
    expect((await keysAfterOpening(file)).keys).toEqual([1, 2, 3]);
  });

  test('what a crash in the middle of one left is removed', async () => {
    const file = newFile();
    await writeJournal(file, 2);
    await writeFile(`${file}.unfinished`, 'half');
    expect((await keysAfterOpening(file)).keys).toEqual([1, 2]);
    expect(existsSync(`${file}.unfinished`)).toBe(false);
  });
});
