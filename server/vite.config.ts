import { defineConfig } from 'vite';

/**
 * The command line, the worker process, the thread that reads HDF5 and the process that calls OpenSlide as ES modules
 * for Node: npm dependencies stay imports, `shared/` and `demo/` are bundled, and every dynamic import is a chunk of
 * its own, so that a command loads only what it needs. Chunks lie beside the entries:
 * `new URL('./worker.js', import.meta.url)` is right in each of them.
 */
export default defineConfig({
  publicDir: false,
  build: {
    target: 'node20',
    ssr: true,
    minify: false,
    rolldownOptions: {
      input: {
        cli: 'src/command-line/cli.ts',
        commands: 'src/command-line/commands.ts',
        worker: 'src/worker/main.ts',
        'hdf5-thread': 'src/models/keras/hdf5-thread.js',
        'openslide-process': 'src/slides/openslide/openslide-process.js',
      },
      output: {
        format: 'es',
        entryFileNames: '[name].js',
        chunkFileNames: '[name]-[hash].js',
        banner: (chunk) => (chunk.isEntry && chunk.name === 'cli' ? '#!/usr/bin/env node' : ''),
      },
    },
  },
});
