import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { decodeNpy, encodeNpy } from '../../../shared/codecs/npy.ts';

/** Bytes that `numpy.save` writes for the two arrays below (`numpy.lib.format.write_array(..., version=(1, 0))`). */
const GOLDEN_U1 = `${header("{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }")}000102fdfeff`;
const GOLDEN_F2 = `${header("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }")}003c55b5007c`;

function header(dictionary: string): string {
  return Buffer.from(`\x93NUMPY\x01\x00\x76\x00${dictionary.padEnd(117)}\n`, 'latin1').toString('hex');
}

const bytes = { dtype: '|u1', shape: [2, 3], data: Uint8Array.of(0, 1, 2, 253, 254, 255) } as const;
const halves = { dtype: '<f2', shape: [3], data: Float32Array.of(1, -1 / 3, Number.POSITIVE_INFINITY) } as const;

test('writes the bytes that NumPy writes', () => {
  expect(Buffer.from(encodeNpy(bytes)).toString('hex')).toBe(GOLDEN_U1);
  expect(Buffer.from(encodeNpy(halves)).toString('hex')).toBe(GOLDEN_F2);
});

test('reads what it wrote', () => {
  expect(decodeNpy(encodeNpy(bytes))).toEqual({ ...bytes, shape: [2, 3] });
  const { data, shape } = decodeNpy(encodeNpy(halves));
  expect(shape).toEqual([3]);
  expect([...data]).toEqual([1, -0.333251953125, Number.POSITIVE_INFINITY]);
  expect(decodeNpy(encodeNpy({ dtype: '|u1', shape: [4, 0, 7], data: new Uint8Array(0) })).shape).toEqual([4, 0, 7]);
});

const python = process.env.CAM_PYTHON ?? 'python3';
const hasNumpy = spawnSync(python, ['-c', 'import numpy']).status === 0;
test.skipIf(!hasNumpy)('numpy.load reads it', () => {
  const script =
    'import io,sys,json,numpy as n; a=n.load(io.BytesIO(sys.stdin.buffer.read())); print(json.dumps([str(a.dtype), a.tolist()]))';
  const load = (input: Uint8Array) => JSON.parse(execFileSync(python, ['-c', script], { input, encoding: 'utf8' }));
  expect(load(encodeNpy(bytes))).toEqual([
    'uint8',
    [
      [0, 1, 2],
      [253, 254, 255],
    ],
  ]);
  expect(load(encodeNpy({ ...halves, data: [1, -1 / 3, 6e-8] }))).toEqual(['float16', [1, -0.333251953125, 2 ** -24]]);
});

const written = encodeNpy(bytes);
const edited = (from: string, to: string) =>
  Uint8Array.from(Buffer.from(Buffer.from(written).toString('latin1').replace(from, to), 'latin1'));
test.each<[string, Uint8Array, RegExp]>([
  ['an HTML page', new TextEncoder().encode('<!doctype html>'), /magic bytes of a NumPy file/],
  ['nothing', new Uint8Array(0), /magic bytes/],
  ['another version', Uint8Array.from(written, (byte, i) => (i === 6 ? 2 : byte)), /version 1\.0, found 2\.0/],
  ['another dtype', edited('|u1', '<f4'), /\|u1 or <f2, found <f4/],
  ['Fortran order', edited('False', 'True '), /found Fortran order/],
  ['too few bytes', written.subarray(0, written.length - 1), /expected 6 bytes of data, found 5/],
  ['too many bytes', Uint8Array.from([...written, 0]), /expected 6 bytes of data, found 7/],
  ['half a header', written.subarray(0, 40), /ends within it/],
])('refuses %s', (_name, input, message) => {
  expect(() => decodeNpy(input)).toThrow(message);
});

test('refuses to write a shape that does not hold the data', () => {
  expect(() => encodeNpy({ ...bytes, shape: [2, 2] })).toThrow(/holds 4 values, found 6/);
});
