import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import { Problem } from '../../errors.ts';
import type { Tf } from './value.ts';

const PACKAGE = '@tensorflow/tfjs-node';

/** Names the folder that holds the package, before the one that `npm run build:tfjs` makes. */
const VARIABLE = 'OPENSEADRAGON_CAM_TFJS';

/** Of TensorFlow's own log: errors only. */
const LOG_ERRORS = '2';

/**
 * Where TensorFlow.js with its native library is: in the folder that the environment names, else installed beside this
 * package, else made by `npm run build:tfjs` in the checkout.
 *
 * @param start a file of this package
 * @returns the package's main file
 * @throws Problem `failed` where there is none, saying how to get it
 */
export function findRuntime(
  environment: NodeJS.ProcessEnv = process.env,
  start = fileURLToPath(import.meta.url),
): string {
  const named = environment[VARIABLE];
  if (named) {
    const found = resolved(path.resolve(named, 'package.json'));
    if (found) return found;
    throw new Problem('failed', `${VARIABLE} names ${named}, where there is no ${PACKAGE}`);
  }
  const checkout = checkoutOf(path.dirname(start));
  const found = resolved(start) ?? (checkout && resolved(path.join(checkout, '.cache/tfjs-node/package.json')));
  if (found) return found;
  const how = `npm install ${PACKAGE}, or npm run build:tfjs in a checkout`;
  throw new Problem('failed', `engine tfjs-float32 needs ${PACKAGE}, which is not installed: ${how}`);
}

function resolved(from: string): string | undefined {
  try {
    return createRequire(from).resolve(PACKAGE);
  } catch {
    return undefined;
  }
}

/** The folder above that has the script which makes the runtime. */
function checkoutOf(folder: string): string | undefined {
  if (existsSync(path.join(folder, 'scripts/build-tfjs.mjs'))) return folder;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : checkoutOf(parent);
}

/**
 * Loads TensorFlow.js once in a process.
 *
 * @param file what `findRuntime` gave
 * @param threads of one operation; the first caller's count
 * @throws Problem `failed` where its native library does not load
 */
export function loadRuntime(file: string, threads: number | undefined): Tf {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= LOG_ERRORS;
  // Its convolutions give a patch the same bits alone as in a batch. TensorFlow leaves them out on older processors.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  if (threads !== undefined) {
    process.env.TF_NUM_INTRAOP_THREADS ??= String(threads);
    process.env.OMP_NUM_THREADS ??= String(threads);
  }
  // Node 23 dropped two functions that the package still calls.
  const old: Record<string, unknown> = util;
  old.isArray ??= Array.isArray;
  old.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
  const tf = required(file);
  tf.enableProdMode();
  return tf;
}

function required(file: string): Tf {
  let loaded: unknown;
  try {
    loaded = createRequire(file)(file);
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw new Problem('failed', `${file}: TensorFlow's native library does not load: ${reason}`, { cause: error });
  }
  if (isTensorflow(loaded) && loaded.getBackend() === 'tensorflow') return loaded;
  throw new Problem('failed', `${file}: expected ${PACKAGE} with its native library, found something else`);
}

function isTensorflow(loaded: unknown): loaded is Tf {
  return typeof loaded === 'object' && loaded !== null && 'getBackend' in loaded && 'tidy' in loaded;
}
