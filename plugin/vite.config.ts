import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { colourTables } from './colour-tables.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));

/** What every bundle of the plugin is built for. */
export const targets = {
  target: 'es2022',
  // The first with light-dark(), which follows the host page's colour scheme as no rewriting of it can.
  cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
  sourcemap: true,
};

/**
 * For scripts of pages, which are a fiftieth smaller so than by the minifier that is there anyway. More passes and
 * inlining make fewer characters, which are more bytes when compressed.
 */
export const terserOptions = {
  ecma: 2020,
  safari10: false,
  compress: { passes: 2, inline: 1, sequences: false, loops: false, keep_fargs: false, unsafe_arrows: true },
} as const;

/** Modules for `import` and `require`, the element's beside the plugin's; OpenSeadragon is only ever a type or a parameter. */
export default defineConfig({
  root: folder,
  plugins: [colourTables()],
  build: {
    ...targets,
    lib: {
      entry: { 'openseadragon-cam': 'src/bundle.ts', element: 'src/element/index.ts', de: 'src/languages/de.ts' },
      formats: ['es', 'cjs'],
      // Web servers know `.js` as JavaScript, not `.cjs`; Node takes `.js` in this package for a module.
      fileName: (format, entry) => `${entry}.${format === 'es' ? 'js' : 'cjs'}`,
      cssFileName: 'openseadragon-cam',
    },
  },
});
