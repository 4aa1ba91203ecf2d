import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const root = path.resolve(fileURLToPath(import.meta.url), '../../..');

/** Builds the plugin's script for pages, the one that it loads when it needs more, and its style sheet in memory. */
export async function buildPlugin(): Promise<{ script: string; onDemand: string; style: string }> {
  const onDemand = await buildScript('plugin/vite.on-demand.config.ts');
  return { ...(await buildScript('plugin/vite.umd.config.ts')), onDemand: onDemand.script };
}

/** Builds the script of the element, which comes after the plugin's. */
export async function buildElement(): Promise<string> {
  return (await buildScript('plugin/vite.element.config.ts')).script;
}

async function buildScript(configFile: string): Promise<{ script: string; style: string }> {
  const built = await build({
    configFile: path.join(root, configFile),
    logLevel: 'silent',
    // Minifying takes twenty times as long as all the rest; what is published is looked at by the package's own tests.
    build: { write: false, sourcemap: false, minify: false },
  });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((result) =>
    'output' in result ? result.output : [],
  );
  let script = '';
  let style = '';
  for (const file of outputs) {
    if (file.type === 'chunk' && file.fileName.endsWith('.umd.js')) script = file.code;
    if (file.type === 'asset' && file.fileName.endsWith('.css')) style = String(file.source);
  }
  return { script, style };
}

/** Bundles one module of the plugin as a script that sets `window[name]` to its exports. */
export async function buildModule(file: string, name: string): Promise<string> {
  const built = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: { write: false, lib: { entry: path.join(root, file), name, formats: ['iife'] } },
  });
  for (const result of Array.isArray(built) ? built : [built]) {
    if ('output' in result) return result.output[0].code;
  }
  throw new Error(`${file} was not built`);
}
