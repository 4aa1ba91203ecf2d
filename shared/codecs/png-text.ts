const HEADER_END = 8 + 25;

/**
 * A PNG with texts in chunks of their own, behind its header: `tEXt`, or `iTXt` where Latin-1 has not all letters.
 * @param texts by keyword, of 1 to 79 Latin letters
 * @param utf8 a text's bytes, for which browsers and Node have what the language itself has not
 */
export function pngWithTexts(
  png: Uint8Array,
  texts: Readonly<Record<string, string>>,
  utf8: (text: string) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const chunks = Object.entries(texts).map(([keyword, text]) => {
    const codes = Array.from(`${keyword}\0${text}`, (letter) => letter.codePointAt(0) ?? 0);
    if (codes.every((code) => code < 256)) return chunk(utf8('tEXt'), Uint8Array.from(codes));
    // Neither compressed, nor in a language that is named.
    return chunk(utf8('iTXt'), utf8(`${keyword}\0\0\0\0\0${text}`));
  });
  const parts = [png.subarray(0, HEADER_END), ...chunks, png.subarray(HEADER_END)];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function chunk(type: Uint8Array, data: Uint8Array): Uint8Array {
  const made = new Uint8Array(12 + data.length);
  const view = new DataView(made.buffer);
  view.setUint32(0, data.length);
  made.set(type, 4);
  made.set(data, 8);
  view.setUint32(8 + data.length, crc32(made.subarray(4, 8 + data.length)));
  return made;
}

/** Of ISO 3309, as PNG has it. */
function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
