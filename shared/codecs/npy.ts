import { decodeFloat16, encodeFloat16 } from './float16.ts';

/**
 * NumPy's array file format, version 1.0 (numpy.lib.format): magic, version, length of the header, the header as a
 * Python dictionary padded with spaces so that the data starts at a multiple of 64 bytes, the data in C order.
 */
export type NpyArray =
  | { dtype: '|u1'; shape: number[]; data: Uint8Array<ArrayBuffer> }
  | { dtype: '<f2'; shape: number[]; data: Float32Array<ArrayBuffer> };

type NpySource =
  | { dtype: '|u1'; shape: readonly number[]; data: Uint8Array }
  | { dtype: '<f2'; shape: readonly number[]; data: ArrayLike<number> };

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const PREFIX_LENGTH = 10;
const ALIGNMENT = 64;

/**
 * Bytes of a `.npy` file. `<f2` data are given as numbers and rounded to the nearest half.
 * @throws RangeError where shape and data differ in size
 */
export function encodeNpy(array: NpySource): Uint8Array<ArrayBuffer> {
  const size = elements(array.shape);
  if (size !== array.data.length) {
    throw new RangeError(`npy: shape (${array.shape.join(', ')}) holds ${size} values, found ${array.data.length}`);
  }
  const shape = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(', ');
  const dictionary = `{'descr': '${array.dtype}', 'fortran_order': False, 'shape': (${shape}), }`;
  const dataStart = Math.ceil((PREFIX_LENGTH + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = `${dictionary.padEnd(dataStart - PREFIX_LENGTH - 1)}\n`;

  const body = array.dtype === '|u1' ? array.data : encodeFloat16(array.data);
  const bytes = new Uint8Array(dataStart + body.length);
  bytes.set([...MAGIC, 1, 0, header.length & 0xff, header.length >> 8]);
  for (let i = 0; i < header.length; i++) bytes[PREFIX_LENGTH + i] = header.charCodeAt(i);
  bytes.set(body, dataStart);
  return bytes;
}

/**
 * Reads a `.npy` file of version 1.0, C order and dtype `|u1` or `<f2` (decoded to float32).
 * @throws Error that says what else was found
 */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  if (bytes.length < PREFIX_LENGTH || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new Error(`npy: expected the magic bytes of a NumPy file, found ${bytes.length} other bytes`);
  }
  if (bytes[6] !== 1) throw new Error(`npy: expected format version 1.0, found ${bytes[6]}.${bytes[7]}`);
  const dataStart = PREFIX_LENGTH + bytes[8] + 256 * bytes[9];
  if (dataStart > bytes.length) throw new Error('npy: expected a whole header, the file ends within it');
  const header = String.fromCharCode(...bytes.subarray(PREFIX_LENGTH, dataStart));

  if (!/'fortran_order':\s*False/.test(header)) throw new Error('npy: expected C order, found Fortran order');
  const shapeText = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (shapeText === undefined) throw new Error(`npy: expected a shape in the header, found ${header.trim()}`);
  const shape = shapeText.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));

  const dtype = /'descr':\s*'([^']*)'/.exec(header)?.[1];
  const body = bytes.subarray(dataStart);
  if (dtype === '|u1') return { dtype, shape, data: new Uint8Array(exactly(body, elements(shape))) };
  if (dtype === '<f2') return { dtype, shape, data: decodeFloat16(exactly(body, 2 * elements(shape))) };
  throw new Error(`npy: expected dtype |u1 or <f2, found ${dtype ?? header.trim()}`);
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

function exactly(body: Uint8Array, length: number): Uint8Array {
  if (body.length !== length) throw new Error(`npy: expected ${length} bytes of data, found ${body.length}`);
  return body;
}
