// npm run bench -- NAME ...: seeded measurements; ratios hold within one run only, for machines differ and
// are shared.
import { runSource } from './sources.mjs';

const BENCHMARKS = ['analysis', 'durability', 'latency', 'load', 'memory', 'overview', 'recolour', 'tiles', 'viewers'];
/** What another one ends or begins with, by itself. */
const PARTS = ['slide-tiles'];
const names = process.argv.slice(2);
const unknown = names.find((name) => ![...BENCHMARKS, ...PARTS].includes(name));
if (unknown !== undefined) {
  console.error(`bench: expected ${BENCHMARKS.join(', ')}, found ${unknown}`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : BENCHMARKS) await runSource(name);
