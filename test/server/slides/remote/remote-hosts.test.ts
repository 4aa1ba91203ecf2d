import { expect, test } from 'vitest';
import { entryFor, mayConnect, parseRemoteHost } from '../../../../server/src/slides/remote/remote-hosts.ts';
import { hosts } from './tile-server.ts';

test.each([
  ['Tiles.Example.org', 'tiles.example.org', null],
  ['tiles.example.org:8182', 'tiles.example.org', 8182],
  ['127.0.0.1:80', '127.0.0.1', 80],
  ['0x7f.1', '127.0.0.1', null],
  ['[::1]:9000', '[::1]', 9000],
  ['[::1]', '[::1]', null],
])('%s is read', (text, host, port) => {
  expect(parseRemoteHost(text)).toEqual({ host, port });
});

test.each(['', ':80', 'a:0', 'a:70000', 'https://a', 'a/b', 'a?b', 'u@a', 'a b', 'a:80:90', '[::1', '*'])(
  '%j is refused',
  (text) => {
    const message = `--remote-host: expected HOST or HOST:PORT, found ${JSON.stringify(text)}`;
    expect(() => parseRemoteHost(text)).toThrow(message);
  },
);

test('an entry allows its own host and port alone', () => {
  const list = hosts('a.org', 'b.org:8080');
  const isAllowed = (address: string) => entryFor(list, new URL(address)) !== undefined;
  expect(['http://a.org/x', 'https://a.org', 'https://A.org:443/', 'http://b.org:8080/'].every(isAllowed)).toBe(true);
  const others = ['http://a.org:8080/', 'https://b.org/', 'http://x.a.org/', 'http://a.org.x/', 'ftp://a.org/'];
  expect(others.filter(isAllowed)).toEqual([]);
});

test.each([
  ['tiles.org', '8.8.8.8', true, true],
  ['tiles.org', '10.0.0.1', false, true],
  ['tiles.org', '::ffff:10.0.0.1', false, true],
  ['tiles.org', '127.0.0.1', false, false],
  ['tiles.org', '::ffff:7f00:1', false, false],
  ['tiles.org', '169.254.169.254', false, false],
  ['localhost', '127.0.0.1', true, true],
  ['localhost', '::1', true, true],
  ['localhost', '10.0.0.1', false, true],
  ['127.0.0.1', '127.0.0.1', true, true],
])('%s at %s: %s, in private networks %s', (name, address, open, inside) => {
  const entry = parseRemoteHost(name);
  expect(mayConnect({ hosts: [entry], privateNetworks: false }, entry, address)).toBe(open);
  expect(mayConnect({ hosts: [entry], privateNetworks: true }, entry, address)).toBe(inside);
});
