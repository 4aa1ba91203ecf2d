/**
 * A Keras model in memory, whatever container it came from: what its layers are, how they are connected, and their
 * weights. A reader of a container makes it; an engine makes something to run of it.
 */
export interface KerasNetwork {
  /** For people: `Keras 2.1.6 HDF5`. */
  format: string;
  model: KerasModel;
  /** Weights of each leaf layer in the order of Keras's get_weights(); layers without weights may be missing. */
  weights: Map<KerasLayer, WeightArray[]>;
  /** Class names among the metadata of the file; left out where it has none. */
  classNames?: string[];
  /** Paths of the other files that it was read from, relative to its folder. */
  companions?: string[];
}

export interface WeightArray {
  name: string;
  shape: number[];
  values: Float32Array;
}

/** A Sequential or Functional model, possibly inside another. */
export interface KerasModel {
  name: string;
  layers: KerasLayer[];
  inputs: TensorReference[];
  outputs: TensorReference[];
}

export interface KerasLayer {
  name: string;
  className: string;
  config: Record<string, unknown>;
  /** Version of Keras that wrote it: 1, 2 or 3; some layers compute other numbers in each. */
  version: number;
  /** What the layer is applied to; more than once where it is shared. */
  calls: KerasCall[];
  /** Everything that each call is given, for what needs more than tensors; absent where `calls` says it all. */
  callArguments?: CallArguments[];
  /** Present where the layer is a model itself. */
  model?: KerasModel;
}

/** Arguments in their order: tensors, and the plain numbers of Python operators (`x * 2`). */
export type KerasCall = (TensorReference | number)[];

/** Arguments of one call, the tensors among them as references. */
export interface CallArguments {
  positional: Argument[];
  named: Record<string, Argument>;
}

/** A tensor, a list that may hold tensors, or anything else as the file has it. */
export type Argument<Tensor = TensorReference> = { tensor: Tensor } | { list: Argument<Tensor>[] } | { value: unknown };

/** The result of one call of a layer. */
export interface TensorReference {
  layer: string;
  call: number;
  /** Which one, where a call has several and it is not the first. */
  result?: number;
}
