import { availableParallelism } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';
import { type Engine, type EngineOptions, type EngineSource, TENSORS } from './engine.ts';

/** Only what cannot be recovered from: what onnxruntime refuses it also throws, and one line is enough. */
const LOG_FATAL = 4;

/**
 * Float32 on the processor. `run` blocks the thread that calls it for as long as the inference takes, so it belongs in
 * a process of its own.
 */
export async function createOnnxruntimeEngine(source: EngineSource, options: EngineOptions): Promise<Engine> {
  // Read when the library is loaded; without it every session writes a log file to the temporary folder.
  process.env.ORT_DISABLE_TELEMETRY = '1';
  const ort = (await import('onnxruntime-node')).default;
  const { onnx } = source;
  const session = await (onnx instanceof Uint8Array
    ? ort.InferenceSession.create(onnx, sessionOptions(options))
    : ort.InferenceSession.create(onnx.file, sessionOptions(options)));
  return {
    async run(patches, count) {
      const shape = [count, source.height, source.width, 3];
      const outputs = await session.run({ [TENSORS.patches]: new ort.Tensor('uint8', patches, shape) });
      const { [TENSORS.cells]: cells, [TENSORS.logits]: logits } = outputs;
      const [, rows, columns] = cells.dims;
      return { cells: floats(cells.data), logits: floats(logits.data), rows, columns };
    },
    close: () => session.release(),
  };
}

function sessionOptions({ threads }: EngineOptions): InferenceSession.SessionOptions {
  return {
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads ?? availableParallelism(),
    interOpNumThreads: 1,
    logSeverityLevel: LOG_FATAL,
    // Waiting threads that spin gain at most 1.5 % on a quiet machine and slow down everything on a busy one.
    extra: {
      session: { intra_op: { allow_spinning: '0' } },
      // It also merges zeros padded before a MaxPool into the pool, whose own padding is no value at all: wrong where
      // all that a window covers is negative, as in ResNet50V2.
      optimization: { disable_specified_optimizers: 'Pad_Fusion' },
    },
  };
}

function floats(data: unknown): Float32Array {
  if (data instanceof Float32Array) return data;
  throw new Error('the network gives something else than float32');
}
