import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Web servers know `.js` as JavaScript, not `.cjs`; Node takes `.js` in this package for a module. */
const FILES: Record<string, string> = {
  es: 'openseadragon-cam.js',
  umd: 'openseadragon-cam.umd.js',
  cjs: 'openseadragon-cam.cjs',
};

/** A bundle each for `import`, script tags and `require`; OpenSeadragon is only ever a type or a parameter. */
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
      formats: ['es', 'umd', 'cjs'],
      fileName: (format) => FILES[format],
      cssFileName: 'openseadragon-cam',
    },
  },
});
