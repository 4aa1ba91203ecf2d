import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type Activation, activate } from '../../../shared/activation.ts';
import type { Engine } from '../engines/engine.ts';
import { DEFAULT_ENGINE, loadEngine } from '../engines/engines.ts';
import { Problem } from '../errors.ts';
import { camLayerName, classNames, fingerprint, warnings } from './describe-model.ts';
import { checkGolden } from './golden-patch.ts';
import { checkInvariant, isBatchInvariant } from './load-check.ts';
import { type Manifest, manifestFile, readManifest } from './manifest.ts';
import type { Classification, Model, ModelDescription } from './model.ts';
import { checkModelFile } from './model-file.ts';
import type { NetworkGraph } from './onnx/network-graph.ts';
import type { PatchSize } from './patch-size.ts';

export { isModelFile, MODEL_ENDINGS } from './model-file.ts';

export interface OpenModelOptions {
  /** One of `ENGINE_NAMES`. */
  engine?: string;
  /** Threads of one inference; all that the process may use unless given. */
  threads?: number;
}

/** Patches up to this side run in batches of 16: larger ones fill the processor alone, and memory grows with both. */
const SMALL_PATCH = 160;

/**
 * Opens a classifier with a global-average-pooling head, with its manifest beside it, and checks it on probe patches.
 *
 * @throws Problem `not-found`, `unreadable-model`, `bad-parameter` (an engine that there is not)
 */
export async function openModel(file: string, options: OpenModelOptions = {}): Promise<Model> {
  const engineName = options.engine ?? DEFAULT_ENGINE;
  const createEngine = await loadEngine(engineName);
  const ending = await checkModelFile(file);
  const manifest = await readManifest(manifestFile(file));
  return await naming(file, async () => {
    const bytes = await readFile(file);
    const network = await readNetwork(file, ending, bytes, manifest?.patchSize);
    const { findHead } = await import('./onnx/head.ts');
    const { DATA_TYPE } = await import('./onnx/proto.ts');
    const { classifierModel, complemented } = await import('./onnx/classifier.ts');
    const found = findHead(network);
    const classes = classNames(found.outputs, manifest, manifestFile(file));
    const complement = classes.length > found.outputs;
    const head = complement ? { ...found, ...complemented(found) } : found;
    checkActivation(manifest?.activation, found.activation, manifestFile(file));
    const activation = manifest?.activation ?? found.activation ?? (found.outputs === 1 ? 'sigmoid' : 'softmax');
    if (found.outputs === 1 && activation === 'softmax') {
      throw new Problem(
        'unreadable-model',
        'has 1 output with softmax, which is always 1; sigmoid or none is expected',
      );
    }
    const camLayer = camLayerName(network, head, manifest, manifestFile(file));
    const preprocessing = manifest?.preprocessing ?? {
      ...DEFAULT_PREPROCESSING,
      scale: network.rescales ? 1 : 1 / 255,
    };
    const { height, width } = network.input;
    const source = { onnx: classifierModel(network, found, preprocessing, complement), height, width };
    const engine = await startEngine(() => createEngine(source, { threads: options.threads }), engineName);
    try {
      const shape = { height, width, outputs: classes.length };
      const halfPrecision = network.input.elementType === DATA_TYPE.float16;
      const check = await checkInvariant(engine, shape, camLayer, halfPrecision);
      const preferred = Math.max(height, width) <= SMALL_PATCH ? 16 : 4;
      const batchSize = (await isBatchInvariant(engine, shape, preferred)) ? preferred : 1;
      const description: ModelDescription = {
        file,
        title: basename(file, extname(file)),
        format: network.format,
        classes,
        patchHeight: height,
        patchWidth: width,
        cellRows: check.rows,
        cellColumns: check.columns,
        camLayer,
        activation,
        bias: Array.from(head.bias),
        preprocessing,
        resolution: manifest?.resolution,
        engine: engineName,
        layers: network.layers,
        check: { difference: check.difference, largestLogit: check.largestLogit },
        warnings: warnings(network, manifest, manifestFile(file)),
        fingerprint: '',
      };
      description.fingerprint = fingerprint(bytes, description);
      const model = runningModel(engine, description, batchSize);
      if (manifest?.golden) await checkGolden(model, manifest.golden, manifestFile(file));
      return model;
    } catch (error) {
      await engine.close();
      throw error;
    }
  });
}

const DEFAULT_PREPROCESSING = { channelOrder: 'rgb', mean: [0, 0, 0], std: [1, 1, 1] } satisfies Partial<
  NonNullable<Manifest['preprocessing']>
>;

/** Puts the file's name before a problem that names neither it nor its manifest; one line, whatever names it holds. */
async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const named = [file, manifestFile(file)].some((name) => error.message.startsWith(`${name}: `));
    const message = named ? error.message : `${file}: ${error.message}`;
    throw new Problem(error.code, message.replace(/\s*[\r\n]\s*/g, ' '), { cause: error });
  }
}

async function readNetwork(
  file: string,
  ending: string,
  bytes: Uint8Array,
  patchSize: PatchSize | undefined,
): Promise<NetworkGraph> {
  if (ending === '.onnx') {
    const { readOnnx } = await import('./onnx/read-onnx.ts');
    return readOnnx(bytes, patchSize);
  }
  const { readKerasH5 } = await import('./keras/h5.ts');
  const { kerasToOnnx } = await import('./keras/to-onnx.ts');
  return kerasToOnnx(await readKerasH5(file), patchSize);
}

async function startEngine(start: () => Promise<Engine>, engineName: string): Promise<Engine> {
  try {
    return await start();
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw new Problem('unreadable-model', `${engineName} cannot load the network: ${reason}`, { cause: error });
  }
}

function runningModel(engine: Engine, description: ModelDescription, batchSize: number): Model {
  const { patchHeight, patchWidth, cellRows, cellColumns, activation } = description;
  const outputs = description.classes.length;
  const patchBytes = patchHeight * patchWidth * 3;
  const cellCount = cellRows * cellColumns * outputs;
  return {
    description,
    batchSize,
    async classify(patches: Uint8Array, count: number): Promise<Classification> {
      if (!Number.isInteger(count) || count < 1 || patches.length !== count * patchBytes) {
        throw new RangeError(`${count} patches of ${patchBytes} bytes were expected, found ${patches.length} bytes`);
      }
      const cells = new Float32Array(count * cellCount);
      const logits = new Float32Array(count * outputs);
      for (let start = 0; start < count; start += batchSize) {
        const end = Math.min(count, start + batchSize);
        const part = await engine.run(patches.subarray(start * patchBytes, end * patchBytes), end - start);
        cells.set(part.cells, start * cellCount);
        logits.set(part.logits, start * outputs);
      }
      return { cells, logits, probabilities: activate(logits, outputs, activation) };
    },
    close: () => engine.close(),
  };
}

/** The manifest says the activation of a head that has none; a model's own is the model's. */
function checkActivation(wanted: Activation | undefined, own: Activation | null, manifest: string): void {
  if (wanted === undefined || own === null || wanted === own) return;
  throw new Problem(
    'unreadable-model',
    `${manifest}: activation: expected ${own}, which the model ends in, or nothing, found ${wanted}`,
  );
}
