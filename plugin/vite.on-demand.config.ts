import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { colourTables } from './colour-tables.ts';
import { targets, terserOptions } from './vite.config.ts';

/** What is seldom needed, as a script of its own that the plugin's script loads. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [colourTables()],
  build: {
    ...targets,
    minify: 'terser',
    terserOptions,
    lib: {
      entry: 'src/on-demand/script-entry.ts',
      name: 'OpenSeadragonCamOnDemand',
      formats: ['umd'],
      fileName: () => 'on-demand.umd.js',
    },
  },
});
