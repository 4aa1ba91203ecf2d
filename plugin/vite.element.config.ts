import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { targets, terserOptions } from './vite.config.ts';

/** The element as a script for pages without a bundler, to be loaded after the plugin's own. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  build: {
    ...targets,
    minify: 'terser',
    terserOptions,
    lib: {
      entry: 'src/element/index.ts',
      name: 'OpenSeadragonCamElement',
      formats: ['umd'],
      fileName: () => 'element.umd.js',
    },
    rollupOptions: {
      external: /\/overlay\.ts$/,
      output: { globals: () => 'OpenSeadragonCam', paths: () => 'openseadragon-cam' },
    },
  },
});
