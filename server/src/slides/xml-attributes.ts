/** Attributes of an XML element by their names, entities resolved. @param text between its name and its end */
export function attributesOf(text: string): Map<string, string> {
  return new Map([...text.matchAll(/([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map((m) => [m[1], plain(m[2] ?? m[3])]));
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Text with its entities resolved. */
function plain(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

const BYTE_ORDER_MARKS: [string, string][] = [
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
];

/** The text of an XML file's bytes: UTF-8, or UTF-16 with a byte order mark. */
export function xmlText(bytes: Uint8Array): string {
  const mark = Buffer.from(bytes.subarray(0, 2)).toString('hex');
  const encoding = BYTE_ORDER_MARKS.find(([start]) => start === mark)?.[1] ?? 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
