import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** The demo page and the one for frames as plain static files with relative addresses, so that it works under any prefix. */
export default defineConfig({
  base: './',
  publicDir: false,
  build: {
    target: 'es2022',
    // As of the plugin: the first with light-dark().
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: [file('index.html'), file('embed.html')] },
  },
});
