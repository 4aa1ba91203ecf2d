import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Lock, type LockHolder, lockHolder, takeLock } from '../../../server/src/store/lock.ts';
import { processStart } from '../../../server/src/store/process-life.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { builtModule } from './built-module.ts';

const folder = temporaryFolder();
let built = '';
beforeAll(async () => {
  built = await builtModule('lock.ts', folder);
  // A process that takes the lock named in each message, and answers whether it has got it.
  await writeFile(
    join(folder, 'taker.mjs'),
    `import { takeLock } from ${JSON.stringify(built)};
    process.on('message', async (file) => {
      const taken = await takeLock(file, { address: 'http://127.0.0.1:' + process.pid });
      process.send('holder' in taken ? taken : { pid: process.pid });
    });
    process.on('disconnect', () => process.exit(0));
    process.send('ready');`,
  );
});

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function startTaker(): Promise<ChildProcess> {
  const child = fork(join(folder, 'taker.mjs'));
  children.add(child);
  await once(child, 'message');
  return child;
}

async function take(child: ChildProcess, file: string): Promise<{ pid: number } | { holder: LockHolder }> {
  child.send(file);
  return (await once(child, 'message'))[0];
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
  children.delete(child);
}

let locks = 0;
async function newLock(): Promise<string> {
  const place = join(folder, `heatmap-${locks++}`);
  await mkdir(place);
  return join(place, 'lock');
}
/** What is left in the folder of a lock. */
const beside = (file: string) => readdirSync(join(file, '..'));

async function taken(file: string, address?: string): Promise<Lock> {
  const lock = await takeLock(file, { address });
  if ('holder' in lock) throw new Error(`held by ${lock.holder.pid}`);
  return lock;
}

test('one at a time, this process included; its address is told; releasing leaves nothing', async () => {
  const file = await newLock();
  const holder = { pid: process.pid, address: 'http://127.0.0.1:8000' };
  const lock = await taken(file, holder.address);
  expect(await takeLock(file)).toEqual({ holder });
  expect(await lockHolder(file)).toEqual(holder);
  const child = await startTaker();
  expect(await take(child, file)).toEqual({ holder });
  expect(beside(file)).toEqual(['lock']);
  await lock.release();
  expect(beside(file)).toEqual([]);
  expect(await lockHolder(file)).toBeUndefined();
  expect(await take(child, file)).toEqual({ pid: child.pid });
  await kill(child);
});

test('the lock of a killed process is taken over', async () => {
  const file = await newLock();
  const child = await startTaker();
  expect(await take(child, file)).toEqual({ pid: child.pid });
  expect(await takeLock(file)).toEqual({ holder: { pid: child.pid, address: `http://127.0.0.1:${child.pid}` } });
  await kill(child);
  expect(await lockHolder(file)).toBeUndefined();
  await (await taken(file)).release();
  expect(beside(file)).toEqual([]);
});

const id = (digit: string) => digit.repeat(32);
const claim = (change: Record<string, unknown>) =>
  JSON.stringify({ pid: 2 ** 22 + 1, start: 1, host: 'here', address: null, id: id('a'), ...change });

describe('a lock file', () => {
  test.each([
    ['empty', ''],
    ['of noise', '\u0000\u0001'],
    ['without a process', claim({ pid: 0 })],
    ['that is null', 'null'],
  ])('%s is taken over', async (_, text) => {
    const file = await newLock();
    await writeFile(file, text);
    await (await taken(file)).release();
    expect(beside(file)).toEqual([]);
  });

  test.skipIf(!existsSync('/proc/self/stat'))(
    'of a process whose number another one has now is taken over',
    async () => {
      const file = await newLock();
      const start = await processStart(process.pid);
      await writeFile(file, claim({ pid: process.pid, host: hostname(), start }));
      expect(await takeLock(file)).toHaveProperty('holder.pid', process.pid);
      await writeFile(file, claim({ pid: process.pid, host: hostname(), start: Number(start) - 1 }));
      await (await taken(file)).release();
    },
  );

  test('of another machine counts for a minute from its last touch', async () => {
    const file = await newLock();
    await writeFile(file, claim({ host: 'elsewhere', address: 'http://elsewhere' }));
    const at = (secondsAgo: number) => utimes(file, new Date(), new Date(Date.now() - secondsAgo * 1000));
    await at(55);
    expect(await takeLock(file)).toEqual({ holder: { pid: 2 ** 22 + 1, address: 'http://elsewhere' } });
    await at(65);
    const lock = await taken(file);
    // The other one comes back: what it would do to its lock does nothing to ours.
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock.release();
  });

  test('whose taking over was broken off is taken over, and nothing is left of either', async () => {
    const file = await newLock();
    await writeFile(file, claim({ host: hostname() }));
    await writeFile(`${file}.over-${id('a')}`, claim({ host: hostname(), id: id('b') }));
    await writeFile(`${file}.over-${id('b')}`, '');
    const lock = await taken(file);
    expect(beside(file)).toEqual(['lock']);
    expect(await lockHolder(file)).toMatchObject({ pid: process.pid });
    await lock.release();
  });
});

test('of eight processes that take over a dead one’s lock at once, one wins', async () => {
  const takers = await Promise.all(Array.from({ length: 8 }, startTaker));
  for (let round = 0; round < 25; round++) {
    const file = await newLock();
    // Every other one: free from the start.
    if (round % 2 === 0) await writeFile(file, claim({ host: hostname() }));
    const results = await Promise.all(takers.map((taker) => take(taker, file)));
    const winners = results.filter((result) => 'pid' in result);
    expect(winners).toHaveLength(1);
    for (const result of results) if ('holder' in result) expect(result.holder.pid).toBe(winners[0].pid);
    expect(beside(file)).toEqual(['lock']);
  }
  await Promise.all(takers.map(kill));
});
