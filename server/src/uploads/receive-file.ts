import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Problem } from '../errors.ts';

/** Milliseconds without a byte after which a client counts as gone. */
const LONGEST_PAUSE = 60_000;

export interface ReceiveOptions {
  /** Bytes that are taken at most. */
  mostBytes: number;
  /** Aborting ends it with the signal's reason. */
  signal?: AbortSignal;
  /** Milliseconds; another one for tests. */
  longestPause?: number;
}

/**
 * Writes a body to a new file that only this user may read. What was written stays where it fails: the folder is the caller's.
 * @returns bytes
 * @throws Problem `too-large` as soon as there are more, `bad-parameter` where the body ends early or is empty, `failed`
 *   where the disk does not take it; the signal's reason
 */
export async function receiveFile(body: Readable, file: string, options: ReceiveOptions): Promise<number> {
  const { mostBytes, signal, longestPause = LONGEST_PAUSE } = options;
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => body.destroy();
  const awaitMore = () => {
    clearTimeout(timer);
    timer = setTimeout(() => body.destroy(), longestPause);
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', onAbort);
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    throw unwritable(error);
  });
  try {
    awaitMore();
    // Left open where it ends early: whoever sends is still to be answered.
    for await (const part of body.iterator({ destroyOnReturn: false })) {
      bytes += part.length;
      if (bytes > mostBytes) throw tooLarge(mostBytes);
      await handle.writeFile(part).catch((error: unknown) => {
        throw unwritable(error);
      });
      awaitMore();
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    signal?.throwIfAborted();
    throw new Problem('bad-parameter', `body: expected all of the image, found an end after ${bytes} bytes`, {
      cause: error,
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    await handle.close();
  }
  signal?.throwIfAborted();
  if (bytes === 0) throw new Problem('bad-parameter', 'body: expected the bytes of an image, found nothing');
  return bytes;
}

/** What is said of an image of more bytes than are taken. */
export function tooLarge(mostBytes: number): Problem {
  const megabytes = Number((mostBytes / 1e6).toPrecision(3));
  return new Problem('too-large', `the image is too large: expected at most ${megabytes} MB, found more`);
}

function unwritable(error: unknown): Problem {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const why = code === 'ENOSPC' || code === 'EDQUOT' ? 'the disk is full' : String(code ?? error);
  return new Problem('failed', `the server cannot keep the image: ${why}`, { cause: error });
}
