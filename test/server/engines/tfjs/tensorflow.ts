import type { Tf } from '../../../../server/src/engines/tfjs/value.ts';

/**
 * TensorFlow.js on its native library where `vitest.tfjs-node.config.ts` asks for it, else on its plain backend. Loaded
 * one or the other: a process must not hold two copies.
 */
export const tf: Tf = process.env.TEST_TFJS_NODE ? await native() : await plain();

async function native(): Promise<Tf> {
  const { findRuntime, loadRuntime } = await import('../../../../server/src/engines/tfjs/runtime.ts');
  return loadRuntime(findRuntime(), 2);
}

async function plain(): Promise<Tf> {
  const core = await import('@tensorflow/tfjs-core');
  await import('@tensorflow/tfjs-backend-cpu');
  core.enableProdMode();
  await core.setBackend('cpu');
  return core;
}
