// Builds plugin/dist (the plugin and its declarations) and server/dist (the command line, the worker process and the
// demo's files). Everything is made in a scratch folder and moved into place when it is complete, so that a build that
// fails, or two at once, leave a whole one behind.
import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, rename, rm } from 'node:fs/promises';
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
    await declarePlugin(path.join(plugin, 'types'));
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

/** Runs the Vite build of a folder that has a vite.config.ts of its own. */
async function buildWithVite(folder, outDir) {
  await viteBuild({
    root: path.join(root, folder),
    configFile: path.join(root, folder, 'vite.config.ts'),
    logLevel: process.argv.includes('--quiet') ? 'warn' : 'info',
    build: { outDir, emptyOutDir: true, reportCompressedSize: false },
  });
}

/** Writes the plugin's type declarations, which Vite does not make. */
async function declarePlugin(outDir) {
  const tsc = path.join(path.dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  try {
    await run(process.execPath, [tsc, '-p', path.join(root, 'plugin/tsconfig.json'), '--outDir', outDir]);
  } catch (error) {
    throw new Error(`The plugin's declarations do not build:\n${error.stdout}${error.stderr}`);
  }
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
  await copyFile(path.join(plugin, 'openseadragon-cam.umd.js'), path.join(demo, 'plugin/openseadragon-cam.umd.js'));
  await copyFile(path.join(plugin, 'openseadragon-cam.css'), path.join(demo, 'plugin/openseadragon-cam.css'));
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
