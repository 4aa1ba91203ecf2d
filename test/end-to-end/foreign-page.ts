import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';

const require = createRequire(import.meta.url);
const library = join(require.resolve('openseadragon/package.json'), '../build/openseadragon/openseadragon.min.js');
const plugin = fileURLToPath(new URL('../../plugin/dist/openseadragon-cam.umd.js', import.meta.url));

export interface ForeignPage {
  origin: string;
  close(): Promise<void>;
}

/** Somebody's page on an origin of its own, with an unmodified OpenSeadragon; with `?plugin` also with the plugin. */
export async function foreignPage(): Promise<ForeignPage> {
  const scripts = new Map([
    ['/openseadragon.js', await readFile(library)],
    ['/plugin.js', await readFile(plugin)],
  ]);
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://page');
    const script = scripts.get(pathname);
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
    response.end(
      script ??
        `<!doctype html><title>viewer</title><div id="viewer" style="width:600px;height:450px"></div>
         <script src="openseadragon.js"></script>${search === '?plugin' ? '<script src="plugin.js"></script>' : ''}`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/**
 * Opens a viewer with one Deep Zoom image after the other over it, kept as `window.viewer`, and says which failed to
 * open.
 */
export async function openImages(page: Page, addresses: string[]): Promise<string[]> {
  return page.evaluate(async (tileSources) => {
    const viewer = window.OpenSeadragon({
      element: document.getElementById('viewer') ?? undefined,
      drawer: 'canvas',
      showNavigationControl: false,
      animationTime: 0,
      blendTime: 0,
      immediateRender: true,
      crossOriginPolicy: 'Anonymous',
    });
    Object.assign(window, { viewer });
    const failed: string[] = [];
    for (const tileSource of tileSources) {
      await new Promise<void>((resolve) => {
        viewer.addTiledImage({
          tileSource,
          success: () => resolve(),
          error: () => {
            failed.push(tileSource);
            resolve();
          },
        });
      });
    }
    return failed;
  }, addresses);
}
