import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** One bundle for `import`, one for script tags and `require`; OpenSeadragon is only ever a type or a parameter. */
export default defineConfig({
  root: folder,
  build: {
    target: 'es2022',
    // The first with light-dark(), which follows the host page's colour scheme as no rewriting of it can.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    sourcemap: true,
    lib: {
      entry: 'src/bundle.ts',
      name: 'OpenSeadragonCam',
      formats: ['es', 'umd'],
      fileName: (format) => (format === 'es' ? 'openseadragon-cam.js' : 'openseadragon-cam.umd.cjs'),
      cssFileName: 'openseadragon-cam',
    },
  },
});
