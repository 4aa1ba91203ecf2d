import { isRecord } from '../config-json.ts';
import { layerProblem, type WeightedLayer } from '../layer.ts';
import type { ConstantArray } from '../layout.ts';

/**
 * Numbers in a configuration: one, or lists within lists; Keras 3 also writes `{ config: { value } }`, some versions of
 * Keras 2 `{ type: 'ndarray', value }`. Null for anything else, lists of unequal lengths among it.
 */
export function constantArray(value: unknown): ConstantArray | null {
  const inner = isRecord(value) ? (isRecord(value.config) ? value.config.value : value.value) : value;
  const shape: number[] = [];
  for (let item = inner; Array.isArray(item); [item] = item) shape.push(item.length);
  const numbers = flatNumbers(inner, shape);
  return numbers && { shape, values: Float32Array.from(numbers) };
}

function flatNumbers(value: unknown, shape: readonly number[]): number[] | null {
  const [length, ...rest] = shape;
  if (length === undefined) return typeof value === 'number' && Number.isFinite(value) ? [value] : null;
  if (!Array.isArray(value) || value.length !== length) return null;
  const parts = value.map((item) => flatNumbers(item, rest));
  return parts.every((part) => part !== null) ? parts.flat() : null;
}

/** @throws Problem where the setting is not numbers */
export function arraySetting(layer: WeightedLayer, key: string): ConstantArray {
  const array = constantArray(layer.config[key]);
  if (array) return array;
  throw layerProblem(layer, `has ${key} ${JSON.stringify(layer.config[key])}; numbers are expected`);
}
