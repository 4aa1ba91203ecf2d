import type { Heatmap } from './heatmap.ts';

/** Patches per second of each heatmap, measured while they are classified. */
export interface Speeds {
  /** Work on a heatmap begins after a pause. */
  begin(heatmap: Heatmap): void;
  /** So many patches have been classified. */
  count(heatmap: Heatmap, patches: number): void;
  /** Patches per second; of a heatmap without any yet, what its model did last, or when it was opened. */
  of(heatmap: Heatmap): number | null;
}

interface Speed {
  perSecond: number | null;
  /** The present span: its begin, in milliseconds, and what it has counted. */
  since: number;
  patches: number;
}

/** Shortest span over which speed is measured, and the weight of the newest one in the running mean. */
const SPAN_SECONDS = 0.1;
const SMOOTHING = 0.5;

/**
 * Measures over spans of time and not task by task, for tasks of several processes are done together.
 * @param processes that classify at the same time
 */
export function createSpeeds(processes: number): Speeds {
  const speeds = new Map<string, Speed>();
  const ofModels = new Map<string, number>();
  const of = ({ identity, model }: Heatmap) =>
    speeds.get(identity)?.perSecond ?? ofModels.get(model.fingerprint) ?? expected(model.secondsPerPatch);
  const expected = (secondsPerPatch = 0) => (secondsPerPatch > 0 ? processes / secondsPerPatch : null);
  return {
    of,
    begin(heatmap) {
      const perSecond = speeds.get(heatmap.identity)?.perSecond ?? null;
      speeds.set(heatmap.identity, { perSecond, since: performance.now(), patches: 0 });
    },
    count(heatmap, patches) {
      const speed = speeds.get(heatmap.identity);
      if (!speed) return;
      speed.patches += patches;
      const seconds = (performance.now() - speed.since) / 1000;
      if (speed.perSecond !== null && seconds < SPAN_SECONDS) return;
      const measured = speed.patches / Math.max(seconds, 1e-4);
      const before = speed.perSecond ?? measured;
      const perSecond = before + SMOOTHING * (measured - before);
      speeds.set(heatmap.identity, { perSecond, since: performance.now(), patches: 0 });
      ofModels.set(heatmap.model.fingerprint, perSecond);
    },
  };
}
