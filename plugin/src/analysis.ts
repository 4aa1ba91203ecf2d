import type { Rectangle } from '../../shared/geometry/deep-zoom.ts';
import type { AnalysisState } from '../../shared/heatmap-descriptor.ts';
import type { HeatmapClient } from './heatmap-client.ts';

/** Milliseconds between two looks at an analysis that runs. */
const PAUSE = 2000;

/** The analysis of a whole slide or region on the server, whoever began it. */
export interface Analysis {
  state(): AnalysisState;
  /** Whether the server can be told to begin one: it takes that from its own pages only, and a host of files computes nothing. */
  isOffered(): boolean;
  /** The server has told its state unasked. */
  told(state: AnalysisState): void;
  /** @param region in slide pixels; the whole slide where there is none */
  start(region?: Rectangle): Promise<AnalysisState>;
  stop(): Promise<AnalysisState>;
  destroy(): void;
}

export function slideAnalysis(
  client: Pick<HeatmapClient, 'address' | 'analysis'>,
  first: AnalysisState,
  changed: (state: AnalysisState) => void,
): Analysis {
  const life = new AbortController();
  let state = first;
  let isServed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const take = (next: AnalysisState) => {
    if (life.signal.aborted) return;
    const isNew = JSON.stringify(next) !== JSON.stringify(state) || !isServed;
    state = next;
    isServed = true;
    clearTimeout(timer);
    if (state.state === 'running') timer = setTimeout(look, PAUSE);
    if (isNew) changed(state);
  };
  const look = () =>
    ask('GET').catch(() => {
      // The view's stream says that the server is away; it goes on when it is back.
      if (!life.signal.aborted) timer = setTimeout(look, 2 * PAUSE);
    });
  const ask = async (method: 'GET' | 'POST' | 'DELETE', region?: Rectangle) => {
    const next = await client.analysis(method, region, life.signal);
    take(next);
    return next;
  };

  return {
    state: () => state,
    isOffered: () => isServed && new URL(client.address).origin === window.location.origin,
    told: take,
    start: (region) => ask('POST', region),
    stop: () => ask('DELETE'),
    destroy: () => {
      life.abort();
      clearTimeout(timer);
    },
  };
}
