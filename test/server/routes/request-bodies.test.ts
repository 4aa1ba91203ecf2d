import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { useServer } from '../../served-catalogue.ts';

const HEATMAP = 'heatmaps/tissue.tif/tissue.h5';
const server = useServer();

const REGION = 'expected [x, y, width, height] in slide pixels with a width and a height above 0';
const view = { heatmap: `${HEATMAP}.json`, region: [0, 0, 10, 10], level: 1 };

test.each([
  [`${HEATMAP}/analysis`, { region: [0, 0, -1, 5] }, `region: ${REGION}, found [0,0,-1,5]`],
  [`${HEATMAP}/analysis`, { region: [0, 'a', 1, 5] }, `region: ${REGION}, found [0,"a",1,5]`],
  [`${HEATMAP}/analysis`, { region: 'all' }, `region: ${REGION}, found "all"`],
  [`${HEATMAP}/analysis`, { speed: 1 }, 'body: expected an object with nothing but a region, found {"speed":1}'],
  [`${HEATMAP}/analysis`, [3], 'body: expected an object with nothing but a region, found [3]'],
  ['view', [{ ...view, region: [0, 0, 0, 5] }], `0.region: ${REGION}, found [0,0,0,5]`],
  ['view', [{ ...view, level: -1 }], "0.level: expected the number of one of the heatmap's levels, from 0, found -1"],
  [
    'view',
    [{ ...view, level: 'a' }],
    '0.level: expected the number of one of the heatmap\'s levels, from 0, found "a"',
  ],
  ['view', [7], '0: expected a view, an object with heatmap, region and level, found 7'],
  ['view', {}, 'body: expected a list of views, found {}'],
  ['view', [], 'body: expected a list of at least one view, found []'],
  [
    'view',
    [{ ...view, levl: 1 }],
    `0: expected only heatmap, region, level, score and classOrder, found ${JSON.stringify({ ...view, levl: 1 }).slice(0, 80)}...`,
  ],
])('POST %s with %j is refused in one sentence', async (path, body, message) => {
  const answer = await fetch(new URL(path, server.address), { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status).toBe(400);
  expect((await answer.json()).error.message).toBe(message);
});

test.each(['view', `${HEATMAP}/analysis`, `${HEATMAP}/breakdown`])('POST %s of what is nested deeply', async (path) => {
  const body = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const answer = await fetch(new URL(path, server.address), { method: 'POST', body });
  expect(answer.status).toBe(400);
  expect((await answer.json()).error.message).toBe(
    'body: expected lists and objects at most 100 deep, found deeper ones',
  );
});

test('a string without an end, of many quotes, takes no longer than another body', async () => {
  const body = `{"a":"${'\\"'.repeat(500_000)}`;
  const answer = await fetch(new URL('view', server.address), { method: 'POST', body });
  expect(answer.status).toBe(400);
  expect((await answer.json()).error.message).toMatch(/^body: expected a JSON object or list, found /);
});

test('brackets in strings are not counted', async () => {
  const body = JSON.stringify({ a: `\\"${'['.repeat(200)}` });
  const answer = await fetch(new URL('view', server.address), { method: 'POST', body });
  expect((await answer.json()).error.message).toMatch(/^body: expected a list of views, found /);
});

test('streams with too many views together are told to come back', async () => {
  const body = JSON.stringify(
    Array.from({ length: 255 }, () => ({ ...view, heatmap: '/heatmaps/none.tif/none.h5.json' })),
  );
  const end = new AbortController();
  const ask = (browser: string) => {
    const headers = { 'User-Agent': browser };
    return fetch(new URL('view', server.address), { method: 'POST', body, headers, signal: end.signal });
  };
  const answers = [];
  for (const browser of ['one', 'one', 'one', 'other', 'other', 'third']) answers.push(await ask(browser));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 503, 200, 200, 503]);
  const [own, all] = await Promise.all([answers[2], answers[5]].map((answer) => answer.json()));
  expect(own.error.message).toBe(
    '510 views in 2 streams of this client are open already; close some or ask again later',
  );
  expect(all.error.message).toBe('1020 views in 4 streams of all clients are open already; ask again later');
  end.abort();
  const again = new AbortController();
  const one = JSON.stringify([view]);
  const next = () => fetch(new URL('view', server.address), { method: 'POST', body: one, signal: again.signal });
  expect((await next()).status).toBe(200);
  again.abort();
});

test.each([
  ['a client that goes away within its body', 'Content-Length: 100\r\n\r\n{ "region"'],
  ['a body that is no HTTP', 'Transfer-Encoding: chunked\r\n\r\nno length\r\n'],
  ['a chunked body that ends too soon', 'Transfer-Encoding: chunked\r\n\r\n5\r\nabc'],
])('%s is no fault of the server', async (_, rest) => {
  const before = server.stderr();
  const { hostname, port, host } = new URL(server.address);
  for (const end of ['end', 'destroy'] as const) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`POST /${HEATMAP}/analysis HTTP/1.1\r\nHost: ${host}\r\n${rest}`);
    await setTimeout(300);
    socket[end]();
    socket.resume();
    await once(socket, 'close');
  }
  expect((await fetch(new URL('healthz', server.address))).status).toBe(200);
  await setTimeout(200);
  expect(server.stderr().slice(before.length)).toBe('');
});
