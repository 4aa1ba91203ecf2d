import type { TileAddress } from '../../shared/geometry/deep-zoom.ts';
import type { ScoreTile } from '../../shared/painting/style.ts';
import type { TileRequest } from './tile-request.ts';

/** The scores behind one OpenSeadragon tile; the object stays, its scores are replaced by better ones. */
export interface TileScores {
  readonly address: TileAddress;
  request: TileRequest;
  /** Undefined where the fetch failed: until it succeeds the stand-in is shown. */
  tile: ScoreTile | undefined;
  /** Of a coarser tile that covers this one. */
  standIn?: TileScores | undefined;
  missing: number;
  /** The server's own; undefined where it has none. */
  revision: number | undefined;
  /** To be asked for again, whatever it holds. */
  stale: boolean;
  /** Fetches in a row that failed, or brought less than was announced. */
  fruitless: number;
  /** Milliseconds of `performance.now` before which it is not asked for again. */
  notBefore: number;
  /** Revision of the settings with which the tile's canvas was painted. */
  painted: number;
}
