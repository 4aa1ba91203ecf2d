const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;

/** The white point of the space that profiles connect colours by, D50 (ICC.1, 7.2.16), times 65536. */
const D50 = [0xf6d6, 0x10000, 0xd32d];

/** A small ICC profile, version 2, of grey whose light is the sample, 0 to 1, to the power of gamma. */
export function greyProfile(gamma: number): Uint8Array {
  const white = Buffer.concat([Buffer.from('XYZ \0\0\0\0'), longs(...D50)]);
  const curve = Buffer.concat([Buffer.from('curv\0\0\0\0'), longs(1), shorts(Math.round(gamma * 256), 0)]);
  const text = Buffer.concat([Buffer.from('text\0\0\0\0'), Buffer.from('none'), Buffer.alloc(4)]);
  const name = Buffer.concat([Buffer.from('desc\0\0\0\0'), longs(5), Buffer.from('grey\0'), Buffer.alloc(79)]);
  const tags: [name: string, value: Buffer][] = [
    ['desc', name],
    ['wtpt', white],
    ['kTRC', curve],
    ['cprt', text],
  ];
  let at = HEADER_BYTES + 4 + ENTRY_BYTES * tags.length;
  const table = [longs(tags.length)];
  for (const [tag, value] of tags) {
    table.push(Buffer.from(tag), longs(at, value.length));
    at += value.length;
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.write('mntrGRAYXYZ ', 12);
  header.write('acsp', 36);
  longs(...D50).copy(header, 68);
  return Buffer.concat([header, ...table, ...tags.map(([, value]) => value)]);
}

function longs(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value, 4 * i);
  });
  return bytes;
}

function shorts(...values: number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt16BE(value, 2 * i);
  });
  return bytes;
}
