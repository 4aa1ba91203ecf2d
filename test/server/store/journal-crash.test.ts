import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { openJournal } from '../../../server/src/store/journal.ts';
import { smallDisk } from '../../small-disk.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { builtModule } from './built-module.ts';

const folder = temporaryFolder();
const disk = smallDisk(join(folder, 'small-disk'), 64 * 1024);
afterAll(() => disk?.unmount());

test.skipIf(!disk)('a full disk leaves the journal as it was, and it goes on when there is space', async () => {
  const file = join(disk?.folder ?? '', 'journal');
  const options = { identity: 'full', payloadBytes: 1000 };
  const entry = (key: number) => ({ key, payload: new Uint8Array(1000).fill(key) });
  const ballast = join(disk?.folder ?? '', 'ballast');
  await writeFile(ballast, new Uint8Array(20_000));
  const journal = await openJournal(file, options);
  let key = 0;
  for (;;) {
    const before = journal.bytes;
    // Three at a time, so that the write which fails is a short one.
    const written = await journal.append([key, key + 1, key + 2].map(entry)).catch((error) => {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    });
    if (!written) {
      expect(journal.bytes).toBe(before);
      expect((await stat(file)).size).toBe(before);
      break;
    }
    key += 3;
  }
  expect(key).toBeGreaterThan(15);
  await expect(journal.compact(() => true)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(existsSync(`${file}.unfinished`)).toBe(false);
  await rm(ballast);
  expect(await journal.append([entry(key)])).toEqual([key]);
  expect(await journal.read([0, key])).toEqual([entry(0).payload, entry(key).payload]);
  await journal.close();
  const again = await openJournal(file, options);
  expect(again.found).toMatchObject({ records: key + 1, damaged: 0, truncatedBytes: 0 });
  await again.close();
});

test('a process killed while it appends loses nothing that was acknowledged', async () => {
  const file = join(folder, 'killed');
  const built = await builtModule('journal.ts', folder);
  const script = `
    import { openJournal } from ${JSON.stringify(built)};
    const journal = await openJournal(${JSON.stringify(file)}, { identity: 'killed', payloadBytes: 1000 });
    for (let key = 0; ; key += 7) {
      const entries = Array.from({ length: 7 }, (_, i) => ({ key: key + i, payload: new Uint8Array(1000).fill(key + i) }));
      await journal.append(entries);
      console.log(key + 7);
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = 0;
  for await (const line of createInterface(child.stdout)) {
    acknowledged = Number(line);
    if (acknowledged > 1500) child.kill('SIGKILL');
  }
  const journal = await openJournal(file, { identity: 'killed', payloadBytes: 1000 });
  expect(journal.found.damaged).toBe(0);
  expect(journal.found.records).toBeGreaterThanOrEqual(acknowledged);
  expect([...journal.keys().keys()]).toEqual(Array.from({ length: journal.found.records }, (_, i) => i));
  const numbers = [...journal.keys().values()];
  for (const [i, payload] of (await journal.read(numbers)).entries()) {
    expect(payload.every((byte) => byte === i % 256)).toBe(true);
  }
  await journal.close();
  expect((await readFile(file)).length).toBe(journal.bytes);
});
