import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { createFetcher, type FetcherOptions } from '../../../../server/src/slides/remote/fetcher.ts';
import { hosts, type TileServer, tileServer } from './tile-server.ts';

const WANTED = { kind: 'picture', mostBytes: 1000 } as const;
const FAST: FetcherOptions = { attemptSeconds: 30, backoffSeconds: 0.01 };

const send =
  (body: string | Buffer, headers: Record<string, string> = { 'content-type': 'image/png' }, status = 200) =>
  (_request: IncomingMessage, response: ServerResponse) =>
    response.writeHead(status, headers).end(body);
const fetcherFor = (server: TileServer, options: FetcherOptions = {}) =>
  createFetcher(hosts(server.host), { ...FAST, ...options });
/** What fetching one path of a server ends in. */
const failure = async (server: TileServer, options: FetcherOptions = {}) =>
  fetcherFor(server, options)
    .fetch(`${server.address}/a`, WANTED)
    .then(
      () => 'fetched',
      ({ kind, message }) => `${kind}: ${message}`,
    );

test('bodies come as they are, also when compressed', async () => {
  const server = await tileServer((request, response) => {
    if (request.url === '/plain') return send('pixels')(request, response);
    return send(gzipSync('pixels'), { 'content-encoding': 'gzip' })(request, response);
  });
  const fetcher = fetcherFor(server);
  for (const path of ['/plain', '/zip']) {
    const { bytes, address } = await fetcher.fetch(server.address + path, WANTED);
    expect([bytes.toString(), address]).toEqual(['pixels', server.address + path]);
  }
});

test('nothing is fetched from a host that is not listed', async () => {
  const server = await tileServer(send('pixels'));
  const fetcher = createFetcher(hosts('tiles.example.org'), FAST);
  await expect(fetcher.fetch(`${server.address}/a`, WANTED)).rejects.toThrow(
    `pixels are fetched only from hosts named with --remote-host, ${server.host} is not one`,
  );
  for (const address of ['file:///etc/passwd', 'ftp://tiles.example.org/', 'nothing']) {
    await expect(fetcher.fetch(address, WANTED)).rejects.toThrow(/address/);
  }
  expect(server.asked).toEqual([]);
});

test('redirects are followed on the list and nowhere else', async () => {
  const other = await tileServer(send('pixels'));
  let target = '/b';
  const server = await tileServer((request, response) => {
    if (request.url === '/b') return send('pixels')(request, response);
    return send('', { location: target }, 302)(request, response);
  });
  const fetched = await fetcherFor(server).fetch(`${server.address}/a`, WANTED);
  expect(fetched.address).toBe(`${server.address}/b`);
  for (const elsewhere of [
    `${other.address}/`,
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://localhost:1/',
  ]) {
    target = elsewhere;
    expect(await failure(server)).toContain(`--remote-host, ${new URL(elsewhere).host} is not one`);
  }
  target = '//';
  expect(await failure(server)).toBe('wrong: "//" is no address');
  target = 'file:///etc/passwd';
  expect(await failure(server)).toContain('forbidden: an address of http or https was expected');
  target = '/a';
  expect(await failure(server)).toBe('wrong: it redirects more than 5 times');
  expect(other.asked).toEqual([]);
});

test('a name that comes to stand for another address is connected to no more', async () => {
  const server = await tileServer(send('pixels', { 'content-type': 'image/png', connection: 'close' }));
  const { port } = new URL(server.address);
  const found = [[{ address: '127.0.0.1', family: 4 }], [{ address: '::ffff:7f00:1', family: 6 }]];
  const resolve = async () => found.shift() ?? [{ address: '10.0.0.1', family: 4 }];
  const listed = hosts(`tiles.example.org:${port}`);
  const fetcher = createFetcher(listed, { ...FAST, resolve });
  for (const address of ['127.0.0.1', '::ffff:7f00:1', '10.0.0.1']) {
    await expect(fetcher.fetch(`http://tiles.example.org:${port}/${address}`, WANTED)).rejects.toThrow(
      `tiles.example.org stands for ${address}, which is not on the internet`,
    );
  }
  expect(server.asked).toEqual([]);
  // The same name, once it may stand for this machine.
  const own = createFetcher(hosts(`a.localhost:${port}`), {
    ...FAST,
    resolve: async () => [{ address: '127.0.0.1', family: 4 }],
  });
  expect((await own.fetch(`http://a.localhost:${port}/`, WANTED)).bytes.toString()).toBe('pixels');
});

const drip = (_request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'image/png' });
  const timer = setInterval(() => response.write('.'), 20);
  response.once('close', () => clearInterval(timer));
};
const endless = (headers: Record<string, string>) => (_request: IncomingMessage, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'image/png', ...headers });
  const timer = setInterval(() => response.write(Buffer.alloc(2000)), 20);
  response.once('close', () => clearInterval(timer));
};
const bomb = gzipSync(Buffer.alloc(1e7));

