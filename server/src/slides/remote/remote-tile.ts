import sharp from 'sharp';
import type { Size } from '../../../../shared/geometry/deep-zoom.ts';
import { copyOverlap, emptyPixels } from '../copy-pixels.ts';
import { foreignTile, pictureSize } from '../foreign-tile.ts';
import type { GridTile } from '../tile-grid.ts';
import { followingHeight, regionOf } from './iiif-address.ts';
import type { RemoteLevel } from './remote-image.ts';

/**
 * RGB pixels of a tile's bounds. It has exactly their size, but for two habits: servers of maps pad the last tiles to whole
 * ones, and those of IIIF 2 choose the height themselves, which may be a pixel off and is then put right.
 * @throws Error that says for the end of a sentence what is wrong with it
 */
export async function remoteTile(
  bytes: Uint8Array,
  level: RemoteLevel,
  { bounds, own }: Pick<GridTile, 'bounds' | 'own'>,
): Promise<Uint8Array> {
  const { tile, padded = false, iiif } = level;
  if (!padded && iiif?.version !== 2) return foreignTile(bytes, bounds);
  const found = await pictureSize(bytes);
  const isSame = (size: Size) => found.width === size.width && found.height === size.height;
  if (isSame(bounds)) return foreignTile(bytes, bounds);
  if (padded && isSame(tile)) {
    const target = emptyPixels(bounds);
    copyOverlap({ ...tile, x: bounds.x, y: bounds.y, data: await foreignTile(bytes, tile) }, target);
    return target.data;
  }
  if (iiif === undefined || iiif.scale === 1 || found.width !== bounds.width) return foreignTile(bytes, bounds);
  const height = followingHeight(regionOf(iiif, level, own), bounds.width);
  if (Math.abs(found.height - height) > 1) return foreignTile(bytes, bounds);
  const raw = { width: found.width, height: found.height, channels: 3 } as const;
  return sharp(await foreignTile(bytes, found), { raw })
    .resize(bounds.width, bounds.height, { fit: 'fill' })
    .raw()
    .toBuffer();
}
