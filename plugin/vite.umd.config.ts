import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { colourTables } from './colour-tables.ts';
import { targets } from './vite.config.ts';

/** One script for pages without a bundler, with the element. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [colourTables()],
  build: {
    ...targets,
    lib: {
      entry: 'src/umd.ts',
      name: 'OpenSeadragonCam',
      formats: ['umd'],
      fileName: () => 'openseadragon-cam.umd.js',
      cssFileName: 'openseadragon-cam',
    },
  },
});
