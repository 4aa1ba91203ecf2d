import type { Rectangle, Size } from '../../../../shared/geometry/deep-zoom.ts';
import type { TileGrid } from '../tile-grid.ts';
import { type IiifRequests, iiifAddresses } from './iiif-address.ts';
import type { SourceHeaders } from './source-headers.ts';

/** An image of another server, as its descriptor or the source file tells. */
export interface RemoteImage extends Size {
  /** As people know it: `Deep Zoom`, `IIIF 3`. */
  format: string;
  /** Full resolution first, each half of the one before or smaller. */
  levels: RemoteLevel[];
}

/** One resolution of it, with everything that finding its tiles takes; plain data. */
export interface RemoteLevel extends TileGrid {
  /** Of a tile: `{x}` stands for its column, `{y}` for its row; of IIIF `{region}` and `{size}` for what they say. */
  address: string;
  iiif?: IiifRequests;
  /** That its tiles are asked for with. */
  headers?: SourceHeaders;
  /** Whether tiles at the right and the bottom may have all pixels of a tile, of which those beyond the level are none. */
  padded?: boolean;
}

/** Where a tile of a level is: the same picture may have several addresses, of which a server of files knows one. */
export function tileAddresses(
  level: RemoteLevel,
  { column, row, own }: { column: number; row: number; own: Rectangle },
): string[] {
  if (level.iiif !== undefined) return iiifAddresses(level.address, level.iiif, level, own);
  return [level.address.replaceAll('{x}', String(column)).replaceAll('{y}', String(row))];
}
