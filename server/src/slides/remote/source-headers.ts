import { z } from 'zod';
import { RemoteError } from './remote-error.ts';

/**
 * Headers that a server of tiles wants, as the slide's file names them: the secrets themselves stay in the environment of the
 * process that fetches, and are in no file, description, message or log.
 */
export interface SourceHeaders {
  /** The only one that they are sent to. */
  origin: string;
  headers: Readonly<Record<string, HeaderValue>>;
}

type HeaderValue = string | { env: string };

/** Slides' files must not have any other secret of the server's environment sent somewhere. */
const VARIABLE = /^CAM_\w{1,100}$/;

/** Those that say how a request is made, which is not for a file to say. */
const OWN =
  /^(host|connection|keep-alive|content-.*|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|proxy-.*)$/i;

/** Visible characters and spaces between them (RFC 9110, 5.5). */
const VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

const LONGEST_VALUE = 4096;
const MOST_HEADERS = 20;

const NAME = 'expected names of headers, none of those that say how a request is made';
const EXPECTED =
  'expected a text, or {"env": "CAM_..."} with the name of an environment variable that begins with CAM_';

export const headersSchema = z
  .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/), z.custom<HeaderValue>(isHeaderValue, { error: EXPECTED }), {
    error: ({ code }) => (code === 'invalid_key' ? NAME : 'expected an object of headers'),
  })
  .refine((headers) => !Object.keys(headers).some((name) => OWN.test(name)), NAME)
  .refine((headers) => Object.keys(headers).length <= MOST_HEADERS, `expected at most ${MOST_HEADERS} headers`);

function isHeaderValue(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= LONGEST_VALUE && VALUE.test(value);
  const isPlain = typeof value === 'object' && value !== null && Object.keys(value).join() === 'env';
  return isPlain && VARIABLE.test(String(Reflect.get(value, 'env')));
}

/** @param address of the image, whose origin alone gets the headers */
export function sourceHeaders(
  address: string,
  headers: Readonly<Record<string, HeaderValue>> | undefined,
): SourceHeaders | undefined {
  return headers && { origin: new URL(address).origin, headers };
}

/**
 * What is sent with a request to an address: nothing unless that is of the headers' own origin.
 * @throws RemoteError that names a variable that is not set, and never says what one holds
 */
export function headersFor(url: URL, source: SourceHeaders | undefined): Record<string, string> {
  if (source === undefined || url.origin !== source.origin) return {};
  return Object.fromEntries(Object.entries(source.headers).map(([name, value]) => [name, textOf(name, value)]));
}

function textOf(name: string, value: HeaderValue): string {
  if (typeof value === 'string') return value;
  const text = process.env[value.env];
  if (text !== undefined && VALUE.test(text)) return text;
  const found = text === undefined ? 'is not set' : 'has a text that no header can have';
  throw new RemoteError(
    'wrong',
    `its header ${name} is to come from the environment variable ${value.env}, which ${found}`,
  );
}
