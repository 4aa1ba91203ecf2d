const SHORTEST_PAUSE = 500;
/** Longest that `Retry-After` is heeded: a timer takes no more than 24 days. */
const LONGEST_WISH = 3_600_000;

/** Milliseconds before what has failed `failures` times before is tried again: half a second, doubling. */
export function pauseAfter(failures: number, longest = 30_000): number {
  return Math.min(longest, SHORTEST_PAUSE * 2 ** failures);
}

/** Milliseconds that a `Retry-After` header, of seconds or a date, asks for, at most an hour; 0 where it asks for none. */
export function wishedPause(retryAfter: string | null, now: number): number {
  if (retryAfter === null) return 0;
  const seconds = Number(retryAfter);
  const wished = Number.isNaN(seconds) ? Date.parse(retryAfter) - now : 1000 * seconds;
  return wished > 0 ? Math.min(LONGEST_WISH, wished) : 0;
}
