import { Problem } from '../errors.ts';

interface Count {
  streams: number;
  views: number;
}

/** Open at most: each view is worked for several times a second. */
const MOST_OF_ALL: Count = { streams: 256, views: 1024 };

/** Two full streams, as a page needs that opens one before the server has seen the end of another. */
const MOST_OF_ONE: Count = { streams: 128, views: 512 };

/**
 * Counts the streams of views that are open, so that neither all clients together nor one of them has too many: one that
 * takes all it can get leaves room for others.
 * @returns lets a client open a stream of so many views, and gives what is to be called once it has closed; throws Problem
 * `busy` where there are too many
 */
export function viewCounts(): (client: string, views: number) => () => void {
  const all: Count = { streams: 0, views: 0 };
  const ofClients = new Map<string, Count>();
  return (client, views) => {
    const own = ofClients.get(client) ?? { streams: 0, views: 0 };
    if (!hasRoom(own, views, MOST_OF_ONE)) {
      throw new Problem('busy', `${told(own)} of this client are open already; close some or ask again later`);
    }
    if (!hasRoom(all, views, MOST_OF_ALL)) {
      throw new Problem('busy', `${told(all)} of all clients are open already; ask again later`);
    }
    ofClients.set(client, own);
    for (const count of [own, all]) add(count, 1, views);
    return () => {
      for (const count of [own, all]) add(count, -1, -views);
      if (own.streams === 0) ofClients.delete(client);
    };
  };
}

function hasRoom(count: Count, views: number, most: Count): boolean {
  return count.streams < most.streams && count.views + views <= most.views;
}

function told({ streams, views }: Count): string {
  return `${views} views in ${streams} ${streams === 1 ? 'stream' : 'streams'}`;
}

function add(count: Count, streams: number, views: number): void {
  count.streams += streams;
  count.views += views;
}
