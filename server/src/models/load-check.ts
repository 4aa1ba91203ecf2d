import { seededRandom } from '../../../shared/seeded-random.ts';
import type { Engine, EngineOutput } from '../engines/engine.ts';
import { Problem } from '../errors.ts';

/** Largest |mean of cells - logit| allowed, relative to the largest |cell|: summing some hundred float32 numbers. */
const FLOAT32_TOLERANCE = 1e-4;
/** The same where the network itself computes in float16, of 11 bits. */
const FLOAT16_TOLERANCE = 2e-2;

/** Pixels of a patch, and the network's outputs. */
export interface ProbeShape {
  height: number;
  width: number;
  outputs: number;
}

export interface LoadCheck {
  difference: number;
  largestLogit: number;
  rows: number;
  columns: number;
}

/**
 * Seeded patches of noise over a gradient, so that no cell is like another: constant colour would hide a transposed or
 * shifted map.
 *
 * @returns shape [count, height, width, 3]
 */
function probePatches({ height, width }: ProbeShape, count: number): Uint8Array {
  const random = seededRandom(0x0ca3);
  const patches = new Uint8Array(count * height * width * 3);
  let i = 0;
  for (let patch = 0; patch < count; patch++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let channel = 0; channel < 3; channel++) {
          const gradient = [x / width, y / height, (x + y) / (width + height)][(channel + patch) % 3];
          patches[i++] = 160 * gradient + 95 * random();
        }
      }
    }
  }
  return patches;
}

/**
 * Runs one probe patch and checks that the mean over its cells of CAM + bias is the logit, for every output.
 *
 * @param camLayer for the message
 * @throws Problem `unreadable-model` naming the layer and the two numbers
 */
export async function checkInvariant(
  engine: Engine,
  shape: ProbeShape,
  camLayer: string,
  halfPrecision: boolean,
): Promise<LoadCheck> {
  const { outputs } = shape;
  const { cells, logits, rows, columns } = await engine.run(probePatches(shape, 1), 1).catch((error: unknown) => {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw new Problem('unreadable-model', `the map at layer '${camLayer}' cannot be computed: ${reason}`, {
      cause: error,
    });
  });
  if (cells.length !== rows * columns * outputs || logits.length !== outputs) {
    const found = `${logits.length} logits, ${cells.length} values in ${rows} x ${columns} cells`;
    throw new Problem('unreadable-model', `layer '${camLayer}': ${outputs} outputs were expected, found ${found}`);
  }
  if (![...cells, ...logits].every(Number.isFinite)) {
    throw new Problem('unreadable-model', `layer '${camLayer}' gives values that are not finite for a patch of noise`);
  }
  const largestCell = cells.reduce((largest, cell) => Math.max(largest, Math.abs(cell)), 0);
  const allowed = (halfPrecision ? FLOAT16_TOLERANCE : FLOAT32_TOLERANCE) * largestCell;
  let difference = 0;
  for (let output = 0; output < outputs; output++) {
    const mean = meanOfCells(cells, outputs, output);
    const off = Math.abs(mean - logits[output]);
    if (off > allowed) {
      throw new Problem(
        'unreadable-model',
        `no exact class activation map at layer '${camLayer}': for output ${output} the mean over the cells is ` +
          `${mean.toPrecision(6)}, the model's own logit ${logits[output].toPrecision(6)}`,
      );
    }
    difference = Math.max(difference, off);
  }
  const largestLogit = logits.reduce((largest, logit) => Math.max(largest, Math.abs(logit)), 0);
  return { difference, largestLogit, rows, columns };
}

function meanOfCells(cells: Float32Array, outputs: number, output: number): number {
  let sum = 0;
  for (let i = output; i < cells.length; i += outputs) sum += cells[i];
  return sum / (cells.length / outputs);
}

/**
 * Whether patches give the same bits in batches of `batchSize`, and of a remainder, as alone. A network exported for a
 * batch of 1 fails here, or fails to run.
 */
export async function isBatchInvariant(engine: Engine, shape: ProbeShape, batchSize: number): Promise<boolean> {
  const patches = probePatches(shape, batchSize);
  const size = shape.height * shape.width * 3;
  const single = async (patch: number) => engine.run(patches.subarray(patch * size, (patch + 1) * size), 1);
  try {
    const last = batchSize - 1;
    const alone = [await single(0), await single(last)];
    const whole = await engine.run(patches, batchSize);
    const rest = await engine.run(patches.subarray(size), last);
    return equalPatch(whole, 0, alone[0]) && equalPatch(whole, last, alone[1]) && equalPatch(rest, last - 1, alone[1]);
  } catch {
    return false;
  }
}

function equalPatch(batch: EngineOutput, patch: number, alone: EngineOutput): boolean {
  const part = (values: Float32Array, length: number) => values.subarray(patch * length, (patch + 1) * length);
  return (
    equalBits(part(batch.cells, alone.cells.length), alone.cells) &&
    equalBits(part(batch.logits, alone.logits.length), alone.logits)
  );
}

function equalBits(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
