import { expect, test } from 'vitest';
import { writtenCount, writtenNumber } from '../../shared/written-number.ts';

test.each([
  ['0', 0],
  ['12', 12],
  ['-0.5', -0.5],
  ['1e-7', 1e-7],
  ['1.5E+3', 1500],
  ['0x10', Number.NaN],
  ['01', Number.NaN],
  ['+1', Number.NaN],
  ['.5', Number.NaN],
  ['5.', Number.NaN],
  [' 1', Number.NaN],
  ['', Number.NaN],
  ['1e999', Number.NaN],
  ['NaN', Number.NaN],
  ['Infinity', Number.NaN],
  ['1_000', Number.NaN],
  ['٣', Number.NaN],
])('the number %j is %d', (text, number) => {
  expect(writtenNumber(text)).toBe(number);
});

test.each([
  ['0', 0],
  ['12', 12],
  ['9007199254740991', 2 ** 53 - 1],
  ['9007199254740993', Number.NaN],
  ['1e1', Number.NaN],
  ['1.0', Number.NaN],
  ['-1', Number.NaN],
  ['-0', Number.NaN],
  ['007', Number.NaN],
  ['0b1', Number.NaN],
  ['', Number.NaN],
])('the whole number %j is %d', (text, number) => {
  expect(writtenCount(text)).toBe(number);
});
