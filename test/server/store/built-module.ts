import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** Builds a module of the store for processes that tests start, which cannot load TypeScript; gives its file. */
export async function builtModule(name: string, folder: string): Promise<string> {
  const file = join(folder, `${basename(name, '.ts')}.mjs`);
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: {
        input: fileURLToPath(new URL(`../../../server/src/store/${name}`, import.meta.url)),
        output: { entryFileNames: basename(file) },
      },
    },
  });
  return file;
}
