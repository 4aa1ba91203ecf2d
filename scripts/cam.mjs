// The command line from a checkout: `npm run cam -- ...`. Builds first where a source is newer than the build.
import { spawnSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.resolve(fileURLToPath(import.meta.url), '../..');
const cli = path.join(root, 'server/dist/cli.js');

/** Everything that a build is made of, relative to the root. */
const SOURCES = [
  'shared',
  'server/src',
  'server/vite.config.ts',
  'server/package.json',
  'plugin/src',
  'plugin/vite.config.ts',
  'plugin/vite.umd.config.ts',
  'plugin/vite.element.config.ts',
  'plugin/vite.on-demand.config.ts',
  'plugin/colour-tables.ts',
  'plugin/package.json',
  'plugin/tsconfig.json',
  'demo',
  'scripts/build.mjs',
  'package-lock.json',
];

/** Latest modification time, in milliseconds, of the files under a path; 0 where there is none. */
async function newest(file) {
  const status = await stat(file).catch(() => undefined);
  if (!status?.isDirectory()) return status?.mtimeMs ?? 0;
  const times = await Promise.all((await readdir(file)).map((name) => newest(path.join(file, name))));
  return Math.max(status.mtimeMs, ...times);
}

const [source, built] = await Promise.all([
  Promise.all(SOURCES.map((name) => newest(path.join(root, name)))).then((times) => Math.max(...times)),
  newest(cli),
]);
if (source > built) {
  console.error('building…');
  // A process of its own: the build tool's memory and handlers are gone when the command starts.
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts/build.mjs'), '--quiet'], {
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) process.exit(1);
}

// In this process, so that streams, signals and exit status are exactly those of the installed command.
process.argv[1] = cli;
await import(pathToFileURL(cli).href);
