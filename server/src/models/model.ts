import type { Activation } from '../../../shared/activation.ts';
import type { Method } from '../../../shared/heatmap-descriptor.ts';
import type { Manifest } from './manifest.ts';

/** What is known of a model that passed its load check; plain data, so that it travels between processes. */
export interface ModelDescription {
  file: string;
  /** Paths of the other files that it is made of, relative to its folder: shards of weights, for one. */
  companions: string[];
  title: string;
  /** For people: `Keras 2.1.6 HDF5`, `ONNX opset 13`. */
  format: string;
  /** One name for each output; a single sigmoid output with two names has been expanded to [1 - p, p]. */
  classes: { name: string; color: string | null }[];
  /** Pixels of a patch at the analysis resolution. */
  patchHeight: number;
  patchWidth: number;
  /** Cells of a patch. */
  cellRows: number;
  cellColumns: number;
  /** How the map comes about; all but `cam` follow the gradient of the logits. */
  method: Method;
  camLayer: string;
  /** From logits to probabilities; `none` offers the scores `cam` and `patch` (the logit, unchanged) only. */
  activation: Activation;
  /** Bias of each class, 0 where the map has none: `cells` hold CAM + bias, so CAM = cell - bias. */
  bias: number[];
  preprocessing: Manifest['preprocessing'];
  resolution: Manifest['resolution'];
  /** What is background unless a request says otherwise. */
  background: Manifest['background'];
  /** Name of the engine and its precision, e.g. `onnxruntime-float32`. */
  engine: string;
  layers: LayerDescription[];
  /**
   * Load check on a probe patch: for `cam` the largest |mean over cells of (CAM + bias) - logit|, for other methods the
   * largest difference between the slope of a logit and the sum of its map; and the largest |logit|.
   */
  check: { difference: number; largestLogit: number };
  warnings: string[];
  /** What a patch took when the worker opened the model: an estimate for as long as nothing was classified. */
  secondsPerPatch?: number;
  /** Hash of the file, of the manifest fields that change numbers, and of the engine's name. */
  fingerprint: string;
}

export interface LayerDescription {
  name: string;
  /** Keras class or ONNX operator. */
  type: string;
  /** [rows, columns, channels] or [channels]; null where not known. */
  outputShape: number[] | null;
}

/** What the model computes for patches. */
export interface Classification {
  /** CAM + bias, shape [patches, cellRows, cellColumns, classes], row-major. */
  cells: Float32Array;
  /** Shape [patches, classes]. */
  logits: Float32Array;
  /** `activation` of the logits, shape [patches, classes]. */
  probabilities: Float32Array;
}

/** A model ready to classify; the same patch gives the same bits in any batch. */
export interface Model {
  readonly description: ModelDescription;
  /** Patches per call at which the engine is at full speed. */
  readonly batchSize: number;
  /** Seconds of one batch when the model was opened, for each of its patches. */
  readonly secondsPerPatch: number;
  /** @param patches RGB bytes, shape [count, patchHeight, patchWidth, 3]; any count from 1 */
  classify(patches: Uint8Array, count: number): Promise<Classification>;
  close(): Promise<void>;
}
