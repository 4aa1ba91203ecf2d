import type { Size } from '../../../../shared/geometry/deep-zoom.ts';
import type { TileGrid } from '../tile-grid.ts';

/** An image of another server, as its descriptor or the source file tells. */
export interface RemoteImage extends Size {
  /** As people know it: `Deep Zoom`, `IIIF 3`. */
  format: string;
  /** Full resolution first, each half of the one before or smaller. */
  levels: RemoteLevel[];
}

/** One resolution of it, with everything that finding its tiles takes; plain data. */
export interface RemoteLevel extends TileGrid {
  /** The address of a tile; `{x}` stands for its column, `{y}` for its row. */
  address: string;
}

/** Where a tile of a level is. */
export function tileAddress({ address }: RemoteLevel, column: number, row: number): string {
  return address.replaceAll('{x}', String(column)).replaceAll('{y}', String(row));
}
