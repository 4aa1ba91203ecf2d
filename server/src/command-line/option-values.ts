import { InvalidArgumentError } from 'commander';
import { writtenNumber } from '../../../shared/written-number.ts';

/** Gigabytes, above 0. @throws InvalidArgumentError */
export function gigabytes(text: string): number {
  return numberWithin(text, 'a number of gigabytes above 0', (n) => n > 0);
}

/** Megabytes, above 0. @throws InvalidArgumentError */
export function megabytes(text: string): number {
  return numberWithin(text, 'a number of megabytes above 0', (n) => n > 0);
}

/** A port, 0 to 65535. @throws InvalidArgumentError */
export function port(text: string): number {
  return numberWithin(text, 'a port from 0 to 65535', (n) => Number.isInteger(n) && n >= 0 && n <= 65535);
}

/** A whole number from 1. @throws InvalidArgumentError */
export function count(text: string): number {
  return numberWithin(text, 'a whole number from 1', (n) => Number.isInteger(n) && n >= 1);
}

/** A number from 0 to 1. @throws InvalidArgumentError */
export function fraction(text: string): number {
  return numberWithin(text, 'a number from 0 to 1', (n) => n >= 0 && n <= 1);
}

/** A power, above 0 and up to 10. @throws InvalidArgumentError */
export function gamma(text: string): number {
  return numberWithin(text, 'a number above 0 and up to 10', (n) => n > 0 && n <= 10);
}

/** A scale, above 0 and up to 1. @throws InvalidArgumentError */
export function scale(text: string): number {
  return numberWithin(text, 'a number above 0 and up to 1', (n) => n > 0 && n <= 1);
}

/** `x,y,w,h`: a rectangle of slide pixels. @throws InvalidArgumentError */
export function region(text: string): { x: number; y: number; width: number; height: number } {
  const [x, y, width, height, ...rest] = text.split(',').map((part) => writtenNumber(part.trim()));
  if (![x, y, width, height].every(Number.isFinite) || rest.length > 0 || width <= 0 || height <= 0) {
    throw new InvalidArgumentError('Expected x,y,w,h in slide pixels with a width and a height above 0.');
  }
  return { x, y, width, height };
}

/** `low,high`: two scores, ascending. @throws InvalidArgumentError */
export function range(text: string): [number, number] {
  const [low, high, ...rest] = text.split(',').map((part) => writtenNumber(part.trim()));
  if (!(low < high) || !Number.isFinite(high - low) || rest.length > 0) {
    throw new InvalidArgumentError('Expected low,high with low below high.');
  }
  return [low, high];
}

/** Texts of an option that may be given again and again. */
export function repeated(text: string, previous: string[] = []): string[] {
  return [...previous, text];
}

/** A number of which `isValid` holds. @throws InvalidArgumentError that says what was expected */
export function numberWithin(text: string, expected: string, isValid: (value: number) => boolean): number {
  const value = writtenNumber(text);
  if (!isValid(value)) throw new InvalidArgumentError(`Expected ${expected}.`);
  return value;
}
