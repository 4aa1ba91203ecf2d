import { defineConfig } from 'vite';

/** The demo page as plain static files with relative addresses, so that it works under any prefix. */
export default defineConfig({
  base: './',
  publicDir: false,
  build: { target: 'es2022', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
