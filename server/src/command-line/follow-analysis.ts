import { setTimeout } from 'node:timers/promises';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';
import type { AnalysisState, Breakdown } from '../../../shared/heatmap-descriptor.ts';
import { Problem } from '../errors.ts';
import type { ProgressLine } from './progress-line.ts';

/** Milliseconds between two questions. */
const PAUSE = 500;

/**
 * Has a server that keeps the heatmap for itself classify it, and waits until that is done.
 * @param address of the heatmap's descriptor
 * @returns the exact breakdown, or one of no patches where there are none
 * @throws Problem `failed` where the server goes away or its analysis fails; the signal's reason
 */
export async function followAnalysis(
  address: string,
  region: Rectangle | undefined,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<Breakdown> {
  const beside = (name: string) => {
    const url = new URL(address);
    url.pathname = `${url.pathname.replace(/\.json$/, '')}/${name}`;
    return url;
  };
  const { x, y, width, height } = region ?? { x: 0, y: 0, width: 0, height: 0 };
  const asked = region && [x, y, width, height];
  const breakdownUrl = beside('breakdown');
  if (asked) breakdownUrl.searchParams.set('region', asked.join(','));
  let hasStarted = false;
  for (;;) {
    const breakdown = await ask<Breakdown>(breakdownUrl, { signal });
    const { known, total } = breakdown.patches;
    if (known === total) return breakdown;
    progress.show('classifying (on the server)', known / total);
    const { state, error } = await ask<AnalysisState>(beside('analysis'), { signal });
    // One that failed before may do better now.
    if (state === 'failed' && hasStarted) {
      throw new Problem('failed', `${address}: the server's analysis failed: ${error}`);
    }
    if (state !== 'running') {
      // Busy with others: asked again.
      const body = JSON.stringify(asked ? { region: asked } : {});
      hasStarted = await ask<AnalysisState>(beside('analysis'), { signal, method: 'POST', body }).then(
        () => true,
        (refused) => {
          if (!(refused instanceof Problem && refused.code === 'busy')) throw refused;
          return false;
        },
      );
    }
    await setTimeout(PAUSE, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

async function ask<T>(url: URL, request: RequestInit): Promise<T> {
  const response = await fetch(url, request).catch((cause: unknown) => {
    request.signal?.throwIfAborted();
    throw new Problem('failed', `${url.origin}: the server that keeps this heatmap does not answer any more`, {
      cause,
    });
  });
  if (response.ok) return response.json();
  throw new Problem(response.status === 503 ? 'busy' : 'failed', `${url}: the server answered ${response.status}`);
}
