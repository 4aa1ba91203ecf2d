import { afterEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { createFetcher } from '../../../../server/src/slides/remote/fetcher.ts';
import { headersFor, headersSchema, sourceHeaders } from '../../../../server/src/slides/remote/source-headers.ts';
import { hosts, tileServer } from './tile-server.ts';

const WANTED = { kind: 'picture', mostBytes: 1000 } as const;
const SECRET = 'Bearer very-secret';

afterEach(() => vi.unstubAllEnvs());

test.each<[unknown, string | undefined]>([
  [{ Authorization: { env: 'CAM_TOKEN' }, 'X-Tenant': 'a b' }, undefined],
  [{}, undefined],
  ['Authorization: a', 'expected an object of headers'],
  [{ Authorization: { env: 'AWS_SECRET_ACCESS_KEY' } }, 'that begins with CAM_'],
  [{ Authorization: { env: 'CAM_' } }, 'that begins with CAM_'],
  [{ Authorization: { env: 'CAM_A', more: 1 } }, 'that begins with CAM_'],
  [{ Authorization: 7 }, 'expected a text, or {"env": "CAM_..."}'],
  [{ Authorization: 'a\r\nHost: b' }, 'expected a text'],
  [{ Authorization: '' }, 'expected a text'],
  [{ 'a b': 'c' }, 'expected names of headers'],
  [{ 'a\nb': 'c' }, 'expected names of headers'],
  [{ Host: 'metadata' }, 'none of those that say how a request is made'],
  [{ 'transfer-encoding': 'chunked' }, 'none of those'],
  [{ 'Proxy-Authorization': 'a' }, 'none of those'],
  [Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`a${i}`, 'b'])), 'expected at most 20 headers'],
])('of %j is said: %s', (headers, message) => {
  const { error } = headersSchema.safeParse(headers);
  if (message === undefined) expect(error).toBeUndefined();
  else expect(error && z.prettifyError(error)).toContain(message);
});

test.each([
  ['https://tiles.example/a/0_0.png', true],
  ['https://tiles.example:443/b', true],
  ['https://tiles.example:8443/b', false],
  ['http://tiles.example/b', false],
  ['https://tiles.example.evil.example/b', false],
  ['https://a.tiles.example/b', false],
])('%s gets the headers of https://tiles.example: %s', (address, isOwn) => {
  vi.stubEnv('CAM_TOKEN', SECRET);
  const source = sourceHeaders('https://tiles.example/a.dzi', { Authorization: { env: 'CAM_TOKEN' }, 'X-A': 'b' });
  expect(headersFor(new URL(address), source)).toEqual(isOwn ? { Authorization: SECRET, 'X-A': 'b' } : {});
});

test('headers reach their own server, and none that it redirects to; what they hold is in no message', async () => {
  vi.stubEnv('CAM_TOKEN', SECRET);
  const seen: Record<string, string | undefined> = {};
  const other = await tileServer(({ url = '', headers }, response) => {
    seen[`other ${url}`] = headers.authorization;
    response.writeHead(401).end();
  });
  const own = await tileServer(({ url = '', headers }, response) => {
    seen[url] = headers.authorization;
    const target = url === '/away' ? `${other.address}/b` : '/c';
    if (url.startsWith('/a')) response.writeHead(302, { location: target }).end();
    else if (headers.authorization !== SECRET) response.writeHead(401).end();
    else response.writeHead(200, { 'content-type': 'image/png' }).end('pixels');
  });
  const fetcher = createFetcher(hosts(own.host, other.host), { backoffSeconds: 0.01 });
  const headers = sourceHeaders(own.address, { authorization: { env: 'CAM_TOKEN' } });
  const fetch = (path: string, given = headers) =>
    fetcher.fetch(own.address + path, { ...WANTED, headers: given }, '1');

  expect((await fetch('/a')).bytes.toString()).toBe('pixels');
  expect((await fetch('/c')).bytes.toString()).toBe('pixels');
  // Nor is what they opened given to a slide without them.
  await expect(fetcher.fetch(`${own.address}/c`, WANTED, '1')).rejects.toThrow('status 401: it wants to know who asks');
  await expect(fetch('/away')).rejects.toThrow(`the headers of the file are for ${own.address} alone`);
  expect(seen).toMatchObject({ '/a': SECRET, '/away': SECRET, 'other /b': undefined });

  vi.stubEnv('CAM_TOKEN', 'wrong-secret');
  const refused = await fetch('/d').catch(String);
  expect(refused).toContain('status 401: it does not take the headers of the file');
  vi.stubEnv('CAM_TOKEN', 'broken\nsecret');
  const broken = await fetch('/e').catch(String);
  expect(broken).toContain('the environment variable CAM_TOKEN, which has a text that no header can have');
  vi.stubEnv('CAM_TOKEN', undefined);
  await expect(fetch('/f')).rejects.toThrow('CAM_TOKEN, which is not set');
  expect(`${refused}${broken}`).not.toContain('secret');
});
