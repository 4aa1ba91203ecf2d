import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect, type Ending } from '../../plugin/src/view-stream/connection.ts';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
let answer: Answer = () => {};
let address = '';
const server = createServer((request, response) => answer(response, request));
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  address = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}/view`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const STREAM = { 'Content-Type': 'text/event-stream; charset=utf-8' };

/** Connects, and gives what was told until the end. */
async function told(respond: Answer, silence?: number): Promise<[string[], Ending]> {
  answer = respond;
  const events: string[] = [];
  const ending = await new Promise<Ending>((ended) => {
    connect(
      address,
      '[]',
      { headers: { 'X-Test': 'secret' }, withCredentials: false },
      {
        answered: () => events.push('answered'),
        received: ({ name, data }) => events.push(`${name} ${data}`),
        ended,
      },
      silence,
    );
  });
  return [events, ending];
}

test('asks with its headers, tells events as they come, and is lost when the server ends it', async () => {
  const asked: (string | undefined)[] = [];
  const [events, ending] = await told((response, { method, headers }) => {
    asked.push(method, headers['content-type'], String(headers['x-test']));
    response.writeHead(200, STREAM).end('event: a\ndata: 1\n\nevent: b\ndata: 2\n\nevent: c\ndata: 3\n');
  });
  expect(asked).toEqual(['POST', 'application/json', 'secret']);
  expect(events).toEqual(['answered', 'a 1', 'b 2']);
  expect(ending).toMatchObject({ kind: 'lost', error: { reason: 'The server does not answer', answered: false } });
});

test('heartbeats keep it, silence loses it', async () => {
  let beats = 0;
  const start = performance.now();
  const [events, ending] = await told((response) => {
    response.writeHead(200, STREAM).flushHeaders();
    const timer = setInterval(() => (++beats < 9 ? response.write(':\n') : clearInterval(timer)), 250);
  }, 1500);
  expect(performance.now() - start).toBeGreaterThan(8 * 250 + 1400);
  expect([events, ending.kind]).toEqual([['answered'], 'lost']);
});

test('a server that never answers is lost, too', async () => {
  expect((await told(() => {}, 100))[1].kind).toBe('lost');
});

const refuse =
  (status: number, headers = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body);

test.each<[string, Answer, object]>([
  ['404', refuse(404), { kind: 'absent' }],
  ['405', refuse(405), { kind: 'absent' }],
  ['501', refuse(501), { kind: 'absent' }],
  ['a page instead of a stream', refuse(200, { 'Content-Type': 'text/html' }, '<p>'), { kind: 'absent' }],
  [
    'a refusal with its sentence',
    refuse(400, {}, '{"error":{"code":"bad","message":"too many views"}}'),
    { kind: 'refused', pause: 0, error: { reason: 'too many views', answered: true } },
  ],
  ['a busy server', refuse(503, { 'Retry-After': '7' }), { kind: 'refused', pause: 7000 }],
])('%s', async (_, respond, ending) => {
  const [events, found] = await told(respond);
  expect(found).toMatchObject(ending);
  expect(events).toEqual([]);
});

test('closed it tells nothing more, and the server sees it go', async () => {
  let gone = () => {};
  const left = new Promise<void>((resolve) => {
    gone = resolve;
  });
  answer = (response, request) => {
    response.writeHead(200, STREAM).write('data: 1\n\n');
    request.socket.on('close', gone);
  };
  const events: string[] = [];
  await new Promise<void>((resolve) => {
    const tell = (what: string) => () => {
      events.push(what);
      close();
      resolve();
    };
    const handlers = { answered: () => {}, received: tell('received'), ended: tell('ended') };
    const close = connect(address, '[]', { headers: {}, withCredentials: false }, handlers);
  });
  await left;
  await sleep(20);
  expect(events).toEqual(['received']);
});
