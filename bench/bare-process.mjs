// A process of the bare loop; its first argument is what bare-loop.ts is told, as JSON.
import { runSource } from './sources.mjs';

await runSource('bare-loop', JSON.parse(process.argv[2]));
