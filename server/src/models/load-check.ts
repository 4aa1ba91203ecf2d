import type { Method } from '../../../shared/heatmap-descriptor.ts';
import { seededRandom } from '../../../shared/seeded-random.ts';
import type { Engine, EngineOutput, EngineSource } from '../engines/engine.ts';
import { Problem } from '../errors.ts';

/** Largest |mean of cells - logit| allowed, relative to the largest |cell|: summing some hundred float32 numbers. */
const FLOAT32_TOLERANCE = 1e-4;
/** The same where the network itself computes in float16, of 11 bits. */
const FLOAT16_TOLERANCE = 2e-2;

/**
 * Largest |slope - sum of the map| allowed: `tolerance` times the largest sum of |cells|, and `rounding` of the largest
 * logit over the way that it was measured on.
 */
const LINEAR_SLOPE = { tolerance: 1e-4, rounding: 1e-5 };
/** Where activations change their sides on the way. */
const SLOPE = { tolerance: 2e-2, rounding: 1e-6 };
const HALF_SLOPE = { tolerance: 1e-1, rounding: 2e-3 };

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
export function probePatches({ height, width }: ProbeShape, count: number): Uint8Array {
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

/** What is known of a map before it is proved. */
export interface MapToCheck extends ProbeShape {
  method: Method;
  /** For messages. */
  camLayer: string;
  /** Whether the network itself computes in float16. */
  halfPrecision: boolean;
}

/**
 * Proves the map on a probe patch by the network's own logits, each method in its way.
 *
 * @param classifier the ONNX model that `engine` runs
 * @param start starts the same engine with another model
 * @throws Problem `unreadable-model` naming the layer and the two numbers
 */
export async function checkMap(
  engine: Engine,
  map: MapToCheck,
  classifier: EngineSource['onnx'],
  start: (onnx: EngineSource['onnx']) => Promise<Engine>,
): Promise<LoadCheck> {
  return map.method === 'cam' ? checkInvariant(engine, map) : checkGradient(engine, map, classifier, start);
}

/** Checks that the mean over the cells of CAM + bias is the logit, for every output. */
async function checkInvariant(engine: Engine, map: MapToCheck): Promise<LoadCheck> {
  const { cells, logits, rows, columns } = await runProbe(engine, map);
  const { outputs, camLayer, halfPrecision } = map;
  const allowed = (halfPrecision ? FLOAT16_TOLERANCE : FLOAT32_TOLERANCE) * largest(cells);
  let difference = 0;
  for (let output = 0; output < outputs; output++) {
    const mean = sumOfCells(cells, outputs, output) / (rows * columns);
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
  return { difference, largestLogit: largest(logits), rows, columns };
}

/**
 * Checks the gradient behind a map: the sum over the cells of HiResCAM must be the slope of the logit where the feature
 * maps are scaled (`GradientCheck`). For a head that is linear the slope is exact, and the sum plus the head's bias is the
 * logit; for any other it is measured over a short way, on which a few activations change their sides.
 */
async function checkGradient(
  engine: Engine,
  map: MapToCheck,
  classifier: EngineSource['onnx'],
  start: (onnx: EngineSource['onnx']) => Promise<Engine>,
): Promise<LoadCheck> {
  const { logits, rows, columns } = await runProbe(engine, map);
  const { gradientCheck } = await import('./onnx/gradient/gradient-check.ts');
  const { readClassifier } = await import('./onnx/classifier-file.ts');
  const check = gradientCheck(await readClassifier(classifier));
  if (!check) throw new Problem('failed', `the map at layer '${map.camLayer}' has nothing to be checked by`);
  const proof = await start(check.onnx);
  const { cells, logits: ends } = await proof
    .run(probePatches(map, 1), 1)
    .catch(cannotCompute(map.camLayer))
    .finally(() => proof.close());
  const outputs = ends.length / (2 * check.ways.length);
  const { tolerance, rounding } = map.halfPrecision ? HALF_SLOPE : check.linear ? LINEAR_SLOPE : SLOPE;
  // What cancels in the sums is what rounding, and activations that change their sides, are measured against.
  const sizes = Array.from({ length: outputs }, (_, output) => sumOfCells(cells.map(Math.abs), outputs, output));
  const longest = check.ways[0].to - check.ways[0].from;
  const allowed = tolerance * largest(sizes) + (rounding / longest) * largest(ends);
  let difference = 0;
  for (let output = 0; output < outputs; output++) {
    const sum = sumOfCells(cells, outputs, output);
    const slopes = check.ways.map(({ from, to }, way) => {
      const start = 2 * way * outputs + output;
      return (ends[start + outputs] - ends[start]) / (to - from);
    });
    const slope = slopes.reduce((best, next) => (Math.abs(next - sum) < Math.abs(best - sum) ? next : best));
    const off = Math.abs(slope - sum);
    if (!(off <= allowed)) {
      throw new Problem(
        'unreadable-model',
        `no exact gradient at layer '${map.camLayer}': for output ${output} the sum over the cells of the map is ` +
          `${sum.toPrecision(6)}, the slope of the model's own logit ${slope.toPrecision(6)}`,
      );
    }
    difference = Math.max(difference, off);
  }
  return { difference, largestLogit: largest(logits), rows, columns };
}

/** Runs one probe patch; what comes back is of the right sizes and finite. */
async function runProbe(engine: Engine, map: MapToCheck): Promise<EngineOutput> {
  const { outputs, camLayer } = map;
  const output = await engine.run(probePatches(map, 1), 1).catch(cannotCompute(camLayer));
  const { cells, logits, rows, columns } = output;
  if (cells.length !== rows * columns * outputs || logits.length !== outputs) {
    const found = `${logits.length} logits, ${cells.length} values in ${rows} x ${columns} cells`;
    throw new Problem('unreadable-model', `layer '${camLayer}': ${outputs} outputs were expected, found ${found}`);
  }
  if (![...cells, ...logits].every(Number.isFinite)) {
    throw new Problem('unreadable-model', `layer '${camLayer}' gives values that are not finite for a patch of noise`);
  }
  return output;
}

function cannotCompute(camLayer: string): (error: unknown) => never {
  return (error) => {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw new Problem('unreadable-model', `the map at layer '${camLayer}' cannot be computed: ${reason}`, {
      cause: error,
    });
  };
}

function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function sumOfCells(cells: Float32Array, outputs: number, output: number): number {
  let sum = 0;
  for (let i = output; i < cells.length; i += outputs) sum += cells[i];
  return sum;
}

/**
 * Whether patches give the same bits in batches of `batchSize`, and of a remainder, as alone. A network exported for a
 * batch of 1 fails here, or fails to run.
 */
export async function isBatchInvariant(engine: Engine, shape: ProbeShape, batchSize: number): Promise<boolean> {
  if (batchSize === 1) return true;
  const patches = probePatches(shape, batchSize);
  const size = shape.height * shape.width * 3;
  const single = async (patch: number) => engine.run(patches.subarray(patch * size, (patch + 1) * size), 1);
  try {
    const last = batchSize - 1;
    const [first, final] = [await single(0), await single(last)];
    if (!equalPatch(await engine.run(patches, batchSize), 0, first)) return false;
    // The last batch of a task may have any size, and a runtime chooses its kernels by it.
    for (let count = 2; count <= batchSize; count++) {
      const part = await engine.run(patches.subarray((batchSize - count) * size), count);
      if (!equalPatch(part, count - 1, final)) return false;
    }
    return true;
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
