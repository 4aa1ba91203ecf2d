import { Problem } from '../errors.ts';
import type { EngineFactory } from './engine.ts';

/** Name with precision (both are part of every fingerprint) to the lazily loaded runtime. */
const ENGINES: Record<string, () => Promise<EngineFactory>> = {
  'onnxruntime-float32': async () => (await import('./onnxruntime.ts')).createOnnxruntimeEngine,
  'tfjs-float32': async () => (await import('./tfjs.ts')).tfjsEngineFactory(),
};

export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);
export const DEFAULT_ENGINE = 'onnxruntime-float32';

/** Short names, each for the precision that the runtime has by default. */
const SHORT_NAMES: Record<string, string> = {
  onnxruntime: 'onnxruntime-float32',
  tfjs: 'tfjs-float32',
};

/**
 * The full name of an engine.
 * @param name one of `ENGINE_NAMES`, or without its precision
 * @throws Problem `bad-parameter` for any other
 */
export function engineNamed(name: string): string {
  const found = Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name] : name;
  if (Object.hasOwn(ENGINES, found)) return found;
  throw new Problem('bad-parameter', `engine: expected ${ENGINE_NAMES.join(' or ')}, found '${name}'`);
}

/** @throws Problem `bad-parameter` for a name that is not in `ENGINE_NAMES` */
export async function loadEngine(name: string): Promise<EngineFactory> {
  const load = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (!load) throw new Problem('bad-parameter', `engine: expected ${ENGINE_NAMES.join(' or ')}, found '${name}'`);
  return load();
}
