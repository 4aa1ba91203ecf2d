import { asError, isUnanswered, reasonOf } from './request-error.ts';

/** What an overlay can fail in, the most telling first. */
const SOURCES = ['image', 'start', 'options', 'tiles', 'view', 'stream', 'breakdown', 'region'] as const;
export type ProblemSource = (typeof SOURCES)[number];
const REQUESTS: readonly ProblemSource[] = ['start', 'tiles', 'stream', 'breakdown'];

export interface Problems {
  failed(source: ProblemSource, thrown: unknown): void;
  succeeded(source: ProblemSource): void;
}

/** What is wrong at present: each problem is told once, and stays until what failed succeeds. */
export function problems(host: {
  /** The most telling one; undefined where there is none. */
  show(error: Error | undefined): void;
  raise(error: Error): void;
  /** A server that did not answer does again. */
  recovered(): void;
}): Problems {
  const present = new Map<ProblemSource, Error>();
  const show = () => host.show(SOURCES.map((source) => present.get(source)).find((error) => error !== undefined));
  const isAway = () => [...present.values()].some(isUnanswered);

  return {
    failed: (source, thrown) => {
      const error = asError(thrown);
      const before = present.get(source);
      const isKnown = (before && reasonOf(before) === reasonOf(error)) || (isUnanswered(error) && isAway());
      present.set(source, error);
      show();
      if (!isKnown) host.raise(error);
    },
    succeeded: (source) => {
      const wasAway = isAway();
      let changed = present.delete(source);
      // A host without breakdowns shows heatmaps all the same.
      if (source === 'tiles') changed = present.delete('breakdown') || changed;
      // Whatever request succeeds shows that the server answers.
      if (REQUESTS.includes(source)) {
        for (const [other, error] of present) if (isUnanswered(error)) changed = present.delete(other);
      }
      if (changed) show();
      if (wasAway && !isAway()) host.recovered();
    },
  };
}
