import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { EngineSource } from '../engines/engine.ts';
import type { ConvertedModel } from './convert-model.ts';
import { fileHash } from './describe-model.ts';
import type { Manifest } from './manifest.ts';
import { writeClassifier, writeWhole } from './onnx/classifier-file.ts';
import { onnx } from './onnx/proto.ts';

/** Raised whenever a model is converted otherwise than before: what was kept is then made anew. */
const CONVERSION_VERSION = 3;

/** Bytes of conversions that are kept; beyond it those used longest ago go. */
const MAX_BYTES = 8 * 1024 ** 3;

/** What the JSON file beside the ONNX files, graph and weights, holds. */
interface KeptConversion {
  /** SHA-256 of the ONNX files together: half of one, left by a crash, is noticed. */
  onnxHash: string;
  /** SHA-256 of the model's companions, together. */
  companionsHash: string;
  converted: Omit<ConvertedModel, 'onnx'>;
}

/** A conversion whose ONNX model is ready for an engine. */
export interface ReadyConversion extends Omit<ConvertedModel, 'onnx'> {
  onnx: EngineSource['onnx'];
}

/**
 * A model's conversion: the one that is kept in a folder, or a new one, which is then kept. It is known by the contents
 * of the model's files and by what the manifest says of numbers, so that a renamed file finds it too.
 *
 * @param folder made where it is missing; what goes wrong with it costs time and memory, and nothing else
 * @throws Problem as `convert` does
 */
export async function keptConversion(
  folder: string,
  file: string,
  manifest: Manifest | null,
  convert: () => Promise<ConvertedModel>,
): Promise<ReadyConversion> {
  const path = join(folder, await conversionKey(file, manifest));
  const kept = await readKept(path, file).catch(() => null);
  if (kept) return kept;
  const converted = await convert();
  // A file that was replaced meanwhile is kept under neither name.
  if (join(folder, await conversionKey(file, manifest)) !== path) return encodedConversion(converted);
  return await keep(folder, path, file, converted).catch(() => encodedConversion(converted));
}

/** A conversion that is kept nowhere. */
export function encodedConversion({ onnx: model, ...converted }: ConvertedModel): ReadyConversion {
  return { ...converted, onnx: onnx.ModelProto.encode(model).finish() };
}

async function conversionKey(file: string, manifest: Manifest | null): Promise<string> {
  const { classes, golden, resolution, background, $schema, ...settings } = manifest ?? {};
  const numbers = { ...settings, classes: classes?.length };
  return createHash('sha256')
    .update(JSON.stringify([CONVERSION_VERSION, await fileHash(file, []), numbers]))
    .digest('hex')
    .slice(0, 32);
}

async function readKept(path: string, file: string): Promise<ReadyConversion | null> {
  const { onnxHash, companionsHash, converted }: KeptConversion = JSON.parse(await readFile(`${path}.json`, 'utf8'));
  if ((await hashOf(path)) !== onnxHash) return null;
  if ((await companionsOf(file, converted)) !== companionsHash) return null;
  const now = new Date();
  // In a store that cannot be written it is of use all the same.
  await utimes(`${path}.json`, now, now).catch(() => {});
  return { ...converted, onnx: { file: `${path}.onnx` } };
}

async function keep(folder: string, path: string, file: string, whole: ConvertedModel): Promise<ReadyConversion> {
  const { onnx: model, ...converted } = whole;
  await mkdir(folder, { recursive: true });
  await writeClassifier(`${path}.onnx`, model);
  const kept: KeptConversion = {
    onnxHash: await hashOf(path),
    companionsHash: await companionsOf(file, converted),
    converted,
  };
  await writeWhole(`${path}.json`, [JSON.stringify(kept)]);
  // What has just been written stays, even where it alone is too large; the rest is another time's work if it fails.
  await removeOldest(folder).catch(() => {});
  return { ...converted, onnx: { file: `${path}.onnx` } };
}

function hashOf(path: string): Promise<string> {
  return fileHash(`${path}.onnx`, [`${basename(path)}.onnx.weights`]);
}

function companionsOf(file: string, { companions }: Pick<ConvertedModel, 'companions'>): Promise<string> {
  return companions.length === 0 ? Promise.resolve('') : fileHash(file, companions);
}

/** What a process that was killed has left half written is this old at least. */
const ABANDONED_MS = 3_600_000;

/** Files of a conversion, the one that makes it known first. */
const ENDINGS = ['.json', '.onnx', '.onnx.weights'];

async function removeOldest(folder: string): Promise<void> {
  const all = await readdir(folder);
  const names = all.filter((name) => name.endsWith('.json'));
  for (const name of all.filter((file) => file.endsWith('.partial'))) {
    const { mtimeMs } = await stat(join(folder, name));
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(join(folder, name), { force: true });
  }
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name.slice(0, -'.json'.length));
      const [{ mtimeMs }, ...files] = await Promise.all(ENDINGS.map((ending) => stat(`${path}${ending}`)));
      return { path, used: mtimeMs, size: files.reduce((sum, { size }) => sum + size, 0) };
    }),
  );
  entries.sort((a, b) => b.used - a.used);
  let bytes = 0;
  for (const [position, { path, size }] of entries.entries()) {
    bytes += size;
    if (bytes <= MAX_BYTES || position === 0) continue;
    for (const ending of ENDINGS) await rm(`${path}${ending}`, { force: true });
  }
}
