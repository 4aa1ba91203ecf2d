import { crc32 } from 'node:zlib';

const MAGIC = 'CAM-JRNL';
const VERSION = 1;
/** Magic, then version, bytes of a payload and bytes of the identity as uint32; the identity and a crc32 follow. */
const FIXED_HEADER_BYTES = 8 + 3 * 4;
const KEY_BYTES = 4;
const CRC_BYTES = 4;

/** What the bytes of one journal look like; every number in the file is little-endian. */
export interface JournalFormat {
  /** The header that the file must begin with. */
  header: Buffer;
  payloadBytes: number;
  /** Bytes of a record: key, payload and crc32 of both. */
  recordBytes: number;
}

/**
 * The format of a journal.
 * @param identity what the records belong to, such as the fingerprint of a heatmap
 * @param payloadBytes bytes of every record's payload
 */
export function journalFormat(identity: string, payloadBytes: number): JournalFormat {
  const name = Buffer.from(identity, 'utf8');
  const header = Buffer.alloc(FIXED_HEADER_BYTES + name.length + CRC_BYTES);
  header.write(MAGIC, 'latin1');
  for (const [i, value] of [VERSION, payloadBytes, name.length].entries()) header.writeUInt32LE(value, 8 + i * 4);
  name.copy(header, FIXED_HEADER_BYTES);
  header.writeUInt32LE(crc32(header.subarray(0, -CRC_BYTES)), header.length - CRC_BYTES);
  return { header, payloadBytes, recordBytes: KEY_BYTES + payloadBytes + CRC_BYTES };
}

/**
 * Why a file is not a journal of this format, or undefined where it is one.
 * @param start the file's first bytes, as many as the format's header has; fewer where the file is shorter
 */
export function headerFault({ header, payloadBytes }: JournalFormat, start: Buffer): string | undefined {
  if (start.equals(header)) return undefined;
  if (start.length < FIXED_HEADER_BYTES || start.toString('latin1', 0, 8) !== MAGIC) {
    return 'its first bytes are not those of a journal';
  }
  const [version, size] = [8, 12].map((offset) => start.readUInt32LE(offset));
  if (version !== VERSION) return `expected format version ${VERSION}, found ${version}`;
  if (size !== payloadBytes) return `expected payloads of ${payloadBytes} bytes, found ${size}`;
  return 'its header is damaged or names another heatmap';
}

/**
 * The bytes of records, one after the other.
 * @throws RangeError where a payload has another size than the format says, or a key is no uint32
 */
export function encodeRecords(
  { payloadBytes, recordBytes }: JournalFormat,
  entries: readonly { key: number; payload: Uint8Array }[],
): Buffer {
  const bytes = Buffer.allocUnsafe(entries.length * recordBytes);
  for (const [i, { key, payload }] of entries.entries()) {
    if (payload.length !== payloadBytes) {
      throw new RangeError(`payload of key ${key}: expected ${payloadBytes} bytes, found ${payload.length}`);
    }
    const record = bytes.subarray(i * recordBytes, (i + 1) * recordBytes);
    record.writeUInt32LE(key, 0);
    record.set(payload, KEY_BYTES);
    record.writeUInt32LE(crc32(record.subarray(0, -CRC_BYTES)), recordBytes - CRC_BYTES);
  }
  return bytes;
}

/**
 * The key of a record, or undefined where its checksum is wrong. A record of zeros, which a crash of the machine may
 * leave, has a wrong one.
 */
export function recordKey(record: Buffer): number | undefined {
  const crc = record.readUInt32LE(record.length - CRC_BYTES);
  return crc === crc32(record.subarray(0, -CRC_BYTES)) ? record.readUInt32LE(0) : undefined;
}

/** A copy of a record's payload, so that keeping it keeps nothing else in memory. */
export function recordPayload(record: Buffer): Uint8Array {
  return new Uint8Array(record.subarray(KEY_BYTES, -CRC_BYTES));
}
