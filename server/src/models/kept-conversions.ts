import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConvertedModel } from './convert-model.ts';
import { fileHash } from './describe-model.ts';
import type { Manifest } from './manifest.ts';

/** Raised whenever a model is converted otherwise than before: what was kept is then made anew. */
const CONVERSION_VERSION = 1;

/** Bytes of conversions that are kept; beyond it those used longest ago go. */
const MAX_BYTES = 8 * 1024 ** 3;

/** What the JSON file beside the ONNX file holds. */
interface KeptConversion {
  /** SHA-256 of the ONNX file: half of one, left by a crash, is noticed. */
  onnxHash: string;
  /** SHA-256 of the model's companions, together. */
  companionsHash: string;
  converted: Omit<ConvertedModel, 'onnx'>;
}

/**
 * A model's conversion: the one that is kept in a folder, or a new one, which is then kept. It is known by the contents
 * of the model's files and by what the manifest says of numbers, so that a renamed file finds it too.
 *
 * @param folder made where it is missing; what goes wrong with it costs time and nothing else
 * @throws Problem as `convert` does
 */
export async function keptConversion(
  folder: string,
  file: string,
  manifest: Manifest | null,
  convert: () => Promise<ConvertedModel>,
): Promise<ConvertedModel> {
  const path = join(folder, await conversionKey(file, manifest));
  const kept = await readKept(path, file).catch(() => null);
  if (kept) return kept;
  const converted = await convert();
  await keep(folder, path, file, converted).catch(() => {});
  return converted;
}

async function conversionKey(file: string, manifest: Manifest | null): Promise<string> {
  const { classes, golden, resolution, $schema, ...settings } = manifest ?? {};
  const numbers = { ...settings, classes: classes?.length };
  return createHash('sha256')
    .update(JSON.stringify([CONVERSION_VERSION, await fileHash(file, []), numbers]))
    .digest('hex')
    .slice(0, 32);
}

async function readKept(path: string, file: string): Promise<ConvertedModel | null> {
  const { onnxHash, companionsHash, converted }: KeptConversion = JSON.parse(await readFile(`${path}.json`, 'utf8'));
  const onnx = await readFile(`${path}.onnx`);
  if (sha256(onnx) !== onnxHash) return null;
  if ((await companionsOf(file, converted)) !== companionsHash) return null;
  const now = new Date();
  await utimes(`${path}.json`, now, now);
  return { ...converted, onnx };
}

async function keep(folder: string, path: string, file: string, { onnx, ...converted }: ConvertedModel): Promise<void> {
  await mkdir(folder, { recursive: true });
  const kept: KeptConversion = {
    onnxHash: sha256(onnx),
    companionsHash: await companionsOf(file, converted),
    converted,
  };
  await writeWhole(`${path}.onnx`, onnx);
  await writeWhole(`${path}.json`, JSON.stringify(kept));
  await removeOldest(folder);
}

function companionsOf(file: string, { companions }: Pick<ConvertedModel, 'companions'>): Promise<string> {
  return companions.length === 0 ? Promise.resolve('') : fileHash(file, companions);
}

/** Several processes may write the same file: each under a name of its own first. */
async function writeWhole(file: string, contents: Uint8Array | string): Promise<void> {
  const partial = `${file}.${process.pid}.partial`;
  try {
    await writeFile(partial, contents);
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name.slice(0, -'.json'.length));
      const [{ mtimeMs }, { size }] = await Promise.all([stat(`${path}.json`), stat(`${path}.onnx`)]);
      return { path, used: mtimeMs, size };
    }),
  );
  entries.sort((a, b) => b.used - a.used);
  let bytes = 0;
  for (const { path, size } of entries) {
    bytes += size;
    if (bytes <= MAX_BYTES) continue;
    await rm(`${path}.json`, { force: true });
    await rm(`${path}.onnx`, { force: true });
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
