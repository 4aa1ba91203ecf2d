import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { registry } from 'zarrita';
import { registerCrc32c } from '../store/crc32c.ts';

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
 * and zlib take whatever comes; blosc and zstd say in their first bytes how much it is.
 */
export function registerBoundedCodecs(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerCrc32c();
  for (const prefix of ['', 'numcodecs.']) {
    registry.set(`${prefix}gzip`, async () => inflating(promisify(gunzip)));
    registry.set(`${prefix}zlib`, async () => inflating(promisify(inflate)));
    checkFirst(`${prefix}blosc`, bloscLength);
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
      // In memory of its own, where samples of two bytes lie at even addresses.
      decode: async (bytes: Uint8Array) => Uint8Array.from(await unpack(bytes, { maxOutputLength: mostBytes(chunk) })),
    }),
  };
}

/** Adds a look at the first bytes to a codec. */
function checkFirst(name: string, lengthOf: (bytes: Uint8Array) => number | undefined): void {
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
            if (length !== undefined && length > most) {
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

const ZSTD_MAGIC = 0xfd2fb528;
const ZSTD_DICTIONARY_BYTES = [0, 1, 2, 4];

/** By Zstandard's frame header (RFC 8878), which need not tell. */
function zstdLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 18) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== ZSTD_MAGIC) return undefined;
  const descriptor = bytes[4];
  const isSingle = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingle ? 0 : 1) + ZSTD_DICTIONARY_BYTES[descriptor & 3];
  const kind = descriptor >> 6;
  if (kind === 0) return isSingle ? bytes[at] : undefined;
  if (kind === 1) return view.getUint16(at, true) + 256;
  return kind === 2 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
