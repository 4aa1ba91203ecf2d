/** `ModelProto` of ONNX: the number of its first field, a version, and of those of which one must be there. */
const IR_VERSION = 1;
const GRAPH = 7;
const OPSETS = 8;
const MAX_IR_VERSION = 100;

const VARINT = 0;
const BYTES = 2;

/** Whether bytes begin as an ONNX model does that was written field by field; it has no signature. */
export function isOnnx(head: Uint8Array): boolean {
  if (head[0] !== IR_VERSION * 8 + VARINT || head[1] === 0 || head[1] > MAX_IR_VERSION) return false;
  for (let at = 2; at < head.length; ) {
    const tag = head[at++];
    const field = tag >> 3;
    const type = tag & 7;
    if (type === BYTES && (field === GRAPH || field === OPSETS)) return true;
    const number = varint(head, at);
    if (!number || (type !== VARINT && type !== BYTES)) return false;
    at = number.end + (type === BYTES ? number.value : 0);
  }
  return false;
}

function varint(bytes: Uint8Array, start: number): { value: number; end: number } | null {
  let value = 0;
  for (let at = start; at < Math.min(bytes.length, start + 5); at++) {
    value += (bytes[at] & 0x7f) * 2 ** (7 * (at - start));
    if (bytes[at] < 0x80) return { value, end: at + 1 };
  }
  return null;
}
