import type { AnalysisState, PatchCount } from '../../shared/heatmap-descriptor.ts';
import type { ViewProgress } from '../../shared/view-events.ts';
import type { Breakdowns } from './breakdowns.ts';
import type { Credentials } from './credentials.ts';
import type { CamProgress } from './events.ts';
import type { Layer } from './layer.ts';
import type { Problems } from './problems.ts';
import { RequestError } from './request-error.ts';
import type { ShownView } from './view-stream/page-stream.ts';
import { registerViews } from './view-stream/page-streams.ts';
import type { ViewEvent } from './view-stream/view-event.ts';

/** What the server computes of what is seen, as it computes it. */
export interface LiveView {
  /** What is seen now; nothing where the overlay is not. */
  show(views: readonly ShownView[]): void;
  /** Whether the server tells of itself what it computes. */
  isTold(): boolean;
  /** The latest that was told; undefined while nothing is seen. */
  progress(): ViewProgress | undefined;
  retry(): void;
  destroy(): void;
}

/** @param descriptor absolute address of the heatmap's descriptor */
export function liveView(
  descriptor: string,
  credentials: () => Credentials,
  host: {
    layer: Pick<Layer, 'announce' | 'forgetAnnounced'>;
    breakdowns: Pick<Breakdowns, 'told' | 'untold'>;
    problems: Problems;
    progress(): void;
    /** Whether the order of the slide's classes is wanted. */
    wantsOrder(): boolean;
    ordered(order: readonly number[]): void;
    /** The state of the slide's analysis. */
    analysed(state: AnalysisState): void;
  },
): LiveView {
  const { layer, breakdowns, problems } = host;
  let isAbsent = false;
  let isSeen = false;
  let order = false;
  let latest: ViewProgress | undefined;
  /** Whether this stream has told of something that it cannot compute. */
  let hasErred = false;

  const received = ({ name, data }: ViewEvent, { where }: ShownView) => {
    if (name === 'tiles') return layer.announce(data.tiles);
    if (name === 'error') {
      hasErred = true;
      return problems.failed('view', new RequestError(descriptor, data.error.message, true));
    }
    if (name === 'classOrder') return host.ordered(data.classOrder);
    // The navigator shows the same heatmap again.
    if (where === 'navigator' || !isSeen) return;
    if (name === 'breakdown') {
      const { view: _, scope, ...breakdown } = data;
      return breakdowns.told(scope, breakdown);
    }
    latest = data;
    if (!hasErred) problems.succeeded('view');
    host.progress();
    host.analysed(data.analysis);
  };

  const views = registerViews(descriptor, {
    credentials,
    begun: () => {
      isAbsent = false;
      hasErred = false;
      layer.forgetAnnounced();
      problems.succeeded('stream');
    },
    received,
    lost: (error) => problems.failed('stream', error),
    absent: () => {
      isAbsent = true;
      breakdowns.untold();
    },
  });

  return {
    show: (shown) => {
      isSeen = shown.length > 0;
      // Asked for until the end, or what has come of it would replace the stream.
      order ||= host.wantsOrder();
      views.show(order ? shown.map((view) => ({ ...view, classOrder: view.where === 'viewer' })) : shown);
      if (isSeen) return;
      latest = undefined;
      breakdowns.untold();
    },
    isTold: () => isSeen && !isAbsent,
    progress: () => latest,
    retry: views.retry,
    destroy: views.destroy,
  };
}

/** What is told of a view whose two heatmaps are compared: what either lacks, for the server computes one after the other. */
export function bothTold(own: ViewProgress | undefined, other: ViewProgress | undefined): ViewProgress | undefined {
  if (!own || !other) return own;
  const isUnknown = own.secondsLeft === null && other.secondsLeft === null;
  return {
    ...own,
    missing: own.missing + other.missing,
    secondsLeft: isUnknown ? null : (own.secondsLeft ?? 0) + (other.secondsLeft ?? 0),
  };
}

/**
 * How far it is, of what is on screen and of what the server has told.
 * @param first patches of the slide that were known when its descriptor was read
 */
export function progressOf(pending: number, told: ViewProgress | undefined, first: PatchCount): CamProgress {
  return {
    pending,
    patches: told?.patches ?? first,
    missing: told?.missing ?? null,
    patchesPerSecond: told?.patchesPerSecond ?? null,
    secondsLeft: told?.secondsLeft ?? null,
  };
}
