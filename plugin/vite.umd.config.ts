import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { colourTables } from './colour-tables.ts';
import { targets } from './vite.config.ts';

/** Properties of objects that stay within the bundle, and are in no other's: short names for them are fewer bytes. */
const INNER =
  /^(valueWidth|valueHeight|originX|originY|rasterLength|windowStart|windowLength|gridEnd|strengthOf|undecided|fruitless|notBefore|standIn)$/;

/** One script for pages without a bundler. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [colourTables()],
  build: {
    ...targets,
    // A fiftieth smaller than by the minifier that is there anyway.
    minify: 'terser',
    terserOptions: {
      safari10: false,
      ecma: 2020,
      compress: { passes: 3, inline: 1, pure_getters: true, unsafe: true, unsafe_arrows: true },
      mangle: { properties: { regex: INNER } },
    },
    lib: {
      entry: 'src/bundle.ts',
      name: 'OpenSeadragonCam',
      formats: ['umd'],
      fileName: () => 'openseadragon-cam.umd.js',
      cssFileName: 'openseadragon-cam',
    },
  },
});
