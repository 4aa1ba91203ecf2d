import { Problem } from '../../errors.ts';
import { mostTileBytes } from '../foreign-tile.ts';
import { reason, unreadable } from '../image-file.ts';
import type { RegionSource } from '../readers.ts';
import type { SlideDescription } from '../slide.ts';
import { copyTile, type GridTile, gridTiles } from '../tile-grid.ts';
import type { Fetcher } from './fetcher.ts';
import { RemoteError } from './remote-error.ts';
import { type RemoteLevel, tileAddresses } from './remote-image.ts';
import { remoteTile } from './remote-tile.ts';

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
  tile: GridTile,
  fetcher: Fetcher,
  version: string,
): Promise<Uint8Array> {
  const { bytes, address } = await fetchTile(file, level, tile, fetcher, version);
  try {
    return await remoteTile(bytes, level, tile);
  } catch (error) {
    // The server may have mended it when it is asked again.
    fetcher.forget(address, version, level.headers);
    throw remoteProblem(file, named(address), error);
  }
}

/**
 * A tile as it comes, and the address that has it.
 * @param keep as the fetcher has it
 * @throws Problem that `remoteProblem` makes
 */
export async function fetchTile(
  file: string,
  level: RemoteLevel,
  tile: Pick<GridTile, 'column' | 'row' | 'own'>,
  fetcher: Fetcher,
  keep?: string,
): Promise<{ bytes: Uint8Array; address: string }> {
  const whole = { width: level.tile.width + 2 * level.overlap, height: level.tile.height + 2 * level.overlap };
  const mostBytes = Math.min(MOST_TILE_BYTES, mostTileBytes(whole));
  const [first, ...others] = tileAddresses(level, tile);
  const fetched = async (address: string) => {
    const { bytes } = await fetcher.fetch(address, { kind: 'picture', mostBytes, headers: level.headers }, keep);
    return { bytes, address };
  };
  let failure: unknown;
  for (const address of [first, ...others]) {
    try {
      return await fetched(address);
    } catch (error) {
      failure ??= error;
      if (!(error instanceof RemoteError) || error.kind !== 'missing') throw remoteProblem(file, named(address), error);
    }
  }
  throw remoteProblem(file, named(first), failure);
}

function named(address: string): string {
  return `its tile ${shownAddress(address)}`;
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
  return new Problem('unavailable', `${unreadable(file, sentence).message}; try again later`, { cause: error });
}

/** An address for a message: what follows its path may be somebody's key. */
export function shownAddress(address: string): string {
  const { origin, pathname } = new URL(address);
  const shown = `${origin}${pathname}`;
  return shown.length > 300 ? `${shown.slice(0, 300)}...` : shown;
}
