import { spawnSync } from 'node:child_process';

/** The Python that is to have zarr; by default that of the path. */
export const python = process.env.PYTHON ?? 'python3';

/** Whether it has zarr 3: what Python reads is skipped without it. */
export const hasZarr = spawnSync(python, ['-c', 'import zarr; assert zarr.__version__ >= "3"']).status === 0;

if (!hasZarr) console.log(`skipped: what Python reads (${python} has no zarr 3; PYTHON names another)`);
