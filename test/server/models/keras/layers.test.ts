import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../../../server/src/models/keras/model-config.ts';
import type { KerasLayer, KerasModel, WeightArray } from '../../../../server/src/models/keras/network.ts';
import { numbers } from '../keras-file.ts';
import { onnxruntime, runNetwork, tensorflowJs } from './run-layer.ts';

/** One line of what expected.py writes. */
interface Case {
  name: string;
  /** Largest value of the image. */
  scale: number;
  config: unknown;
  /** Name, shape and seed of each weight, by the name of its layer. */
  weights: Record<string, [name: string, shape: number[], seed: number][]>;
  shape: number[];
  /** Little-endian float32 in base64. */
  output: string;
}

const folder = path.join(import.meta.dirname, 'expected');

describe.each(readdirSync(folder).filter((name) => name.endsWith('.json')))('%s', (file) => {
  const { version, cases }: { version: number; cases: Case[] } = JSON.parse(
    readFileSync(path.join(folder, file), 'utf8'),
  );

  test.each(cases)('$name', async ({ scale, config, weights, shape, output }) => {
    const model = parseModelConfig(config, version);
    const image = inputShape(model);
    const values = numbers(image[0] * image[1] * image[2], 7).map((value) => value * Math.fround(scale));
    const network = { format: 'test', model, weights: seededWeights(model, weights) };
    const bytes = Buffer.from(output, 'base64');
    const expected = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    expect(expected.length).toBe(shape.reduce((product, size) => product * size, 1));
    for (const runner of [onnxruntime, tensorflowJs]) {
      const actual = await runNetwork(network, { shape: image, values }, runner);
      expect(actual.length).toBe(expected.length);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      const difference = expected.reduce((most, value, i) => Math.max(most, Math.abs(actual[i] - value)), 0);
      expect(difference).toBeLessThan(4e-6 * largest);
    }
  });
});

function inputShape(model: KerasModel): [number, number, number] {
  const { config } = model.layers[0];
  const shape = config.batch_shape ?? config.batch_input_shape;
  if (!Array.isArray(shape) || shape.length !== 4) throw new Error('an image is expected');
  return [shape[1], shape[2], shape[3]];
}

function seededWeights(model: KerasModel, weights: Case['weights']): Map<KerasLayer, WeightArray[]> {
  const assigned = new Map<KerasLayer, WeightArray[]>();
  for (const layer of leaves(model)) {
    const named = weights[layer.name] ?? [];
    assigned.set(
      layer,
      named.map(([name, shape, seed]) => ({ name, shape, values: seeded(name, shape, seed) })),
    );
  }
  return assigned;
}

function leaves(model: KerasModel): KerasLayer[] {
  return model.layers.flatMap((layer) => (layer.model ? leaves(layer.model) : [layer]));
}

/** As seeded_weights() in expected.py: variances are positive. */
function seeded(name: string, shape: readonly number[], seed: number): Float32Array {
  const values = numbers(
    shape.reduce((product, size) => product * size, 1),
    seed,
  );
  return name.includes('variance') ? values.map((value) => Math.abs(value) + 0.5) : values;
}
