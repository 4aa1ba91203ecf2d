import { defineConfig } from 'vite';

/** The demo page as plain static files with relative addresses, so that it works under any prefix. */
export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    target: 'es2022',
    // As of the plugin: the first with light-dark().
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
