import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { Problem } from '../errors.ts';

/** Endings of the files that `openModel` reads; lower case, with the dot. */
export const MODEL_ENDINGS: readonly string[] = ['.h5', '.hdf5', '.onnx'];

/** Endings of models that are listed, though some cannot be read, so that people learn why. */
export const LISTED_MODEL_ENDINGS: readonly string[] = [
  ...MODEL_ENDINGS,
  '.keras',
  '.pt',
  '.pth',
  '.tflite',
  'model.json',
];

/** Whether a file's name says that it is a model that is read; what it holds is known when it is opened. */
export function isModelFile(name: string): boolean {
  return MODEL_ENDINGS.includes(extname(name).toLowerCase());
}

/** Whether a file's name says that it is a model of any kind, read or not. */
export function isNamedAsModel(name: string): boolean {
  const ending = extname(name).toLowerCase();
  return isModelFile(name) || Object.hasOwn(OTHER_FORMATS, ending);
}

/** What people have instead, and what to do with it. */
const OTHER_FORMATS: Record<string, string> = {
  '.keras': 'Keras archives are not read yet: save the model as .h5',
  '.json': 'TensorFlow.js models are not read yet: convert the Keras model itself',
  '.pb': 'TensorFlow graphs are not read: save the Keras model as .h5, or convert it to ONNX',
  '.tflite': 'TensorFlow Lite models are not read: save the Keras model as .h5, or convert it to ONNX',
  '.pt': 'PyTorch models are not read: export the model to ONNX',
  '.pth': 'PyTorch models are not read: export the model to ONNX',
  '.ckpt': 'checkpoints are not read: save the whole model as .h5, or export it to ONNX',
};

/**
 * Checks that a path is a file of a format that is read.
 *
 * @returns its ending, one of `MODEL_ENDINGS`
 * @throws Problem `not-found`, `unreadable-model`
 */
export async function checkModelFile(file: string): Promise<string> {
  const ending = extname(file).toLowerCase();
  const read = `models are read from ${MODEL_ENDINGS.join(', ')} files`;
  const status = await stat(file).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Problem('not-found', `${file}: there is no such model file`);
    throw new Problem('unreadable-model', `${file}: cannot be read (${code ?? 'unknown error'})`, { cause: error });
  });
  if (status.isDirectory()) {
    throw new Problem('unreadable-model', `${file}: is a folder, perhaps a TensorFlow SavedModel; ${read}`);
  }
  if (!isModelFile(file)) {
    const advice = OTHER_FORMATS[ending] ?? `'${ending || basename(file)}' is no format of models`;
    throw new Problem('unreadable-model', `${file}: ${advice}; ${read}`);
  }
  if (status.size === 0) throw new Problem('unreadable-model', `${file}: is empty`);
  return ending;
}
