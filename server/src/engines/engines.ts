import { Problem } from '../errors.ts';
import type { EngineFactory } from './engine.ts';

/** Name with precision (both are part of every fingerprint) to the lazily loaded runtime. */
const ENGINES: Record<string, () => Promise<EngineFactory>> = {
  'onnxruntime-float32': async () => (await import('./onnxruntime.ts')).createOnnxruntimeEngine,
};

export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);
export const DEFAULT_ENGINE = 'onnxruntime-float32';

/** @throws Problem `bad-parameter` for a name that is not in `ENGINE_NAMES` */
export async function loadEngine(name: string): Promise<EngineFactory> {
  const load = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (!load) throw new Problem('bad-parameter', `engine: expected ${ENGINE_NAMES.join(' or ')}, found '${name}'`);
  return load();
}
