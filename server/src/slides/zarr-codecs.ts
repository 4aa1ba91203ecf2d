import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { registry } from 'zarrita';
import { registerCrc32c } from '../store/crc32c.ts';
import { zstdLength } from './zstd-length.ts';

/** What a codec may know of the chunk that it decodes. */
interface ChunkShape {
  dataType: string;
  shape: readonly number[];
}

/** Checksums and other additions of codecs between the samples and the compressor. */
const SLACK_BYTES = 64;

const BYTES_OF_TYPE: Record<string, number> = { uint8: 1, uint16: 2 };
const MOST_BYTES_OF_TYPE = 8;

let isRegistered = false;

/**
 * Has zarrita refuse chunks that unpack to more than their array's samples: little data may unpack to very much. Its own gzip
 * and zlib take whatever comes; what blosc, lz4 and zstd unpack to is seen without unpacking it.
 */
export function registerBoundedCodecs(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerCrc32c();
  for (const prefix of ['', 'numcodecs.']) {
    registry.set(`${prefix}gzip`, async () => inflating(promisify(gunzip)));
    registry.set(`${prefix}zlib`, async () => inflating(promisify(inflate)));
    checkFirst(`${prefix}blosc`, bloscLength);
    checkFirst(`${prefix}lz4`, lz4Length);
    checkFirst(`${prefix}zstd`, zstdLength);
  }
}

function inflating(unpack: (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Buffer>) {
  const kind = 'bytes_to_bytes' as const;
  return {
    kind,
    fromConfig: (_config: unknown, chunk: ChunkShape) => ({
      kind,
      encode: (): never => {
        throw new Error('this codec is only read');
      },
      async decode(bytes: Uint8Array) {
        const most = mostBytes(chunk);
        const unpacked = await unpack(bytes, { maxOutputLength: most }).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ERR_BUFFER_TOO_LARGE') throw error;
          throw new Error(`a chunk unpacks to more than the ${most} bytes that were expected`);
        });
        // In memory of its own, where samples of two bytes lie at even addresses.
        return Uint8Array.from(unpacked);
      },
    }),
  };
}

/** Adds a look at the coded bytes to a codec. @param lengthOf tells how much they unpack to, about */
function checkFirst(name: string, lengthOf: (bytes: Uint8Array) => number): void {
  const load = registry.get(name);
  if (load === undefined) throw new TypeError(`zarrita has no codec ${name}`);
  registry.set(name, async () => {
    const entry = await load();
    return {
      ...entry,
      fromConfig(config, chunk) {
        const codec = entry.fromConfig(config, chunk);
        const most = mostBytes(chunk);
        return {
          kind: codec.kind,
          encode: (data) => codec.encode(data),
          decode(bytes, out) {
            const length = lengthOf(bytes);
            if (length > most) {
              throw new Error(`a chunk unpacks to ${length} bytes, at most ${most} were expected`);
            }
            return codec.decode(bytes, out);
          },
        };
      },
    };
  });
}

function mostBytes({ dataType, shape }: ChunkShape): number {
  return shape.reduce((a, b) => a * b, BYTES_OF_TYPE[dataType] ?? MOST_BYTES_OF_TYPE) + SLACK_BYTES;
}

/** Of the unpacked bytes, by Blosc's header of 16 bytes. */
function bloscLength(bytes: Uint8Array): number {
  if (bytes.length < 16) throw new Error('a chunk is truncated');
  return viewOf(bytes).getUint32(4, true);
}

/** By the four bytes that numcodecs writes before the block. */
function lz4Length(bytes: Uint8Array): number {
  if (bytes.length < 4) throw new Error('a chunk is truncated');
  return viewOf(bytes).getUint32(0, true);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
