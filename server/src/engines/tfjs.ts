import { Problem } from '../errors.ts';
import { readClassifier } from '../models/onnx/classifier-file.ts';
import { type Engine, type EngineFactory, type EngineSource, TENSORS } from './engine.ts';
import { createExecutor } from './tfjs/executor.ts';
import { findRuntime, loadRuntime } from './tfjs/runtime.ts';
import type { HostValue, Tf } from './tfjs/value.ts';

/**
 * Float32 on TensorFlow's native library. The first engine of a process loads it, with its threads; `run` blocks the
 * thread that calls it.
 *
 * @throws Problem `failed` where the library is not installed
 */
export function tfjsEngineFactory(): EngineFactory {
  const runtime = findRuntime();
  return async (source, { threads }) => createTfjsEngine(loadRuntime(runtime, threads), source);
}

/**
 * The engine on a given copy of TensorFlow.js.
 *
 * @param tf with a backend, which decides where it computes
 * @throws Problem `unreadable-model` where the graph holds what is not computed here
 */
export async function createTfjsEngine(tf: Tf, { onnx, height, width }: EngineSource): Promise<Engine> {
  const executor = createExecutor(tf, await readClassifier(onnx));
  return {
    async run(patches, count) {
      const input: HostValue = { kind: 'host', type: 'int64', shape: [count, height, width, 3], read: () => patches };
      const outputs = executor.run(new Map([[TENSORS.patches, input]]));
      const [cells, logits] = [outputs.get(TENSORS.cells), outputs.get(TENSORS.logits)];
      if (!cells || !logits) throw new Problem('unreadable-model', 'the network gives no cells or no logits');
      const [, rows, columns] = cells.shape;
      return { cells: cells.values, logits: logits.values, rows, columns };
    },
    async close() {
      executor.close();
    },
  };
}
