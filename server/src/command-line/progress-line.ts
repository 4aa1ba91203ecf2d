/** A line of progress on stderr, rewritten in place; silent where stderr is no terminal. */
export interface ProgressLine {
  /** @param share 0 to 1 */
  show(label: string, share: number): void;
  /** Removes the line. */
  clear(): void;
}

const BAR_WIDTH = 30;
const MIN_INTERVAL_MS = 100;

export function progressLine(silent = false): ProgressLine {
  if (silent || !process.stderr.isTTY) return { show() {}, clear() {} };
  let lastShown = 0;
  const started = new Map<string, number>();
  return {
    show(label, share) {
      const now = Date.now();
      const start = started.get(label) ?? now;
      started.set(label, start);
      if (now - lastShown < MIN_INTERVAL_MS && share < 1) return;
      lastShown = now;
      const filled = Math.round(share * BAR_WIDTH);
      const bar = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
      const left = share > 0.02 ? `, ${duration(((now - start) * (1 - share)) / share / 1000)} left` : '';
      process.stderr.write(`\r\x1b[K${label} [${bar}] ${Math.floor(share * 100)} %${left}`);
    },
    clear() {
      process.stderr.write('\r\x1b[K');
    },
  };
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
