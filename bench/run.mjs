// npm run bench -- analysis | latency | load | durability | memory: seeded measurements; ratios hold within one run only, for machines differ and
// are shared.
import path from 'node:path';
import { createServer } from 'vite';

const BENCHMARKS = ['analysis', 'latency', 'load', 'durability', 'memory'];
const names = process.argv.slice(2);
const unknown = names.find((name) => !BENCHMARKS.includes(name));
if (unknown !== undefined) {
  console.error(`bench: expected ${BENCHMARKS.join(', ')}, found ${unknown}`);
  process.exit(2);
}
// Runs the sources as they are, dynamic imports included.
const vite = await createServer({
  configFile: false,
  logLevel: 'error',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
for (const name of names.length > 0 ? names : BENCHMARKS) {
  const { run } = await vite.ssrLoadModule(path.join(import.meta.dirname, `${name}.ts`));
  await run();
}
await vite.close();
