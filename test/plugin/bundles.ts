import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { madeOnce } from '../made-once.ts';

const root = path.resolve(fileURLToPath(import.meta.url), '../../..');

/**
 * The plugin's script for pages, the one that it loads when it needs more, and its style sheet, built once in a run of
 * the tests.
 */
export async function buildPlugin(): Promise<{ script: string; onDemand: string; style: string }> {
  const built = await madeOnce('plugin.json', async (file) => {
    const onDemand = await buildScript('plugin/vite.on-demand.config.ts');
    const all = { ...(await buildScript('plugin/vite.umd.config.ts')), onDemand: onDemand.script };
    await writeFile(file, JSON.stringify(all));
  });
  return JSON.parse(await readFile(built, 'utf8'));
}

/** Builds the script of the element, which comes after the plugin's. */
export async function buildElement(): Promise<string> {
  return (await buildScript('plugin/vite.element.config.ts')).script;
}

async function buildScript(configFile: string): Promise<{ script: string; style: string }> {
  // Loading it takes longer than most of what is done with it.
  const { build } = await import('vite');
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
  const { build } = await import('vite');
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
