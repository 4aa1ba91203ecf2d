import path from 'node:path';
import { createServer } from 'vite';

/**
 * Runs `run` of a TypeScript file in this folder from the sources as they are, dynamic imports included.
 * @param {string} name the file's name without its ending
 * @param {unknown} [argument] what `run` is given
 */
export async function runSource(name, argument) {
  const vite = await createServer({
    configFile: false,
    logLevel: 'error',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  const { run } = await vite.ssrLoadModule(path.join(import.meta.dirname, `${name}.ts`));
  await run(argument);
  await vite.close();
}
