import { writeFile } from 'node:fs/promises';
import { Problem } from '../errors.ts';
import { classInfos } from '../heatmaps/paint-style.ts';
import { type Manifest, manifestFile } from './manifest.ts';
import type { ModelDescription } from './model.ts';

/**
 * Writes a manifest beside a model that has none: what is known of it, and what was assumed, to be corrected by hand.
 *
 * @returns the manifest's path
 * @throws Problem `failed` where there is one already, or it cannot be written
 */
export async function writeStartingManifest(model: ModelDescription): Promise<string> {
  const file = manifestFile(model.file);
  try {
    await writeFile(file, written(startingManifest(model)), { flag: 'wx' });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : 'unknown error';
    const found = code === 'EEXIST' ? 'one that is there already, which is left as it is' : code;
    throw new Problem('failed', `--write-manifest: expected to write the new file ${file}, found ${found}`, {
      cause: error,
    });
  }
  return file;
}

/** Everything that can be said without looking at a patch; a golden patch and the resolution are for people to add. */
function startingManifest(model: ModelDescription): Manifest {
  const { patchHeight, patchWidth, preprocessing: steps, activation, camLayer } = model;
  return {
    classes: classInfos(model),
    patchSize: patchHeight === patchWidth ? patchHeight : [patchHeight, patchWidth],
    // In the order in which they are applied.
    preprocessing: steps && { channelOrder: steps.channelOrder, scale: steps.scale, mean: steps.mean, std: steps.std },
    camLayer,
    activation,
  };
}

/** JSON for people to edit: a line for each field and for each class. */
function written(manifest: Manifest): string {
  const fields = Object.entries(manifest).flatMap(([key, value]) => {
    if (value === undefined) return [];
    const json = key === 'classes' && Array.isArray(value) ? listOf(value) : oneLine(value);
    return [`  ${JSON.stringify(key)}: ${json}`];
  });
  return `{\n${fields.join(',\n')}\n}\n`;
}

function listOf(items: readonly unknown[]): string {
  return `[\n${items.map((item) => `    ${oneLine(item)}`).join(',\n')}\n  ]`;
}

/** With a space where people put one. */
function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}: ${oneLine(inner)}`);
  return `{ ${fields.join(', ')} }`;
}