test.each<[string, Parameters<typeof tileServer>[0], string]>([
  ['a slow drip', drip, 'unavailable: it was not there whole after 0.5 s'],
  ['silence', () => {}, 'unavailable: it was not there whole after 0.5 s'],
  ['an endless body', endless({}), 'wrong: it has more, at most 1000 bytes were expected'],
  ['a body that says it is large', endless({ 'content-length': '5000' }), 'wrong: it has 5000 bytes'],
  ['a bomb', send(bomb, { 'content-encoding': 'gzip' }), 'wrong: it has more, at most 1000 bytes were expected'],
  ['a page', send('<html>', { 'content-type': 'text/html; charset=utf-8' }), 'wrong: it is of type "text/html"'],
  ['a compression unasked for', send('', { 'content-encoding': 'br' }), 'wrong: it is compressed as "br"'],
  ['no such thing', send('', {}, 404), 'missing: it is missing there (status 404)'],
  ['a refusal', send('', {}, 401), 'wrong: its server answered with status 401'],
  ['a redirect to nowhere', send('', {}, 301), 'wrong: status 301 came without a Location'],
  ['a broken connection', (request) => request.socket.destroy(), 'unavailable: its server cannot be reached'],
])('%s', async (_name, answer, message) => {
  const server = await tileServer(answer);
  const attemptSeconds = message.includes('after 0.5 s') ? 0.5 : 30;
  expect(await failure(server, { attemptSeconds })).toContain(message);
  // What will not pass is not tried again.
  expect(server.asked).toHaveLength(message.startsWith('unavailable') ? 3 : 1);
});

test('trouble that passes is waited out', async () => {
  const answers = [send('', {}, 503), send('', { 'retry-after': '0' }, 429)];
  const server = await tileServer((request, response) => (answers.shift() ?? send('pixels'))(request, response));
  expect((await fetcherFor(server).fetch(`${server.address}/a`, WANTED)).bytes.toString()).toBe('pixels');
  expect(server.asked).toHaveLength(3);
  const down = await tileServer(send('', { 'retry-after': '3600' }, 503));
  expect(await failure(down)).toBe('unavailable: its server answered with status 503');
  expect(down.asked).toHaveLength(1);
});

test('a server whose certificate nobody trusts is told from one that is down', async () => {
  const read = (name: string) => readFile(fileURLToPath(new URL(`./certificate/${name}`, import.meta.url)));
  const [key, cert] = await Promise.all([read('key.pem'), read('certificate.pem')]);
  const server = createServer({ key, cert }, send('pixels'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  try {
    const fetcher = createFetcher(hosts(`127.0.0.1:${port}`), FAST);
    const failure = await fetcher.fetch(`https://127.0.0.1:${port}/`, WANTED).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'wrong',
      message: 'the certificate of its server is not trusted (self-signed certificate)',
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('a server that does not answer is left alone for a moment, one that answers with trouble is not', async () => {
  const silent = await tileServer(() => {});
  const fetcher = createFetcher(hosts(silent.host), { ...FAST, attemptSeconds: 0.3 });
  const addresses = Array.from({ length: 20 }, (_, i) => `${silent.address}/${i}`);
  const outcomes = await Promise.allSettled(addresses.map((address) => fetcher.fetch(address, WANTED)));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  // The first six, three times each.
  expect(silent.asked.length).toBeLessThanOrEqual(18);
  const asked = silent.asked.length;
  await expect(fetcher.fetch(`${silent.address}/again`, WANTED)).rejects.toThrow('it was not there whole after 0.3 s');
  expect(silent.asked).toHaveLength(asked);

  const troubled = await tileServer((request, response) => {
    if (request.url === '/cut') return void request.socket.destroy();
    const answer = request.url === '/bad' ? send('', {}, 500) : request.url === '/slow' ? drip : send('pixels');
    answer(request, response);
  });
  const other = createFetcher(hosts(troubled.host), { ...FAST, attemptSeconds: 0.3 });
  for (const path of ['/bad', '/slow', '/cut'])
    await expect(other.fetch(troubled.address + path, WANTED)).rejects.toThrow();
  expect((await other.fetch(`${troubled.address}/good`, WANTED)).bytes.toString()).toBe('pixels');
});

test('what is wanted twice is fetched once, as long as memory lasts; failures are not kept', async () => {
  const server = await tileServer((request, response) =>
    request.url === '/missing' ? send('', {}, 404)(request, response) : send('x'.repeat(400))(request, response),
  );
  const fetcher = fetcherFor(server, { cacheBytes: 1500 });
  const fetch = (path: string, keep?: string) => fetcher.fetch(server.address + path, WANTED, keep);
  await Promise.all([fetch('/a', '1'), fetch('/a', '1')]);
  await fetch('/a', '1');
  expect(server.asked).toEqual(['/a']);
  await fetch('/a', '2');
  await fetch('/b', '1');
  await fetch('/a', '1');
  expect(server.asked).toEqual(['/a', '/a', '/b', '/a']);
  await expect(fetch('/missing', '1')).rejects.toThrow('missing');
  await expect(fetch('/missing', '1')).rejects.toThrow('missing');
  expect(server.asked.filter((path) => path === '/missing')).toHaveLength(2);
});

test('no more than six requests to a server are under way at once', async () => {
  let running = 0;
  let most = 0;
  const server = await tileServer((request, response) => {
    most = Math.max(most, ++running);
    setTimeout(() => {
      running--;
      send('pixels')(request, response);
    }, 20);
  });
  const fetcher = fetcherFor(server);
  await Promise.all(Array.from({ length: 30 }, (_, i) => fetcher.fetch(`${server.address}/${i}`, WANTED)));
  expect(most).toBe(6);
  expect(server.asked).toHaveLength(30);
});
