import { Problem } from '../../errors.ts';

/**
 * What decoding a file's messages would take, in bytes: a message of two bytes becomes an object of some hundred, and an
 * integer of one byte an object too. A network of 2 GB in few large tensors passes, 100 MB of empty nodes do not.
 */
const MOST_DECODED_BYTES = 1 << 30;
const BYTES_PER_MESSAGE = 400;
const BYTES_PER_INTEGER = 64;
const DEEPEST = 64;

/** For each message type of the ONNX specification, fields that hold messages, and those that hold many numbers. */
interface MessageType {
  messages: Readonly<Record<number, string>>;
  integers?: readonly number[];
  /** Packed numbers that become 8 bytes each, with the bytes that the smallest of them takes in the file. */
  numbers?: Readonly<Record<number, 1 | 4 | 8>>;
}

const TYPES: Readonly<Record<string, MessageType>> = {
  Model: { messages: { 7: 'Graph', 8: 'Leaf', 14: 'Leaf', 20: 'Training', 25: 'Function' } },
  Training: { messages: { 1: 'Graph', 2: 'Graph', 3: 'Leaf', 4: 'Leaf' } },
  Function: { messages: { 7: 'Node', 9: 'Leaf', 11: 'Attribute', 12: 'Value' } },
  Graph: {
    messages: { 1: 'Node', 5: 'Tensor', 11: 'Value', 12: 'Value', 13: 'Value', 14: 'Annotation', 15: 'Sparse' },
  },
  Node: { messages: { 5: 'Attribute' } },
  Attribute: {
    messages: {
      5: 'Tensor',
      6: 'Graph',
      10: 'Tensor',
      11: 'Graph',
      14: 'Type',
      15: 'Type',
      22: 'Sparse',
      23: 'Sparse',
    },
    integers: [8],
    numbers: { 7: 4 },
  },
  Tensor: { messages: { 3: 'Leaf', 13: 'Leaf' }, integers: [1, 7, 11], numbers: { 4: 4, 5: 1, 10: 8 } },
  Sparse: { messages: { 1: 'Tensor', 2: 'Tensor' }, integers: [3] },
  Value: { messages: { 2: 'Type' } },
  Type: { messages: { 1: 'TensorType', 4: 'ElementType', 5: 'MapType', 8: 'TensorType', 9: 'ElementType' } },
  TensorType: { messages: { 2: 'Shape' } },
  ElementType: { messages: { 1: 'Type' } },
  MapType: { messages: { 2: 'Type' } },
  Shape: { messages: { 1: 'Leaf' } },
  Annotation: { messages: { 2: 'Leaf' } },
  Leaf: { messages: {} },
};

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * Walks over an encoded ONNX model without decoding it.
 *
 * @throws Problem where it is not one, ends early, or would take more memory than any real network
 */
export function checkWireFormat(file: Uint8Array): void {
  let decodedBytes = 0;
  let at = 0;

  const varint = (): number => {
    let value = 0;
    for (let factor = 1, i = 0; i < 10; i++, factor *= 128) {
      if (at >= file.length) throw incomplete();
      const byte = file[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw incomplete();
  };

  const spend = (bytes: number) => {
    decodedBytes += bytes;
    if (decodedBytes > MOST_DECODED_BYTES) {
      throw new Problem('unreadable-model', 'holds more nodes, attributes and single numbers than any real network');
    }
  };

  const message = (name: string, end: number, depth: number): void => {
    if (depth > DEEPEST) throw new Problem('unreadable-model', 'nests its graphs more deeply than any real network');
    const { messages, integers, numbers } = TYPES[name];
    spend(BYTES_PER_MESSAGE);
    while (at < end) {
      const tag = varint();
      const field = Math.floor(tag / 8);
      const type = tag % 8;
      if (field === 0) throw incomplete();
      if (type === VARINT) {
        varint();
        spend(BYTES_PER_INTEGER);
      } else if (type === FIXED64 || type === FIXED32) {
        at += type === FIXED64 ? 8 : 4;
        spend(8);
      } else if (type === BYTES) {
        const length = varint();
        const inner = at + length;
        if (inner > end) throw incomplete();
        if (messages[field]) message(messages[field], inner, depth + 1);
        // A packed integer may be of one byte.
        else if (integers?.includes(field)) spend(BYTES_PER_INTEGER * length);
        else if (numbers?.[field]) spend((8 * length) / numbers[field]);
        else spend(BYTES_PER_INTEGER);
        at = inner;
      } else throw incomplete();
    }
    if (at !== end) throw incomplete();
  };

  message('Model', file.length, 0);
}

function incomplete(): Problem {
  return new Problem('unreadable-model', 'is not a complete ONNX file (truncated, or of another kind)');
}
