import { patchPosition } from '../../../shared/geometry/patch-grid.ts';
import { Problem } from '../errors.ts';
import type { DealtPatches } from './analysis-order.ts';
import type { Heatmap } from './heatmap.ts';

/**
 * What is on a screen goes before what somebody asked for through a tile or region request, and that before whole-slide
 * analysis.
 */
export type Priority = 'view' | 'request' | 'analysis';

export interface WishOptions {
  priority: Priority;
  /** Who asks: those of one priority take turns, however much each of them wants. */
  client?: string;
  signal?: AbortSignal;
  /** Called whenever some of the patches have become known. */
  onProgress?: () => void;
  /** Names the area that a patch is read with: tasks end at its border where they are large enough. */
  areaOf?: (index: number) => number;
}

/** One caller's wish for patches. */
export interface Wish {
  readonly heatmap: Heatmap;
  readonly priority: Priority;
  readonly client: string;
  /** Patches that are still to be taken, at most. */
  readonly left: number;
  /** Patches that were taken. */
  readonly taken: number;
}

/** All wishes that are not fulfilled, and which patches are under way. */
export interface Wishes {
  /** @throws Problem `busy` where too many wait already */
  add(heatmap: Heatmap, indices: Iterable<number> | DealtPatches, options: WishOptions): Promise<void>;
  /** Wishes of a priority with patches still to be taken, the oldest first. */
  of(priority: Priority): ReadonlySet<Wish>;
  /** Moves a wish's next unknown patches for a lane into `indices`, up to `limit` of them. */
  take(wish: Wish, indices: number[], limit: number, lane: number): void;
  takeOff(heatmap: Heatmap, indices: readonly number[]): void;
  /** Patches are not under way any more, and not known either. */
  comeDown(heatmap: Heatmap, indices: readonly number[]): void;
  /** Tells everyone who waits for patches that they are known, or why they will not be. */
  land(heatmap: Heatmap, indices: readonly number[], error?: unknown): void;
  isWanted(heatmap: Heatmap, index: number): boolean;
  isBusy(heatmap: Heatmap): boolean;
  readonly size: number;
}

interface PendingWish extends Wish {
  left: number;
  taken: number;
  /** Undefined once every patch is known or under way. */
  rest: DealtPatches | undefined;
  /** Whether lanes have patches of their own; otherwise each takes those that are next. */
  isDealt: boolean;
  /** The patch that a full task of a lane did not take any more. */
  held: Map<number, number>;
  /** Patches that are under way. */
  outstanding: Set<number>;
  /** Why one of its patches cannot be read; told when the others are known. */
  problem?: Problem;
  onProgress?: () => void;
  areaOf?: (index: number) => number;
  finish(error?: unknown): void;
}

/** Wishes that may wait at a time: beyond it tiles are answered with what is known, and others asked to come again. */
const MOST_WAITING: Record<Priority, number> = { view: 1000, request: 2000, analysis: 16 };

