import { LRUCache } from 'lru-cache';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';
import { atOnce } from '../at-once.ts';
import { encodeShown } from './deep-zoom-tile.ts';
import { type PictureFormat, pictureCoding } from './picture-coding.ts';
import { scaledPixels } from './scaled-pixels.ts';
import type { SlideReader } from './slide.ts';

/** Memory for thumbnails: about a thousand of 256 pixels. */
const KEPT_BYTES = 16 * 1024 ** 2;

/** Thumbnails that are made at once: a large one takes tens of megabytes meanwhile. */
const MOST_AT_ONCE = 2;

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
   * @param signal aborted by who no longer wants it; one that nobody wants when its turn comes is not made
   * @throws Problem `unreadable-slide` where the file is damaged; the signal's reason
   */
  get(reader: SlideReader, size: number, format: PictureFormat, signal?: AbortSignal): Promise<Buffer>;
}

export function createThumbnails(): Thumbnails {
  const kept = new LRUCache<string, Buffer>({ maxSize: KEPT_BYTES, sizeCalculation: ({ length }) => length + 200 });
  const underWay = new Map<string, { making: Promise<Buffer>; signals: (AbortSignal | undefined)[] }>();
  const turn = atOnce(MOST_AT_ONCE);
  return {
    async get(reader, size, format, signal) {
      const { fingerprint } = reader.description;
      const key = JSON.stringify({ fingerprint, size, format } satisfies ThumbnailKey);
      const found = kept.get(key);
      if (found !== undefined) return found;
      const shared = underWay.get(key);
      if (shared !== undefined) {
        shared.signals.push(signal);
        return shared.making;
      }
      const signals = [signal];
      const making = turn(async () => {
        if (signals.every((each) => each?.aborted)) throw signal?.reason;
        return make(reader, size, format);
      }).finally(() => underWay.delete(key));
      underWay.set(key, { making, signals });
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
