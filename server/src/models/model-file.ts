import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { Problem } from '../errors.ts';
import {
  FOREIGN_ENDINGS,
  foreignByContent,
  foreignByName,
  foreignFolder,
  foreignZip,
  HEAD_BYTES,
} from './foreign-formats.ts';
import { HDF5_PLACES, isSignature } from './hdf5-signature.ts';
import { isOnnx } from './onnx-signature.ts';

/** What a model file holds, whatever its name. */
export type ModelKind = 'keras-hdf5' | 'keras-archive' | 'tfjs-layers' | 'onnx';

/** Ends of the names of files that `openModel` reads; lower case. */
const MODEL_ENDINGS: readonly string[] = ['.h5', '.hdf5', '.keras', '.onnx', 'model.json'];

/** Ends of the names of models that are listed, though some cannot be read, so that people learn why. */
export const LISTED_MODEL_ENDINGS: readonly string[] = [...MODEL_ENDINGS, ...FOREIGN_ENDINGS];

const WHAT_IS_READ = 'models are read from .h5, .hdf5, .keras, .onnx and TensorFlow.js model.json files';

/** Whether a file's name says that it is a model that is read; what it holds is known when it is opened. */
export function isModelFile(name: string): boolean {
  return MODEL_ENDINGS.some((ending) => name.toLowerCase().endsWith(ending));
}

/** Whether a file's name says that it is a model of any kind, read or not. */
export function isNamedAsModel(name: string): boolean {
  return isModelFile(name) || name.toLowerCase().endsWith('.json') || foreignByName(name) !== null;
}

/** Whether a path is a folder that holds a model, as TensorFlow and others write them. */
export async function isModelFolder(path: string): Promise<boolean> {
  const names = await readdir(path).catch(() => []);
  return names.some((name) => MODEL_PARTS.includes(name)) || path.toLowerCase().endsWith('.mlpackage');
}

const MODEL_PARTS: readonly string[] = ['saved_model.pb', 'model.weights.h5', 'model.json'];

/** What people call a model: its file's name without the ending, for a `model.json` its folder's name. */
export function modelTitle(file: string): string {
  const stem = basename(file, extname(file));
  return basename(file).toLowerCase() === 'model.json' ? basename(dirname(resolve(file))) || stem : stem;
}

/**
 * Checks that a path is a file of a format that is read; its content decides before its name.
 *
 * @throws Problem `not-found`, `unreadable-model`, beginning with the file's name
 */
export async function checkModelFile(file: string): Promise<ModelKind> {
  try {
    const status = await stat(file);
    if (status.isDirectory()) throw unreadable(foreignFolder(file, await readdir(file)));
    if (!status.isFile()) throw unreadable(`is neither a file nor a folder; ${WHAT_IS_READ}`);
    if (status.size === 0) throw unreadable('is empty');
    return await kindOf(file, status.size);
  } catch (error) {
    if (error instanceof Problem) {
      throw new Problem(error.code, `${file}: ${error.message}`.replace(/\s*[\r\n]\s*/g, ' '), { cause: error });
    }
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Problem('not-found', `${file}: there is no such model file`);
    throw new Problem('unreadable-model', `${file}: cannot be read (${code ?? 'unknown error'})`, { cause: error });
  }
}

async function kindOf(file: string, size: number): Promise<ModelKind> {
  const head = await readHead(file);
  const text = head.toString('latin1');
  if (HDF5_PLACES.some((place) => isSignature(head, place))) return 'keras-hdf5';
  if (text.startsWith('PK\x03\x04') || text.startsWith('PK\x05\x06')) return zipKind(file);
  if (isOnnx(head)) return 'onnx';
  const foreign = foreignByContent(head, file, size);
  if (foreign !== null) throw unreadable(foreign);
  if (/^(\xef\xbb\xbf)?\s*\{/.test(text)) {
    if (/\.manifest\.json$/i.test(file)) throw unreadable('is a manifest; name the model file beside it');
    return 'tfjs-layers';
  }
  return kindByName(file);
}

/** What a file is whose content is of no known kind. */
function kindByName(file: string): ModelKind {
  const ending = extname(file).toLowerCase();
  if (ending === '.onnx') return 'onnx';
  const expected = EXPECTED[ending];
  if (expected) throw unreadable(`is not ${expected} (truncated, or of another kind)`);
  throw unreadable(foreignByName(file) ?? `'${ending || basename(file)}' is no format of models; ${WHAT_IS_READ}`);
}

const EXPECTED: Record<string, string> = {
  '.h5': 'a complete HDF5 file',
  '.hdf5': 'a complete HDF5 file',
  '.keras': 'a complete Keras archive',
  '.json': 'a TensorFlow.js model',
};

async function zipKind(file: string): Promise<ModelKind> {
  const { openZip } = await import('./zip-entries.ts');
  const zip = await openZip(file);
  zip.close();
  if (zip.names.includes('config.json')) return 'keras-archive';
  throw unreadable(foreignZip(zip.names, file));
}

async function readHead(file: string): Promise<Buffer> {
  const opened = await open(file);
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await opened.close();
  }
}

function unreadable(message: string): Problem {
  return new Problem('unreadable-model', message);
}
