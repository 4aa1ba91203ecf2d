import { open, readFile, rename, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { EngineSource } from '../../engines/engine.ts';
import { readExternalData } from './external-data.ts';
import { type ModelProto, onnx, type TensorProto } from './proto.ts';

/** Constants of fewer bytes stay in the graph: a file of their own would cost more than it saves. */
const SMALL_BYTES = 1024;

/** Weights start at multiples of this many bytes, as processors like them. */
const ALIGNMENT = 64;

/**
 * Writes a model as two files, the graph and, beside it, its weights (ONNX "external data"): a runtime then maps the
 * weights into memory instead of copying them, once for all processes. Each file appears when it is whole.
 *
 * @param path of the graph's file; that of the weights is `path` + `.weights`
 */
export async function writeClassifier(path: string, model: ModelProto): Promise<void> {
  const initializers = model.graph?.initializer ?? [];
  const location = `${basename(path)}.weights`;
  const weights: Uint8Array[] = [];
  let offset = 0;
  const graphTensors = initializers.map((tensor): TensorProto => {
    const { rawData, ...rest } = tensor;
    if (!rawData || rawData.length < SMALL_BYTES) return tensor;
    const padding = (ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT;
    if (padding > 0) weights.push(new Uint8Array(padding));
    weights.push(rawData);
    const entries = { location, offset: offset + padding, length: rawData.length };
    offset += padding + rawData.length;
    return {
      ...rest,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value: String(value) })),
      dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
    };
  });
  await writeWhole(`${path}.weights`, weights);
  const graph = { ...model.graph, initializer: graphTensors };
  await writeWhole(path, [onnx.ModelProto.encode({ ...model, graph }).finish()]);
}

/**
 * Decodes a classifier with all its weights.
 *
 * @throws Problem where the weights' file is missing or too short
 */
export async function readClassifier(source: EngineSource['onnx']): Promise<ModelProto> {
  if (source instanceof Uint8Array) return onnx.ModelProto.decode(source);
  const model = onnx.ModelProto.decode(await readFile(source.file));
  if (model.graph) await readExternalData(source.file, model.graph);
  return model;
}

/** Files written by this process so far. */
let written = 0;

/** Several processes may write the same file: each under a name of its own first. */
export async function writeWhole(file: string, parts: readonly (Uint8Array | string)[]): Promise<void> {
  const partial = `${file}.${process.pid}-${++written}.partial`;
  try {
    const handle = await open(partial, 'w');
    try {
      for (const part of parts) await handle.writeFile(part);
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
