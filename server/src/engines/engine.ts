/** A network loaded in an inference runtime: uint8 RGB patches in, CAM cells and logits out. */
export interface Engine {
  /**
   * @param patches shape [count, height, width, 3]
   * @returns `cells`: CAM + bias, shape [count, rows, columns, outputs]; `logits`: shape [count, outputs]
   */
  run(patches: Uint8Array, count: number): Promise<EngineOutput>;
  close(): Promise<void>;
}

export interface EngineOutput {
  cells: Float32Array;
  logits: Float32Array;
  /** Cells of a patch. */
  rows: number;
  columns: number;
}

/** Names of a classifier's input and outputs; no network has such names itself. */
export const TENSORS = {
  patches: 'openseadragon-cam/patches',
  cells: 'openseadragon-cam/cells',
  logits: 'openseadragon-cam/logits',
} as const;

/** What an engine makes something to run of. */
export interface EngineSource {
  /**
   * An ONNX model with the input `TENSORS.patches`, uint8 [N, height, width, 3], and the outputs `TENSORS.cells`,
   * float [N, rows, columns, outputs], and `TENSORS.logits`, float [N, outputs]: its bytes, or a file whose weights lie
   * in another one beside it.
   */
  onnx: Uint8Array | { file: string };
  height: number;
  width: number;
}

export interface EngineOptions {
  /** Threads of one inference; all that the process may use unless given. */
  threads?: number;
}

/** @throws Error with the runtime's own words where the network cannot be loaded */
export type EngineFactory = (source: EngineSource, options: EngineOptions) => Promise<Engine>;
