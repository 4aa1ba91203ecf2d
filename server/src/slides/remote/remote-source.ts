import { Problem } from '../../errors.ts';
import { foreignTile, mostTileBytes } from '../foreign-tile.ts';
import { reason, unreadable } from '../image-file.ts';
import type { RegionSource } from '../readers.ts';
import type { SlideDescription } from '../slide.ts';
import { copyTile, type GridTile, gridTiles } from '../tile-grid.ts';
import type { Fetcher } from './fetcher.ts';
import { RemoteError } from './remote-error.ts';
import { type RemoteLevel, tileAddress } from './remote-image.ts';

/** Tiles of a read that are fetched and decoded at once; the fetcher bounds those of all reads together. */
const TILES_AT_ONCE = 8;

/** No tile is larger, however many pixels it has. */
const MOST_TILE_BYTES = 64 * 1024 ** 2;

/** Pixels of an image of another server. */
export function remoteSource(description: SlideDescription, fetcher: () => Fetcher): RegionSource {
  const { file, levels, fingerprint } = description;
  return {
    async fill(number, regions) {
      const level = levels[number];
      if (!('address' in level)) throw new TypeError(`level ${number} is not one of another server`);
      const waiting = gridTiles(level, regions);
      let failed = false;
      const fillNext = async () => {
        for (let tile = waiting.shift(); tile !== undefined && !failed; tile = waiting.shift()) {
          copyTile(tile, await tilePixels(file, level, tile, fetcher(), fingerprint));
        }
      };
      const filling = Array.from({ length: TILES_AT_ONCE }, () =>
        fillNext().catch((error: unknown) => {
          failed = true;
          throw error;
        }),
      );
      await Promise.all(filling);
    },
    close: async () => {},
  };
}

async function tilePixels(
  file: string,
  level: RemoteLevel,
  { column, row, bounds }: GridTile,
  fetcher: Fetcher,
  version: string,
): Promise<Uint8Array> {
  const address = tileAddress(level, column, row);
  try {
    const bytes = await fetchTile(level, address, fetcher, version);
    return await foreignTile(bytes, bounds);
  } catch (error) {
    // The server may have mended it when it is asked again.
    fetcher.forget(address, version);
    throw remoteProblem(file, `its tile ${shownAddress(address)}`, error);
  }
}

/** Bytes of a tile. @throws RemoteError */
export async function fetchTile(
  { tile, overlap }: RemoteLevel,
  address: string,
  fetcher: Fetcher,
  version?: string,
): Promise<Uint8Array> {
  const whole = { width: tile.width + 2 * overlap, height: tile.height + 2 * overlap };
  const mostBytes = Math.min(MOST_TILE_BYTES, mostTileBytes(whole));
  return (await fetcher.fetch(address, { kind: 'picture', mostBytes }, version)).bytes;
}

/**
 * The Problem behind something that could not be fetched or used. Trouble of a server is no damage of the slide: it may pass,
 * and says nothing of one tile.
 * @param what was fetched, for the beginning of a sentence
 */
export function remoteProblem(file: string, what: string, error: unknown): Problem {
  if (error instanceof Problem) return error;
  const isPassing = error instanceof RemoteError && error.kind === 'unavailable';
  const sentence = `${what} cannot be used: ${error instanceof RemoteError ? error.message : reason(error)}`;
  if (!isPassing) return unreadable(file, sentence, error);
  return new Problem('busy', `${unreadable(file, sentence).message}; try again later`, { cause: error });
}

/** An address for a message: what follows its path may be somebody's key. */
export function shownAddress(address: string): string {
  const { origin, pathname } = new URL(address);
  const shown = `${origin}${pathname}`;
  return shown.length > 300 ? `${shown.slice(0, 300)}...` : shown;
}
