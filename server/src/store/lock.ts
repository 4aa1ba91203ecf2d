import { createHash, randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { isRunning, processStart } from './process-life.ts';

/** Whether a process of another machine lives can only be told by how lately it touched its lock. */
const REMOTE_LIFE_MILLISECONDS = 60_000;
const TOUCH_MILLISECONDS = 20_000;
/** Taking over is a matter of two system calls; who does not end it in this time is held up and counts as the holder. */
const SETTLING_ATTEMPTS = 200;
const SETTLING_MILLISECONDS = 5;

export interface LockHolder {
  pid: number;
  /** Where the process can be spoken to. */
  address: string | null;
}

export interface Lock {
  release(): Promise<void>;
}

/** What a lock file holds, as JSON. */
interface Claim extends LockHolder {
  /** Of this claim alone. */
  id: string;
  start: number | null;
  host: string;
}

/**
 * Takes a lock, or tells who holds it; this process itself may be the one. A lock whose process is dead, or whose file
 * cannot be read, is taken over.
 *
 * Whoever takes over a claim first makes a file named after it, which only one can, and then renames that file over
 * the lock. Should it die in between, its own claim is taken over in the same way: the last of such a chain counts.
 * @param file in a folder that exists, on a file system with hard links
 */
export async function takeLock(
  file: string,
  { address = null }: { address?: string | null } = {},
): Promise<Lock | { holder: LockHolder }> {
  const start = await processStart(process.pid);
  const claim: Claim = { pid: process.pid, start, host: hostname(), address, id: randomBytes(16).toString('hex') };
  const prepared = `${file}.new-${claim.id}`;
  // Written as a whole before it has the lock's name: nobody sees half a claim.
  await writeFile(prepared, JSON.stringify(claim));
  try {
    for (let attempt = 1; ; attempt++) {
      const chain = await readChain(file);
      const last = chain.at(-1);
      if (last?.claim && (await isHeld(last))) {
        // A claim in the middle of taking over may yet be withdrawn: the holder is told when it is in its place.
        const isSettled = chain.length === 1 || attempt >= SETTLING_ATTEMPTS;
        if (isSettled) return { holder: { pid: last.claim.pid, address: last.claim.address } };
        await setTimeout(SETTLING_MILLISECONDS);
        continue;
      }
      const place = last ? successor(file, last) : file;
      if (!(await linkIfFree(prepared, place))) continue;
      if (!last || (await completeTakeover(file, chain, claim.id))) return heldLock(file, claim);
    }
  } finally {
    await rm(prepared, { force: true });
  }
}

/** Who holds a lock, or undefined where it is free or could be taken over. */
export async function lockHolder(file: string): Promise<LockHolder | undefined> {
  const last = (await readChain(file)).at(-1);
  if (!last?.claim || !(await isHeld(last))) return undefined;
  return { pid: last.claim.pid, address: last.claim.address };
}

/** A lock's file, or one that takes it over. */
interface ClaimFile {
  path: string;
  id: string;
  modified: number;
  /** Missing where the file is unreadable. */
  claim?: Claim;
}

/** The claim in the lock's file, then the one that takes it over, and so on. */
async function readChain(file: string): Promise<ClaimFile[]> {
  const chain: ClaimFile[] = [];
  for (let path = file; ; path = successor(file, chain[chain.length - 1])) {
    const found = await readClaim(path);
    if (!found) return chain;
    chain.push(found);
  }
}

async function readClaim(path: string): Promise<ClaimFile | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    const { mtimeMs: modified } = await stat(path);
    const claim = parseClaim(text);
    const id = claim?.id ?? createHash('sha256').update(text).digest('hex').slice(0, 32);
    return { path, id, modified, claim };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseClaim(text: string): Claim | undefined {
  try {
    const { pid, start, host, address, id } = JSON.parse(text);
    if (!Number.isInteger(pid) || pid <= 0 || typeof host !== 'string' || !/^[0-9a-f]{32}$/.test(id)) return undefined;
    return {
      pid,
      start: typeof start === 'number' ? start : null,
      host,
      address: typeof address === 'string' ? address : null,
      id,
    };
  } catch {
    return undefined;
  }
}

async function isHeld({ claim, modified }: ClaimFile): Promise<boolean> {
  if (!claim) return false;
  if (claim.host !== hostname()) return Date.now() - modified < REMOTE_LIFE_MILLISECONDS;
  return isRunning(claim.pid, claim.start);
}

/** Path of the file that takes a claim over. */
const successor = (file: string, { id }: { id: string }) => `${file}.over-${id}`;

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Puts a claim that takes over the last of a chain in the lock's place.
 * @returns false where the chain was no longer the lock's: somebody else had taken it over and put it in its place,
 *   which set the claim's name free again. The claim is then withdrawn.
 */
async function completeTakeover(file: string, chain: readonly ClaimFile[], id: string): Promise<boolean> {
  const place = successor(file, chain[chain.length - 1]);
  const now = (await readChain(file)).map((found) => found.id);
  if (now.join() !== [...chain.map((found) => found.id), id].join()) {
    await rm(place, { force: true });
    return false;
  }
  await rename(place, file);
  for (const { path } of chain.slice(1)) await rm(path, { force: true });
  return true;
}

function heldLock(file: string, claim: Claim): Lock {
  const isOurs = async () => (await readClaim(file))?.id === claim.id;
  const timer = setInterval(async () => {
    // A touch that fails is made up for by the next one.
    if (await isOurs().catch(() => false)) await utimes(file, new Date(), new Date()).catch(() => {});
  }, TOUCH_MILLISECONDS).unref();
  return {
    async release() {
      clearInterval(timer);
      if (await isOurs()) await rm(file, { force: true });
    },
  };
}
