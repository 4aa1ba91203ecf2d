import type { Priority, Wish } from './wishes.ts';

/** Clients whose turns are remembered; nothing but fairness is lost with them. */
const MOST_REMEMBERED = 10_000;

/** Whose wish is next. */
export interface Turns {
  /** One of the wishes of a priority, or undefined where there is none. @param wishes the oldest first */
  next(priority: Priority, wishes: ReadonlySet<Wish>): Wish | undefined;
}

/**
 * Clients take turns, so that one who asks for a thousand tiles does not hold up another's first. Of one client's
 * requests the newest and the oldest take turns: the newest is what it looks at now, and the oldest must come to an end.
 */
export function createTurns(): Turns {
  /** The turn at which each client was last served, or seen first, and how often it was served. */
  const served = new Map<string, { turn: number; times: number }>();
  let turn = 0;

  return {
    next(priority, wishes) {
      if (served.size > MOST_REMEMBERED) served.clear();
      const clients = new Map<string, Wish[]>();
      for (const wish of wishes) {
        const key = keyOf(priority, wish);
        const own = clients.get(key);
        if (own) own.push(wish);
        else clients.set(key, [wish]);
      }
      // Who is new comes after those who wait already, or one who moves on all the time would always be first.
      for (const key of clients.keys()) if (!served.has(key)) served.set(key, { turn, times: 0 });
      let chosen: Wish[] = [];
      let client = '';
      let earliest = Number.POSITIVE_INFINITY;
      for (const [key, own] of clients) {
        const last = served.get(key)?.turn ?? turn;
        if (last >= earliest) continue;
        [earliest, chosen, client] = [last, own, key];
      }
      if (chosen.length === 0) return undefined;
      const times = (served.get(client)?.times ?? 0) + 1;
      served.set(client, { turn: ++turn, times });
      return priority === 'request' && times % 2 === 1 ? chosen.at(-1) : chosen[0];
    },
  };
}

/** Several analyses take turns by their heatmaps; what is on a screen, and requests, by who asks. */
function keyOf(priority: Priority, { heatmap, client }: Wish): string {
  return priority === 'analysis' ? `analysis ${heatmap.identity}` : `${priority} ${client}`;
}
