import { LRUCache } from 'lru-cache';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { encodeShown } from './deep-zoom-tile.ts';
import { type PictureFormat, pictureCoding } from './picture-coding.ts';
import { scaledPixels } from './scaled-pixels.ts';
import type { SlideReader } from './slide.ts';

/** Memory for thumbnails: about a thousand of 256 pixels. */
const KEPT_BYTES = 16 * 1024 ** 2;

/** Everything that the bytes of a thumbnail depend on. */
interface ThumbnailKey {
  fingerprint: string;
  size: number;
  format: PictureFormat;
}

/** Gives thumbnails, and keeps those that were asked for last. */
export interface Thumbnails {
  /**
   * The whole slide as a small image: its own pixels, never a picture that the scanner stored beside them, which may show the
   * label. A slide that is smaller is not enlarged.
   * @param size of the longer side, in pixels
   * @throws Problem `unreadable-slide` where the file is damaged
   */
  get(reader: SlideReader, size: number, format: PictureFormat): Promise<Buffer>;
}

export function createThumbnails(): Thumbnails {
  const kept = new LRUCache<string, Buffer>({ maxSize: KEPT_BYTES, sizeCalculation: ({ length }) => length + 200 });
  const underWay = new Map<string, Promise<Buffer>>();
  return {
    async get(reader, size, format) {
      const { fingerprint } = reader.description;
      const key = JSON.stringify({ fingerprint, size, format } satisfies ThumbnailKey);
      const found = kept.get(key) ?? underWay.get(key);
      if (found !== undefined) return found;
      const making = make(reader, size, format).finally(() => underWay.delete(key));
      underWay.set(key, making);
      const thumbnail = await making;
      kept.set(key, thumbnail);
      return thumbnail;
    },
  };
}

async function make(reader: SlideReader, size: number, format: PictureFormat): Promise<Buffer> {
  const { width, height, scale } = thumbnailSize(reader.description, size);
  const data = await scaledPixels(reader, { x: 0, y: 0, width, height }, scale);
  return encodeShown(reader, { width, height, data }, pictureCoding(format));
}

/** Size of a thumbnail, and slide pixels along a side of one of its pixels. */
function thumbnailSize({ width, height }: Size, size: number): Size & { scale: number } {
  const scale = Math.max(1, Math.max(width, height) / size);
  return { width: Math.max(1, Math.round(width / scale)), height: Math.max(1, Math.round(height / scale)), scale };
}
