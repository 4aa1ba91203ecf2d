import { toChannelsLast, toLogical } from './layout.ts';
import { DEVICE_TYPE, type HostValue, type Numbers, type Order, type Tensor, type Tf, type Value } from './value.ts';

/** Gives the nodes of one graph their values as tensors, and keeps what is made of constants until it is closed. */
export class Workspace {
  readonly tf: Tf;
  readonly #constants = new WeakSet<Value>();
  readonly #kept = new Map<Value, Map<string, Tensor>>();

  constructor(tf: Tf) {
    this.tf = tf;
  }

  /** Says that a value is the same at every run. */
  setConstant(value: Value): void {
    this.#constants.add(value);
  }

  isConstant(value: Value): boolean {
    return this.#constants.has(value);
  }

  /** The value with its dimensions as the graph has them. */
  logical(value: Value): Tensor {
    if (value.kind === 'device' && value.order === 'logical') return value.tensor;
    return this.prepared(value, 'logical', (tensor) => tensor);
  }

  /** The value, of at most 4 dimensions, as [N, H, W, C]; missing dimensions come first. */
  channelsLast(value: Value): Tensor {
    if (value.kind === 'device' && value.order === 'channels-last') return value.tensor;
    return this.prepared(value, 'channels-last', (tensor) => toChannelsLast(this.tf, tensor));
  }

  ordered(value: Value, order: Order): Tensor {
    return order === 'logical' ? this.logical(value) : this.channelsLast(value);
  }

  /**
   * What a value becomes for a purpose: made once of a constant, at every run of anything else.
   *
   * @param purpose tells apart what is made of the same value
   * @param make takes the value in its logical order
   */
  prepared(value: Value, purpose: string, make: (tensor: Tensor) => Tensor): Tensor {
    const known = this.#kept.get(value)?.get(purpose);
    if (known) return known;
    const { tf } = this;
    if (!this.isConstant(value)) return make(this.#fresh(value));
    // A copy where `make` gives the constant's own tensor, which is released apart from this one.
    const tensor = tf.keep(tf.tidy(() => tf.clone(make(this.#fresh(value)))));
    const kept = this.#kept.get(value) ?? new Map<string, Tensor>();
    this.#kept.set(value, kept.set(purpose, tensor));
    return tensor;
  }

  /** In the value's logical order, and not kept: what is kept of a constant is what was made of this. */
  #fresh(value: Value): Tensor {
    if (value.kind === 'device') return toLogical(this.tf, value.tensor, value.order);
    return this.tf.tensor(deviceNumbers(value), [...value.shape], DEVICE_TYPE[value.type]);
  }

  /** The numbers themselves, in the value's logical order. */
  numbers(value: Value): Numbers {
    if (value.kind === 'host') return value.read();
    const data = this.logical(value).dataSync();
    return value.tensor.dtype === 'float32' ? new Float32Array(data) : new Float64Array(data);
  }

  close(): void {
    for (const tensors of this.#kept.values()) for (const tensor of tensors.values()) tensor.dispose();
    this.#kept.clear();
  }
}

/** The backend's integers have 32 bits; what goes beyond only ever means 'to the end' and is clamped. */
function deviceNumbers({ type, read }: HostValue): Float32Array | Int32Array | Uint8Array {
  const numbers = read();
  if (type === 'bool') return new Uint8Array(numbers);
  if (numbers instanceof Uint8Array) return new Int32Array(numbers);
  if (numbers instanceof Float32Array) return numbers;
  return Int32Array.from(numbers, (value) => Math.min(Math.max(value, -(2 ** 31)), 2 ** 31 - 1));
}
