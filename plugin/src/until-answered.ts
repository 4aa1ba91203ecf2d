import { pauseAfter } from './pauses.ts';
import { isUnanswered } from './request-error.ts';

/** Milliseconds between two tries at last. */
const LONGEST_PAUSE = 4000;

/**
 * Asks until there is an answer. A refusal is one, and rejects.
 * @param failed told of every request that was not answered
 * @param signal ends the asking: rejects with its reason
 */
export async function untilAnswered<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await ask(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isUnanswered(error)) throw error;
      failed(error);
    }
    await pause(pauseAfter(failures, LONGEST_PAUSE), signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
