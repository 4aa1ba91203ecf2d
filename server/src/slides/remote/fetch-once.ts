import type { LookupAddress } from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { createGunzip } from 'node:zlib';
import { reason } from '../image-file.ts';
import { RemoteError } from './remote-error.ts';
import { entryFor, mayConnect, type RemoteHost, type RemoteHosts } from './remote-hosts.ts';
import { headersFor, type SourceHeaders } from './source-headers.ts';

/** What an answer has to be. */
export interface Wanted {
  kind: 'descriptor' | 'picture';
  mostBytes: number;
  /** Sent to their own origin alone, wherever redirects lead. */
  headers?: SourceHeaders;
}

export interface RemoteBody {
  bytes: Buffer;
  /** Where it was found in the end. */
  address: string;
}

/** All addresses of a name, as the system's resolver has them. */
export type Resolve = (name: string) => Promise<LookupAddress[]>;

export interface Connection {
  remote: RemoteHosts;
  resolve: Resolve;
  agents: { http: http.Agent; https: https.Agent };
  /** Ends what takes too long; `seconds` is for the message. */
  signal: AbortSignal;
  seconds: number;
}

const MOST_REDIRECTS = 5;

const ACCEPT = {
  descriptor: 'application/json, application/ld+json;q=0.9, application/xml, text/xml, */*;q=0.1',
  picture: 'image/png, image/jpeg, image/webp, */*;q=0.1',
};

/** Of servers that know no better of any file. */
const UNTOLD_TYPES = ['', 'application/octet-stream', 'binary/octet-stream'];

/** Codes of errors in certificates, of OpenSSL and of Node. */
const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY|DECRYPT)/;

/** Statuses that tell of a server in trouble. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504, 520, 522, 524]);
/** Stores of objects answer 403 for what is not there. */
const MISSING = new Set([403, 404, 410]);

/**
 * Fetches an address, and follows redirects as long as each leads to a host of the list. Names are resolved here, and only
 * addresses that the list allows are connected to.
 * @throws RemoteError
 */
export async function fetchOnce(address: string, wanted: Wanted, connection: Connection): Promise<RemoteBody> {
  let url = parsed(address);
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const response = await request(url, wanted, connection);
    const next = redirectOf(url, response);
    if (next === null) return { bytes: await bodyOf(response, wanted, connection), address: url.href };
    response.destroy();
    url = next;
  }
  throw new RemoteError('wrong', `it redirects more than ${MOST_REDIRECTS} times`);
}

function parsed(address: string, base?: URL): URL {
  if (!URL.canParse(address, base?.href)) throw new RemoteError('wrong', `${shown(address)} is no address`);
  return new URL(address, base);
}

function redirectOf(url: URL, { statusCode = 0, headers }: IncomingMessage): URL | null {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return null;
  if (headers.location === undefined) throw new RemoteError('wrong', `status ${statusCode} came without a Location`);
  const next = parsed(headers.location, url);
  if (url.protocol === 'https:' && next.protocol === 'http:') {
    throw new RemoteError('forbidden', `it redirects from https to ${shown(next.href)}`);
  }
  return next;
}

async function request(url: URL, { kind, headers }: Wanted, connection: Connection): Promise<IncomingMessage> {
  const { remote, agents, signal } = connection;
  const entry = entryFor(remote, url);
  if (entry === undefined) throw notListed(url);
  if (url.username !== '' || url.password !== '') {
    throw new RemoteError(
      'wrong',
      'an address without a name and a password of a user was expected; "headers" can say who asks',
    );
  }
  const own = headersFor(url, headers);
  const module = url.protocol === 'https:' ? https : http;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = module.get(url, {
      agent: url.protocol === 'https:' ? agents.https : agents.http,
      headers: {
        accept: ACCEPT[kind],
        'user-agent': 'openseadragon-cam',
        ...lowerCase(own),
        'accept-encoding': 'gzip',
      },
      lookup: lookupFor(entry, connection),
      signal,
    });
    sent.once('response', resolve);
    sent.once('error', (error) => reject(unavailable(error, connection, true)));
  });
  const { statusCode = 0 } = response;
  if (statusCode === 200 || (statusCode >= 300 && statusCode < 400)) return response;
  response.destroy();
  if (statusCode === 401 || statusCode === 407) throw unknownClient(url, statusCode, headers);
  if (MISSING.has(statusCode)) throw new RemoteError('missing', `it is missing there (status ${statusCode})`);
  const retryAfter = Number(response.headers['retry-after']);
  const isPassing = PASSING.has(statusCode);
  throw new RemoteError(isPassing ? 'unavailable' : 'wrong', `its server answered with status ${statusCode}`, {
    ...(retryAfter > 0 && { retryAfter }),
  });
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function unknownClient({ origin }: URL, status: number, headers: SourceHeaders | undefined): RemoteError {
  let hint = 'it wants to know who asks, which "headers" in the file can say';
  if (headers !== undefined) {
    const isOwn = headers.origin === origin;
    hint = isOwn
      ? 'it does not take the headers of the file'
      : `the headers of the file are for ${headers.origin} alone`;
  }
  return new RemoteError('wrong', `its server answered with status ${status}: ${hint}`);
}

