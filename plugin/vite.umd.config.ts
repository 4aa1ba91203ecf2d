import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { colourTables } from './colour-tables.ts';
import { targets } from './vite.config.ts';

/** One script for pages without a bundler. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [colourTables()],
  build: {
    ...targets,
    // A fiftieth smaller than by the minifier that is there anyway.
    minify: 'terser',
    terserOptions: { ecma: 2020, compress: { passes: 4, unsafe_arrows: true, keep_fargs: false, pure_getters: true } },
    lib: {
      entry: 'src/bundle.ts',
      name: 'OpenSeadragonCam',
      formats: ['umd'],
      fileName: () => 'openseadragon-cam.umd.js',
      cssFileName: 'openseadragon-cam',
    },
  },
});
