const HEADER_BYTES = 128;
const ENTRY_BYTES = 12;

/** The white point of the space that profiles connect colours by, D50 (ICC.1, 7.2.16), times 65536. */
const D50 = [0xf6d6, 0x10000, 0xd32d];

/** Colours of no ink, cyan, magenta, both, yellow and so on, as L* (0 to 100), a* and b*; with black ink, a fifth of each. */
const LIGHT: readonly (readonly [number, number, number])[] = [
  ...([
    [96, 0, 0],
    [60, -35, -50],
    [50, 72, -6],
    [30, 20, -45],
  ] as const),
  ...([
    [90, -5, 90],
    [52, -65, 28],
    [50, 66, 45],
    [26, 0, 0],
  ] as const),
];

/** A small ICC profile, version 2, of grey whose light is the sample, 0 to 1, to the power of gamma. */
export function greyProfile(gamma: number): Uint8Array {
  const white = Buffer.concat([Buffer.from('XYZ \0\0\0\0'), longs(...D50)]);
  const curve = Buffer.concat([Buffer.from('curv\0\0\0\0'), longs(1), shorts(Math.round(gamma * 256), 0)]);
  const text = Buffer.concat([Buffer.from('text\0\0\0\0'), Buffer.from('none'), Buffer.alloc(4)]);
  const name = Buffer.concat([Buffer.from('desc\0\0\0\0'), longs(5), Buffer.from('grey\0'), Buffer.alloc(79)]);
  return profile('mntrGRAYXYZ ', [
    ['desc', name],
    ['wtpt', white],
    ['kTRC', curve],
    ['cprt', text],
  ]);
}

/** A small ICC profile, version 2, of a press of its own: 2 x 2 x 2 x 2 colours, with straight lines between them. */
export function inkProfile(): Uint8Array {
  const straight = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
  const grid: number[] = [];
  // The last ink varies fastest.
  for (let index = 0; index < 16; index++) {
    const [cyan, magenta, yellow, black] = [index >> 3, (index >> 2) & 1, (index >> 1) & 1, index & 1];
    const [light, a, b] = LIGHT[cyan + 2 * magenta + 4 * yellow];
    const share = black ? 0.2 : 1;
    grid.push(Math.round((255 * light * share) / 100), Math.round(128 + a * share), Math.round(128 + b * share));
  }
  const one = 0x10000;
  const lut = Buffer.concat([
    ...[Buffer.from('mft1\0\0\0\0'), Buffer.from([4, 3, 2, 0])],
    ...[longs(one, 0, 0, 0, one, 0, 0, 0, one), straight, straight, straight, straight],
    ...[Buffer.from(grid), straight, straight, straight],
  ]);
  const white = Buffer.concat([Buffer.from('XYZ \0\0\0\0'), longs(...D50)]);
  const text = Buffer.concat([Buffer.from('text\0\0\0\0'), Buffer.from('none'), Buffer.alloc(4)]);
  const name = Buffer.concat([Buffer.from('desc\0\0\0\0'), longs(4), Buffer.from('ink\0'), Buffer.alloc(80)]);
  return profile('prtrCMYKLab ', [
    ['desc', name],
    ['wtpt', white],
    ['A2B0', lut],
    ['cprt', text],
  ]);
}

/** @param kind class, colours and connection space of the profile */
function profile(kind: string, tags: readonly [name: string, value: Buffer][]): Uint8Array {
  let at = HEADER_BYTES + 4 + ENTRY_BYTES * tags.length;
  const table = [longs(tags.length)];
  for (const [tag, value] of tags) {
    table.push(Buffer.from(tag), longs(at, value.length));
    at += value.length;
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02100000, 8);
  header.write(kind, 12);
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
