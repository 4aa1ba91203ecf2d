import { type FileHandle, open } from 'node:fs/promises';
import type { Size } from '../../../shared/geometry/deep-zoom.ts';

/** Receives the rows of an RGB picture from top to bottom. */
export interface StripFile {
  /** @param rows RGB, any number of rows of the full width: one strip in the file lies behind the other */
  write(rows: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Types of BigTIFF fields. */
const SHORT = 3;
const LONG = 4;
const LONG8 = 16;

/**
 * Creates an uncompressed BigTIFF in strips of 8-bit RGB: the simplest file that libvips reads row by row. (Pixels handed
 * over in memory would have to be there all at once.) Its size is known from the start, so the directory goes first.
 */
export async function createStripFile(file: string, { width, height }: Size, stripHeight: number): Promise<StripFile> {
  const handle = await open(file, 'wx');
  try {
    const head = stripFileHead(width, height, stripHeight);
    await writeAll(handle, head);
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    write: (rows) => writeAll(handle, rows),
    close: () => handle.close(),
  };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
  }
}

/** Header, directory and the values that do not fit into it (BigTIFF design, Aware Systems). */
function stripFileHead(width: number, height: number, stripHeight: number): Uint8Array {
  const strips = Math.ceil(height / stripHeight);
  const rowBytes = width * 3;
  const entries: [tag: number, type: number, values: number[]][] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, [8, 8, 8]],
    [259, SHORT, [1]], // no compression
    [262, SHORT, [2]], // RGB
    [273, LONG8, Array.from({ length: strips }, (_, i) => i * stripHeight * rowBytes)], // strip offsets
    [277, SHORT, [3]], // samples per pixel
    [278, LONG, [stripHeight]],
    [279, LONG8, Array.from({ length: strips }, (_, i) => Math.min(stripHeight, height - i * stripHeight) * rowBytes)],
    [284, SHORT, [1]], // samples interleaved
  ];
  const bytesOf = (type: number) => (type === SHORT ? 2 : type === LONG ? 4 : 8);
  const directoryBytes = 8 + entries.length * 20 + 8;
  const outside = entries.filter(([, type, values]) => values.length * bytesOf(type) > 8);
  const headBytes =
    16 + directoryBytes + outside.reduce((sum, [, type, values]) => sum + values.length * bytesOf(type), 0);
  const view = new DataView(new ArrayBuffer(headBytes));
  view.setUint32(0, 0x49492b00);
  view.setUint16(4, 8, true);
  view.setBigUint64(8, 16n, true);
  view.setBigUint64(16, BigInt(entries.length), true);
  let free = 16 + directoryBytes;
  entries.forEach(([tag, type, values], i) => {
    const at = 24 + i * 20;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setBigUint64(at + 4, BigInt(values.length), true);
    let position = at + 12;
    if (values.length * bytesOf(type) > 8) {
      view.setBigUint64(position, BigInt(free), true);
      position = free;
      free += values.length * bytesOf(type);
    }
    for (const value of values) {
      if (type === SHORT) view.setUint16(position, value, true);
      else if (type === LONG) view.setUint32(position, value, true);
      else view.setBigUint64(position, BigInt(tag === 273 ? value + headBytes : value), true);
      position += bytesOf(type);
    }
  });
  return new Uint8Array(view.buffer);
}
