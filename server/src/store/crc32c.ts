import { registry } from 'zarrita';

/** The polynomial of CRC-32C (Castagnoli), bits reversed; node:zlib has only that of CRC-32. */
const POLYNOMIAL = 0x82f63b78;
const CRC_BYTES = 4;
/** Eight tables of 256 entries: eight bytes a step, about seven times as fast as one. */
const TABLES = makeTables();

/** CRC-32C of bytes, as RFC 3720 has it; a uint32. */
export function crc32c(bytes: Uint8Array): number {
  const t = TABLES;
  const stepped = bytes.length - (bytes.length % 8);
  let crc = 0xffffffff;
  for (let i = 0; i < stepped; i += 8) {
    const low = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc =
      t[1792 + (low & 255)] ^
      t[1536 + ((low >>> 8) & 255)] ^
      t[1280 + ((low >>> 16) & 255)] ^
      t[1024 + (low >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]];
  }
  for (let i = stepped; i < bytes.length; i++) crc = t[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * Has zarrita check and write the codec `crc32c`: its own skips the checksum in reading and cannot write one. (Nor does
 * its `zstd` write the checksum that its setting asks for, so a flipped byte would often go unnoticed.)
 */
export function registerCrc32c(): void {
  const computeEncodedSize = (size: number) => size + CRC_BYTES;
  const codec = { kind: 'bytes_to_bytes' as const, encode: appendChecksum, decode: checkAndStrip, computeEncodedSize };
  registry.set('crc32c', async () => ({ kind: codec.kind, fromConfig: () => codec }));
}

function appendChecksum(bytes: Uint8Array): Uint8Array {
  const checked = new Uint8Array(bytes.length + CRC_BYTES);
  checked.set(bytes);
  new DataView(checked.buffer).setUint32(bytes.length, crc32c(bytes), true);
  return checked;
}

function checkAndStrip(checked: Uint8Array): Uint8Array {
  const length = checked.length - CRC_BYTES;
  if (length < 0) throw new Error(`expected at least ${CRC_BYTES} bytes, found ${checked.length}`);
  const bytes = checked.subarray(0, length);
  const expected = new DataView(checked.buffer, checked.byteOffset + length, CRC_BYTES).getUint32(0, true);
  const found = crc32c(bytes);
  if (found !== expected) throw new Error(`expected bytes of CRC-32C ${expected}, found ${found}`);
  return bytes;
}

function makeTables(): Uint32Array {
  const tables = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) tables[i] = tables[tables[i - 256] & 255] ^ (tables[i - 256] >>> 8);
  return tables;
}
