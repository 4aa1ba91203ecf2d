import type { Context } from 'koa';
import { Problem } from '../errors.ts';
import { MAX_WAIT_SECONDS } from './query.ts';

/**
 * Waits for work at most so long; what it has queued is withdrawn when the time is over.
 *
 * Not `AbortSignal.any` with `AbortSignal.timeout`: on Node 20 nothing holds the latter, and once it has been collected
 * as garbage it never fires.
 *
 * @param signal the client's; its abort ends the work with its reason
 * @param seconds 0 for not at all; 10 when left out
 * @returns what the work gives, or undefined where the time was over first
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  seconds: number = MAX_WAIT_SECONDS,
  work: (deadline: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  if (seconds === 0) return undefined;
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  const timer = setTimeout(() => controller.abort(), seconds * 1000);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted && !signal.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Tells how many seconds are left.
 * @param seconds from now on; 10 when left out
 */
export function countdown(seconds: number = MAX_WAIT_SECONDS): () => number {
  const end = performance.now() + 1000 * seconds;
  return () => Math.max(0, (end - performance.now()) / 1000);
}

/** Aborts when the client goes away before it has its answer, so that what it alone wanted leaves the queue. */
export function abortWhenClosed(ctx: Context): AbortSignal {
  const controller = new AbortController();
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) controller.abort(new Problem('busy', 'the client has gone away'));
  });
  return controller.signal;
}
