import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { activate } from '../../../shared/activation.ts';
import type { Engine } from '../engines/engine.ts';
import { DEFAULT_ENGINE, loadEngine } from '../engines/engines.ts';
import { Problem } from '../errors.ts';
import { checkInvariant, isBatchInvariant } from './load-check.ts';
import { type Manifest, manifestFile, readManifest } from './manifest.ts';
import type { Classification, Model, ModelDescription } from './model.ts';
import { checkModelFile } from './model-file.ts';
import type { Head } from './onnx/head.ts';
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
    const { classifierModel, complemented } = await import('./onnx/classifier.ts');
    const found = findHead(network);
    const classes = classNames(found.outputs, manifest, manifestFile(file));
    const complement = classes.length > found.outputs;
    const head = complement ? { ...found, ...complemented(found) } : found;
    const activation = manifest?.activation ?? found.activation ?? (found.outputs === 1 ? 'sigmoid' : 'softmax');
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
      const halfPrecision = network.input.elementType === HALF_PRECISION;
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
/** ONNX's number of the element type float16. */
const HALF_PRECISION = 10;
/** Largest difference from the manifest's golden probabilities. */
const GOLDEN_TOLERANCE = 1e-3;

/** Puts the file's name before a problem that names neither it nor its manifest. */
async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const named = (message: string) => [file, manifestFile(file)].some((name) => message.startsWith(`${name}: `));
    if (!(error instanceof Problem) || named(error.message)) throw error;
    throw new Problem(error.code, `${file}: ${error.message}`, { cause: error });
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

/** Names and colours for every output; two names for one output mean [1 - p, p]. */
function classNames(outputs: number, manifest: Manifest | null, file: string): ModelDescription['classes'] {
  if (!manifest?.classes) return Array.from({ length: outputs }, (_, i) => ({ name: `class ${i}`, color: null }));
  const classes = manifest.classes.map((entry) =>
    typeof entry === 'string' ? { name: entry, color: null } : { name: entry.name, color: entry.color ?? null },
  );
  const fits = classes.length === outputs || (outputs === 1 && classes.length === 2);
  if (!fits) {
    const expected = outputs === 1 ? '1 or 2 names for its 1 output' : `${outputs} names for its ${outputs} outputs`;
    throw new Problem('unreadable-model', `${file}: classes: the model needs ${expected}, found ${classes.length}`);
  }
  const repeated = classes.find(({ name }, i) => classes.findIndex((other) => other.name === name) !== i);
  if (repeated) throw new Problem('unreadable-model', `${file}: classes: '${repeated.name}' is there twice`);
  return classes;
}

/** The layer whose output is pooled; the manifest may name it, but there is no other with an exact map. */
function camLayerName(network: NetworkGraph, head: Head, manifest: Manifest | null, file: string): string {
  const names = network.layersOf(head.features).map(({ name }) => name);
  const [name = head.features] = names;
  const wanted = manifest?.camLayer;
  if (wanted === undefined || wanted === head.features || names.includes(wanted)) return name;
  throw new Problem(
    'unreadable-model',
    `${file}: camLayer: the layer that feeds the pooling is '${name}', found '${wanted}'`,
  );
}

function warnings(network: NetworkGraph, manifest: Manifest | null, file: string): string[] {
  const name = basename(file);
  if (!manifest) {
    const scaling = network.rescales ? 'RGB as it is (the model rescales it)' : 'RGB / 255';
    return [`there is no ${name}: classes have no names and the input is taken as ${scaling}`];
  }
  const list: string[] = [];
  if (!manifest.classes) list.push(`${name} names no classes`);
  if (!manifest.preprocessing && !network.rescales) list.push(`${name} has no preprocessing: RGB / 255 is assumed`);
  return list;
}

/** Everything that the numbers depend on, and nothing else: neither names nor colours. */
function fingerprint(bytes: Uint8Array, description: ModelDescription): string {
  const { patchHeight, patchWidth, preprocessing, resolution, camLayer, activation, classes, engine } = description;
  const settings = {
    patch: [patchHeight, patchWidth],
    preprocessing,
    resolution: resolution ?? null,
    camLayer,
    activation,
    classes: classes.length,
    engine,
  };
  return createHash('sha256').update(bytes).update(JSON.stringify(settings)).digest('hex').slice(0, 16);
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

/** The manifest's own patch must give the manifest's own probabilities. */
async function checkGolden(model: Model, golden: NonNullable<Manifest['golden']>, file: string): Promise<void> {
  const { patchHeight, patchWidth, classes } = model.description;
  const { default: sharp } = await import('sharp');
  const image = join(dirname(file), golden.patch);
  const pixels = await sharp(image)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((error: unknown) => {
      throw new Problem('unreadable-model', `${file}: golden.patch: '${golden.patch}' cannot be read`, {
        cause: error,
      });
    });
  const { width, height, channels } = pixels.info;
  if (width !== patchWidth || height !== patchHeight || channels !== 3) {
    throw new Problem(
      'unreadable-model',
      `${file}: golden.patch: ${patchWidth} x ${patchHeight} RGB pixels are expected, found ${width} x ${height} of ${channels}`,
    );
  }
  if (golden.probabilities.length !== classes.length) {
    const found = golden.probabilities.length;
    throw new Problem(
      'unreadable-model',
      `${file}: golden.probabilities: ${classes.length} are expected, found ${found}`,
    );
  }
  const { probabilities } = await model.classify(pixels.data, 1);
  const camLayer = model.description.camLayer;
  for (const [i, expected] of golden.probabilities.entries()) {
    if (!(Math.abs(probabilities[i] - expected) <= GOLDEN_TOLERANCE)) {
      throw new Problem(
        'unreadable-model',
        `${file}: golden: for class '${classes[i].name}' (map at layer '${camLayer}') the probability should be ` +
          `${expected}, the model gives ${probabilities[i].toPrecision(6)}`,
      );
    }
  }
}
