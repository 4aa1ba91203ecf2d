// Builds plugin/dist (the plugin and its declarations) and server/dist (the command line, the worker process and the
// demo's files). Everything is made in a scratch folder and moved into place when it is complete, so that a build that
// fails, or two at once, leave a whole one behind.
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build as viteBuild } from 'vite';

const run = promisify(execFile);
const require = createRequire(import.meta.url);

const root = path.resolve(fileURLToPath(import.meta.url), '../..');

async function build() {
  const scratch = path.join(root, '.cache', `build-${process.pid}`);
  const plugin = path.join(scratch, 'plugin');
  const server = path.join(scratch, 'server');
  try {
    await mkdir(scratch, { recursive: true });
    await buildWithVite('plugin', plugin);
    await buildWithVite('plugin', plugin, 'vite.umd.config.ts');
    await buildWithVite('plugin', plugin, 'vite.element.config.ts');
    await buildWithVite('plugin', plugin, 'vite.on-demand.config.ts');
    await declarePlugin(plugin);
    await buildWithVite('server', server);
    await chmod(path.join(server, 'cli.js'), 0o755);
    await buildWithVite('demo/page', path.join(server, 'demo'));
    await copyDemoFiles(plugin, path.join(server, 'demo'));
    await replace(path.join(root, 'plugin/dist'), plugin);
    // Last, for its time is what scripts/cam.mjs compares with the sources.
    await replace(path.join(root, 'server/dist'), server);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Runs a Vite build of a folder that has a configuration of its own. What is in `outDir` stays. */
async function buildWithVite(folder, outDir, config = 'vite.config.ts') {
  await viteBuild({
    root: path.join(root, folder),
    configFile: path.join(root, folder, config),
    logLevel: process.argv.includes('--quiet') ? 'warn' : 'info',
    build: {
      outDir,
      emptyOutDir: false,
      reportCompressedSize: false,
      // On a busy machine the minifier's time would be a warning.
      rolldownOptions: { checks: { pluginTimings: false } },
    },
  });
}

/**
 * Writes the plugin's type declarations, which Vite does not make: in `types` for `import`, and the same in
 * `types-cjs` for `require`, where TypeScript takes them for those of CommonJS modules.
 */
async function declarePlugin(dist) {
  const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const types = path.join(dist, 'types');
  try {
    await run(process.execPath, [tsc, '-p', path.join(root, 'plugin/tsconfig.json'), '--outDir', types]);
  } catch (error) {
    throw new Error(`The plugin's declarations do not build:\n${error.stdout}${error.stderr}`);
  }
  for (const name of await readdir(types, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = path.join(types, name);
    const text = await readFile(file, 'utf8');
    const read = text
      // As Node and every TypeScript since 4.7 resolve them.
      .replace(/((?:from|import\()\s*['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js')
      // TypeScript before 5.7 has arrays of bytes and numbers of one kind alone.
      .replace(/\b((?:Uint8|Uint8Clamped|Int32|Float32|Float64)Array)<ArrayBuffer(?:Like)?>/g, '$1');
    await writeFile(file, read);
  }
  await cp(types, path.join(dist, 'types-cjs'), { recursive: true });
  await writeFile(path.join(dist, 'types-cjs/package.json'), '{ "type": "commonjs" }\n');
}

/** What the demo page loads as any other page would, and the model that it shows. */
async function copyDemoFiles(plugin, demo) {
  const openseadragon = path.join(path.dirname(require.resolve('openseadragon/package.json')), 'build/openseadragon');
  await mkdir(path.join(demo, 'openseadragon'), { recursive: true });
  await copyFile(
    path.join(openseadragon, 'openseadragon.min.js'),
    path.join(demo, 'openseadragon/openseadragon.min.js'),
  );
  await cp(path.join(openseadragon, 'images'), path.join(demo, 'openseadragon/images'), { recursive: true });
  await mkdir(path.join(demo, 'plugin'), { recursive: true });
  for (const name of ['openseadragon-cam.umd.js', 'on-demand.umd.js', 'element.umd.js', 'openseadragon-cam.css']) {
    await copyFile(path.join(plugin, name), path.join(demo, 'plugin', name));
  }
  const models = path.join(demo, 'models');
  await mkdir(models);
  // Named for people, who see the name as the title of the model.
  await copyFile(path.join(root, 'demo/model.h5'), path.join(models, 'tissue.h5'));
  await copyFile(path.join(root, 'demo/model.manifest.json'), path.join(models, 'tissue.manifest.json'));
  await copyFile(path.join(root, 'demo/model.golden.png'), path.join(models, 'model.golden.png'));
}

async function replace(target, made) {
  await rm(target, { recursive: true, force: true });
  await rename(made, target);
}

try {
  await build();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
