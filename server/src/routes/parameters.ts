import type { ParsedUrlQuery } from 'node:querystring';
import { z } from 'zod';
import { writtenCount, writtenNumber } from '../../../shared/written-number.ts';
import { Problem } from '../errors.ts';

/**
 * How every parameter of every route is read: once, unless it may be repeated; numbers as JSON writes them, whole ones in digits
 * alone; names in full; and none that a route does not know, for a misspelt one would be answered with something else than
 * was asked for.
 */

/** Characters of a value that a message shows. */
const MOST_SHOWN = 80;

/** What is said of a value that is wrong; of one that is given twice, that. */
const told =
  (expected: string) =>
  ({ input }: { input?: unknown }) =>
    Array.isArray(input) ? 'expected it once' : expected;

/** A text that may be left out. */
export const text = (expected = 'expected a text') => z.string({ error: told(expected) }).optional();

/** A number as JSON writes it. */
export const number = (expected: string, isValid: (value: number) => boolean = () => true) =>
  z
    .string({ error: told(expected) })
    .transform(writtenNumber)
    // Somebody may find `.5` and `0x10` within the range, too.
    .refine((value) => !Number.isNaN(value), { error: `${expected}, written like 0.5 or 1e-7`, abort: true })
    .refine(isValid, { error: expected })
    .optional();

/** A whole number in digits alone. @param what is counted, for the message */
export const count = (what: string, least: number, most = Number.POSITIVE_INFINITY) =>
  read(
    `expected a whole number${what} from ${least}${most === Number.POSITIVE_INFINITY ? '' : ` to ${most}`}`,
    writtenCount,
    (value) => value >= least && value <= most,
  );

/** So many numbers, separated by commas. */
export const numbers = (amount: number, expected: string, isValid: (values: number[]) => boolean) =>
  read(
    expected,
    (value) => value.split(',').map(writtenNumber),
    (values) => values.length === amount && !values.some(Number.isNaN) && isValid(values),
  );

/** One of some names. */
export const choice = <T extends string>(options: readonly [T, ...T[]]) =>
  z.enum(options, { error: told(`expected one of ${options.join(', ')}`) }).optional();

/** `true` or `false`. */
export const flag = () => choice(['true', 'false']).transform((value) => value && value === 'true');

/** A parameter that may be given more than once. */
export const repeated = <T extends z.ZodType<string>>(schema: T) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(schema).optional());

/** A text that stands for something else. */
export function read<T>(expected: string, from: (value: string) => T, isValid: (value: T) => boolean) {
  return z
    .string({ error: told(expected) })
    .transform(from)
    .refine(isValid, { error: expected })
    .optional();
}

/** Query of an address that takes no parameters. */
export const noQuery = z.strictObject({});

/**
 * What a request's query says.
 * @throws Problem `bad-parameter` that names the parameter, what was expected and what was found
 */
export function parseQuery<T extends z.ZodObject>(schema: T, query: ParsedUrlQuery): z.infer<T> {
  const parsed = schema.safeParse({ ...query });
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown !== undefined) {
    const names = Object.keys(schema.shape);
    const expected = names.length === 0 ? 'no parameters' : `only parameters among ${names.join(', ')}`;
    throw new Problem('bad-parameter', `query: expected ${expected}, found ${shown(unknown.keys[0])}`);
  }
  const [{ path, message }] = issues;
  const found = Object.entries(query).find(([key]) => key === String(path[0]))?.[1];
  throw new Problem('bad-parameter', `${path.join('.')}: ${message}, found ${shown(found)}`);
}

/**
 * What a request's body says.
 * @throws Problem `bad-parameter` that names the field, what was expected and what was found
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const found = issue.path.reduce<unknown>((value, key) => Object(value)[key], body);
  throw new Problem('bad-parameter', `${issue.path.join('.') || 'body'}: ${issue.message}, found ${shown(found)}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}...` : text;
}
