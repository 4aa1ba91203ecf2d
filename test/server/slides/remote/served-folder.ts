import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { allowRemoteHosts } from '../../../../server/src/slides/remote/process-fetcher.ts';
import { temporaryFolder } from '../pictures.ts';
import { hosts, type TileServer, tileServer } from './tile-server.ts';

export interface Answer {
  status?: number;
  type?: string;
  body: string | Buffer;
}

export interface ServedFolder {
  folder: string;
  server: TileServer;
  /** Answers that differ from the files of the folder, by path. */
  instead: Map<string, () => Answer>;
  /** Writes a file that tells of something on the server. */
  sourceFile(name: string, source: { type: string; path: string } & Record<string, unknown>): Promise<string>;
  /** Forgets what was fetched. */
  afresh(): void;
}

const TYPES: Record<string, string> = { dzi: 'application/xml', json: 'application/json', png: 'image/png' };

/** A folder that a server of its own serves as files, from which this process may fetch. */
export async function servedFolder(): Promise<ServedFolder> {
  const folder = await temporaryFolder();
  const instead = new Map<string, () => Answer>();
  const server = await tileServer(async (request, response) => {
    const pathname = decodeURIComponent(new URL(request.url ?? '', 'http://a/').pathname);
    const other = instead.get(pathname)?.();
    const body = other?.body ?? (await readFile(join(folder, pathname)).catch(() => undefined));
    const type = other?.type ?? TYPES[pathname.split('.').at(-1) ?? ''] ?? 'image/jpeg';
    response.writeHead(other?.status ?? (body === undefined ? 404 : 200), { 'content-type': type }).end(body);
  });
  const afresh = () => allowRemoteHosts(hosts(server.host));
  afresh();
  return {
    folder,
    server,
    instead,
    afresh,
    async sourceFile(name, { path, ...source }) {
      const file = join(folder, `${name}.source.json`);
      await writeFile(file, JSON.stringify({ ...source, url: server.address + path }));
      return file;
    },
  };
}
