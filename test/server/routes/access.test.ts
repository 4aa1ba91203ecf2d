import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { expect, test } from 'vitest';
import { answerOwnNames } from '../../../server/src/routes/access.ts';

/** Statuses of requests for hosts. */
async function statusesOf(listensOn: string, allowed: string[], hosts: readonly string[]): Promise<number[]> {
  const app = new Koa().use(answerOwnNames(listensOn, allowed)).use((ctx) => {
    ctx.body = 'slides';
  });
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  const statuses = hosts.map(
    (host) =>
      new Promise<number>((resolve, reject) => {
        request({ host: '127.0.0.1', port, headers: { host } }, (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        })
          .once('error', reject)
          .end();
      }),
  );
  return Promise.all(statuses).finally(() => server.close());
}

test.each<[string, string[], string, number]>([
  ['127.0.0.1', [], 'localhost:8080', 200],
  ['127.0.0.1', [], '[::1]:8080', 200],
  ['127.0.0.1', [], 'evil.example', 403],
  ['127.0.0.1', [], '192.168.1.5', 403],
  ['127.0.0.1', [], 'localhost.evil.example', 403],
  ['127.0.0.1', ['cam.example'], 'cam.example', 200],
  ['127.0.0.1', ['cam.example'], 'CAM.example:443', 200],
  ['127.0.0.1', ['cam.example'], 'cam.example.:443', 200],
  ['127.0.0.1', ['cam.example'], 'a.cam.example', 403],
  ['127.0.0.1', ['cam.example'], 'localhost', 200],
  ['127.0.0.1', ['cam.example'], '192.168.1.5', 403],
  ['0.0.0.0', [], 'cam.example', 200],
  ['0.0.0.0', [], 'anything:80', 200],
  ['0.0.0.0', ['cam.example'], 'cam.example:8080', 200],
  ['0.0.0.0', ['cam.example'], 'evil.example', 403],
  ['0.0.0.0', ['cam.example'], 'cam.example@evil.example', 403],
  ['0.0.0.0', ['cam.example'], '192.168.1.5:8080', 200],
  ['0.0.0.0', ['cam.example'], '[fd00::1]:8080', 200],
  ['0.0.0.0', ['cam.example'], '127.0.0.1', 200],
  ['inside', ['cam.example'], 'inside:8080', 200],
])('listening on %s and called %j, a request for %s is answered with %i', async (listensOn, allowed, host, status) => {
  expect(await statusesOf(listensOn, allowed, [host])).toEqual([status]);
});
