/** The outcome of work that cannot be stopped, or the signal's reason as soon as it is aborted: the work then goes on alone. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const settled = () => signal.removeEventListener('abort', abort);
    work.then(resolve, reject).finally(settled);
  });
}
