import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { colourTables } from './colour-tables.ts';
import { targets, terserOptions } from './vite.config.ts';

/** One script for pages without a bundler. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [colourTables()],
  resolve: {
    alias: [
      {
        find: /.*\/on-demand\/load\.ts$/,
        replacement: fileURLToPath(new URL('src/on-demand/load-script.ts', import.meta.url)),
      },
    ],
  },
  build: {
    ...targets,
    minify: 'terser',
    terserOptions,
    lib: {
      entry: 'src/bundle.ts',
      name: 'OpenSeadragonCam',
      formats: ['umd'],
      fileName: () => 'openseadragon-cam.umd.js',
      cssFileName: 'openseadragon-cam',
    },
  },
});
