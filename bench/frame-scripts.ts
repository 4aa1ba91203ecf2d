interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  /** Microseconds. */
  ts: number;
  dur?: number;
  args?: { name?: string };
}

const SCRIPTS = ['FireAnimationFrame', 'FunctionCall', 'TimerFire', 'RunMicrotasks', 'EvaluateScript', 'EventDispatch'];
const SCRIPT_NAMES = new Set([...SCRIPTS, 'MinorGC', 'MajorGC', 'V8.GCScavenger']);

/**
 * Milliseconds of script in each frame of a page's main thread: between two moments at which it runs its animation frames.
 * Frames without any are left out.
 */
export function longestScripts({ traceEvents }: { traceEvents: TraceEvent[] }): number[] {
  const main = traceEvents.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
  const isMain = (event: TraceEvent) => main.some(({ pid, tid }) => event.pid === pid && event.tid === tid);
  const scripts = traceEvents
    .filter((event) => event.ph === 'X' && SCRIPT_NAMES.has(event.name) && isMain(event))
    .sort((a, b) => a.ts - b.ts);
  const sums: number[] = [];
  let end = 0;
  let frame = Number.NEGATIVE_INFINITY;
  for (const { name, ts, dur = 0 } of scripts) {
    // Callbacks of the same frame follow each other closely.
    if (name === 'FireAnimationFrame' && ts - frame > FRAME_MICROSECONDS) {
      sums.push(0);
      frame = ts;
    }
    if (sums.length > 0) sums[sums.length - 1] += Math.max(0, ts + dur - Math.max(ts, end)) / 1000;
    end = Math.max(end, ts + dur);
  }
  return sums.filter((sum) => sum > 0);
}

/** Shorter than the time from one frame to the next at 60 a second. */
const FRAME_MICROSECONDS = 10_000;