/** @returns no wishes yet */
export function createWishes(): Wishes {
  /** Those with patches still to be taken, by priority. */
  const untaken: Record<Priority, Set<PendingWish>> = { view: new Set(), request: new Set(), analysis: new Set() };
  const all = new Map<Wish, PendingWish>();
  const counts: Record<Priority, number> = { view: 0, request: 0, analysis: 0 };
  const flying = new Map<Heatmap, Map<number, Set<PendingWish>>>();

  /** Has a wish wait for a patch that is under way, or will be. */
  const wait = (heatmap: Heatmap, index: number, wish?: PendingWish) => {
    const underWay = flying.get(heatmap) ?? new Map<number, Set<PendingWish>>();
    flying.set(heatmap, underWay);
    const waiting = underWay.get(index) ?? new Set();
    underWay.set(index, waiting);
    if (wish) waiting.add(wish);
  };
  const comeDown = (heatmap: Heatmap, indices: readonly number[]) => {
    const underWay = flying.get(heatmap);
    for (const index of indices) underWay?.delete(index);
    // A heatmap that is closed must not be held by an empty list.
    if (underWay?.size === 0) flying.delete(heatmap);
  };

  const takeNext = (wish: PendingWish, lane: number): number | undefined => {
    const { held } = wish;
    const next = held.has(lane) ? undefined : wish.rest?.(lane);
    if (next !== undefined) {
      wish.left--;
      return next;
    }
    // Where nothing is left to be dealt, what other lanes hold is anybody's.
    const holder = held.has(lane) ? lane : [...held.keys()][0];
    if (holder === undefined) return undefined;
    const index = held.get(holder);
    held.delete(holder);
    return index;
  };

  const settle = (wish: PendingWish) => {
    if (wish.rest === undefined && wish.outstanding.size === 0) wish.finish(wish.problem);
  };

  const take = (wish: PendingWish, indices: number[], limit: number, lane: number) => {
    const { heatmap, outstanding } = wish;
    const own = wish.isDealt ? lane : 0;
    const chosen = new Set(indices);
    for (;;) {
      const index = takeNext(wish, own);
      if (index === undefined) {
        wish.rest = undefined;
        untaken[wish.priority].delete(wish);
        return settle(wish);
      }
      const { row, column } = patchPosition(heatmap.grid, index);
      if (heatmap.values.known.isKnown(row, column)) continue;
      if (!flying.get(heatmap)?.has(index) && !chosen.has(index)) {
        if (indices.length >= limit || isEndOfArea(wish, indices, index, limit)) {
          wish.held.set(own, index);
          return;
        }
        wish.taken++;
        indices.push(index);
        chosen.add(index);
      }
      outstanding.add(index);
      wait(heatmap, index, wish);
    }
  };

  return {
    add(heatmap, indices, { priority, client = '', signal, onProgress, areaOf }) {
      if (counts[priority] >= MOST_WAITING[priority]) {
        const what = priority === 'analysis' ? 'analyses' : 'requests';
        return Promise.reject(new Problem('busy', `${counts[priority]} ${what} are waiting already; ask again later`));
      }
      return new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const wish: PendingWish = {
          heatmap,
          priority,
          client,
          left: Array.isArray(indices) ? indices.length : Number.POSITIVE_INFINITY,
          taken: 0,
          rest: typeof indices === 'function' ? indices : inOrder(indices),
          isDealt: typeof indices === 'function',
          held: new Map(),
          outstanding: new Set(),
          onProgress,
          areaOf,
          finish(error) {
            if (!all.delete(wish)) return;
            counts[priority]--;
            untaken[priority].delete(wish);
            for (const index of wish.outstanding) flying.get(heatmap)?.get(index)?.delete(wish);
            signal?.removeEventListener('abort', onAbort);
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        const onAbort = () => wish.finish(signal?.reason);
        signal?.addEventListener('abort', onAbort);
        all.set(wish, wish);
        counts[priority]++;
        untaken[priority].add(wish);
        // What is known or under way already needs no turn.
        take(wish, [], 0, 0);
      });
    },
    of: (priority) => untaken[priority],
    take(wish, indices, limit, lane) {
      const pending = all.get(wish);
      if (pending && untaken[wish.priority].has(pending)) take(pending, indices, limit, lane);
    },
    takeOff(heatmap, indices) {
      for (const index of indices) wait(heatmap, index);
    },
    comeDown,
    land(heatmap, indices, error) {
      const told = new Set<PendingWish>();
      for (const index of indices) {
        for (const wish of flying.get(heatmap)?.get(index) ?? []) {
          wish.outstanding.delete(index);
          told.add(wish);
        }
      }
      comeDown(heatmap, indices);
      for (const wish of told) {
        if (error instanceof Problem && error.code === 'unreadable-slide') wish.problem ??= error;
        else if (error !== undefined) wish.finish(error);
        else wish.onProgress?.();
        settle(wish);
      }
    },
    isWanted: (heatmap, index) => (flying.get(heatmap)?.get(index)?.size ?? 0) > 0,
    isBusy: (heatmap) =>
      (flying.get(heatmap)?.size ?? 0) > 0 || [...all.keys()].some((wish) => wish.heatmap === heatmap),
    get size() {
      return all.size;
    },
  };
}

/** Whether a task that has most of its patches would go on in another area. */
function isEndOfArea({ areaOf }: PendingWish, indices: readonly number[], next: number, limit: number): boolean {
  const last = indices.at(-1);
  return areaOf !== undefined && last !== undefined && 2 * indices.length >= limit && areaOf(last) !== areaOf(next);
}

/** The same order for every lane. */
function inOrder(indices: Iterable<number>): DealtPatches {
  const rest = indices[Symbol.iterator]();
  return () => {
    const next = rest.next();
    return next.done ? undefined : next.value;
  };
}
