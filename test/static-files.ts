import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.dzi': 'application/xml',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
};

export interface StaticFiles {
  origin: string;
  close(): Promise<void>;
}

/**
 * Serves files as any web server does, a folder by its `index.html`.
 * @param folders by the first part of their addresses, such as `repository` of `/repository/README.md`
 */
export async function serveFiles(folders: Record<string, string>): Promise<StaticFiles> {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://files').pathname));
    const [, name, ...rest] = path.split('/');
    const file = join(folders[name] ?? '/nowhere', ...rest, path.endsWith('/') ? 'index.html' : '');
    const content = await readFile(file).catch(() => undefined);
    response.writeHead(content ? 200 : 404, { 'Content-Type': TYPES[extname(file)] ?? 'text/plain' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
}
