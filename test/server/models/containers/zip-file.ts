import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  name: string;
  contents: Uint8Array;
  deflated?: boolean;
  /** What the file says of its size, where that is not true. */
  claimedSize?: number;
  /** Compression method, where it is another than stored or deflated. */
  method?: number;
  encrypted?: boolean;
}

/** A zip file as any zip program writes it. */
export function zipFile(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, contents, deflated = false, claimedSize, method, encrypted = false } of entries) {
    const stored = deflated ? deflateRawSync(contents) : Buffer.from(contents);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(encrypted ? 1 : 0, 2);
    fields.writeUInt16LE(method ?? (deflated ? 8 : 0), 4);
    fields.writeUInt32LE(crc32(contents), 10);
    fields.writeUInt32LE(stored.length, 14);
    fields.writeUInt32LE(claimedSize ?? contents.length, 18);
    fields.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), fields, Buffer.from(name), stored);
    const entry = Buffer.alloc(16);
    entry.writeUInt32LE(offset, 12);
    directory.push(Buffer.from('PK\x01\x02\x14\0', 'latin1'), fields, entry.subarray(2), Buffer.from(name));
    offset += 30 + name.length + stored.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}
