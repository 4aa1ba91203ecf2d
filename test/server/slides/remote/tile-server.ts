import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';
import { parseRemoteHost, type RemoteHosts } from '../../../../server/src/slides/remote/remote-hosts.ts';

export interface TileServer {
  /** Without a slash at its end. */
  address: string;
  /** What `--remote-host` is given. */
  host: string;
  /** Paths that were asked for, in order. */
  asked: string[];
}

/** A server of this machine, on a port of its own, that ends with the tests of the file. */
export async function tileServer(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<TileServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    answer(request, response);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, asked };
}

/** The list that several `--remote-host` make. */
export function hosts(...listed: string[]): RemoteHosts {
  return { hosts: listed.map(parseRemoteHost), privateNetworks: false };
}
