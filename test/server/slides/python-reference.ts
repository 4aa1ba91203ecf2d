import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Rectangle } from '../../../shared/geometry/deep-zoom.ts';

const python = process.env.PYTHON ?? 'python3';
const script = fileURLToPath(new URL('./reference.py', import.meta.url));

/** Version of the OpenSlide that Python has; undefined where it lacks openslide-python or tifffile. */
export const pythonOpenslide: string | undefined = versionOf();

if (pythonOpenslide === undefined) {
  console.log(`skipped: what Python reads (${python} has no openslide-python and tifffile; PYTHON names another)`);
}

export interface ReferenceRegion extends Rectangle {
  file: string;
  with: 'littlecms' | 'openslide' | 'tifffile';
  level: number;
}

/** RGB bytes of regions, as Python reads them; x and y in pixels of level 0 for OpenSlide, of the level for tifffile. */
export function referenceRegions(regions: readonly ReferenceRegion[]): Uint8Array[] {
  return ask(regions).map((encoded) => Buffer.from(encoded, 'base64'));
}

function versionOf(): string | undefined {
  try {
    return ask([{ with: 'version' }])[0];
  } catch {
    return undefined;
  }
}

function ask(requests: readonly object[]): string[] {
  const options = { input: JSON.stringify(requests), encoding: 'utf8', maxBuffer: 2 ** 30 } as const;
  const { status, stdout, stderr } = spawnSync(python, [script], options);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}