function notListed({ protocol, host, href }: URL): RemoteError {
  if (protocol !== 'http:' && protocol !== 'https:') {
    return new RemoteError('forbidden', `an address of http or https was expected, found ${shown(href)}`);
  }
  return new RemoteError(
    'forbidden',
    `pixels are fetched only from hosts named with --remote-host, ${host} is not one`,
  );
}

/**
 * Resolves a listed name when a connection to it is made: what a name stood for a moment ago says nothing. Node does not
 * ask for hosts that are addresses, which are in the list as they are.
 */
function lookupFor(entry: RemoteHost, { remote, resolve }: Connection): LookupFunction {
  return (name, options, callback) => {
    resolve(name).then(
      (found) => {
        const allowed = found.filter(({ address }) => mayConnect(remote, entry, address));
        if (allowed.length === 0) return callback(refusedAddress(entry, found), '');
        if (options.all) callback(null, allowed);
        else callback(null, allowed[0].address, allowed[0].family);
      },
      (error) => callback(error, ''),
    );
  };
}

function refusedAddress({ host }: RemoteHost, [found]: readonly LookupAddress[]): Error {
  if (found === undefined) return new RemoteError('unavailable', `${host} has no address`);
  return new RemoteError(
    'forbidden',
    `${host} stands for ${found.address}, which is not on the internet; --remote-private allows private networks`,
  );
}

/** @param unanswered whether it failed before there was an answer */
function unavailable(error: unknown, { signal, seconds }: Connection, unanswered: boolean): RemoteError {
  if (error instanceof RemoteError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (UNTRUSTED.test(code)) {
    return new RemoteError('wrong', `the certificate of its server is not trusted (${reason(error)})`, {
      cause: error,
    });
  }
  const message = signal.aborted
    ? `it was not there whole after ${seconds} s`
    : `its server cannot be reached (${reason(error)})`;
  // A connection that is cut off was made: the server answers others.
  return new RemoteError('unavailable', message, { cause: error, unanswered: unanswered && code !== 'ECONNRESET' });
}

async function bodyOf(response: IncomingMessage, { kind, mostBytes }: Wanted, connection: Connection): Promise<Buffer> {
  const { headers } = response;
  try {
    if (response.statusCode !== 200) throw new RemoteError('wrong', `its server answered with ${response.statusCode}`);
    checkType(headers['content-type'], kind);
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== 'identity' && encoding !== 'gzip') {
      throw new RemoteError('wrong', `it is compressed as ${shown(encoding)}, gzip or nothing was expected`);
    }
    const promised = Number(headers['content-length'] ?? 0);
    if (promised > mostBytes) throw tooLarge(`${promised} bytes`, mostBytes);
    return await collected(encoding === 'gzip' ? unpacked(response) : response, mostBytes);
  } catch (error) {
    response.destroy();
    throw unavailable(error, connection, false);
  }
}

function unpacked(response: IncomingMessage): AsyncIterable<Buffer> {
  const gunzip = createGunzip();
  response.once('error', (error) => gunzip.destroy(error));
  return response.pipe(gunzip);
}

async function collected(body: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > mostBytes) throw tooLarge('more', mostBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(found: string, mostBytes: number): RemoteError {
  return new RemoteError('wrong', `it has ${found}, at most ${mostBytes} bytes were expected`);
}

function checkType(header: string | undefined, kind: Wanted['kind']): void {
  const [type] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const isUntold = UNTOLD_TYPES.includes(type);
  const isGood =
    kind === 'picture'
      ? type.startsWith('image/')
      : /[/+](json|xml)$/.test(type) || type === 'text/plain' || type === 'text/json';
  if (isGood || isUntold) return;
  const expected = kind === 'picture' ? 'an image' : 'JSON or XML';
  throw new RemoteError('wrong', `it is of type ${shown(type)}, ${expected} was expected`);
}

/** Somebody else's text, short enough for a message. */
function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}...` : text);
}
