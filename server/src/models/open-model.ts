import { activate } from '../../../shared/activation.ts';
import type { Engine, EngineSource } from '../engines/engine.ts';
import { DEFAULT_ENGINE, loadEngine } from '../engines/engines.ts';
import { Problem } from '../errors.ts';
import { chooseBatchSize, measureSecondsPerPatch } from './batch-size.ts';
import { checkBackground, classNames, fileHash, fingerprint, warnings } from './describe-model.ts';
import { checkGolden } from './golden-patch.ts';
import type { ReadyConversion } from './kept-conversions.ts';
import { checkMap, type LoadCheck } from './load-check.ts';
import { type Manifest, manifestFile, readManifest } from './manifest.ts';
import type { Classification, Model, ModelDescription } from './model.ts';
import { checkModelFile, modelTitle } from './model-file.ts';

export interface OpenModelOptions {
  /** One of `ENGINE_NAMES`. */
  engine?: string;
  /** Threads of one inference; all that the process may use unless given. */
  threads?: number;
  /** Folder in which converted models, and the batch at which each is fastest, are kept; none are unless given. */
  conversions?: string;
}

/**
 * Opens a classifier with a global-average-pooling head, with its manifest beside it, and checks it on probe patches.
 *
 * @throws Problem `not-found`, `unreadable-model`, `bad-parameter` (an engine that there is not)
 */
export async function openModel(file: string, options: OpenModelOptions = {}): Promise<Model> {
  const engineName = options.engine ?? DEFAULT_ENGINE;
  const createEngine = await loadEngine(engineName);
  const kind = await checkModelFile(file);
  const manifest = await readManifest(manifestFile(file));
  return await naming(file, async () => {
    // Loaded here, so that a command that opens no model does not wait for it.
    const { convertModel } = await import('./convert-model.ts');
    const { encodedConversion, keptConversion } = await import('./kept-conversions.ts');
    const convert = () => convertModel(file, kind, manifest);
    const { conversions } = options;
    const converted = await (conversions === undefined
      ? convert().then(encodedConversion)
      : keptConversion(conversions, file, manifest, convert));
    // A conversion leaves twice the file's size behind, which the runtime below does not know how to ask for.
    globalThis.gc?.();
    const { onnx, patchHeight: height, patchWidth: width, outputs } = converted;
    const start = (network: EngineSource['onnx']) =>
      startEngine(() => createEngine({ onnx: network, height, width }, { threads: options.threads }), engineName);
    const engine = await start(onnx);
    try {
      const shape = { height, width, outputs };
      const check = await checkMap(engine, { ...converted, ...shape }, onnx, start);
      const description = describe(file, converted, manifest, engineName, check);
      checkBackground(description.background, description.classes, manifestFile(file));
      description.fingerprint = fingerprint(await fileHash(file, converted.companions), description);
      const key = { fingerprint: description.fingerprint, engine: engineName, threads: options.threads };
      const batchSize = await chooseBatchSize(engine, shape, key, conversions);
      const model = runningModel(
        engine,
        description,
        batchSize,
        await measureSecondsPerPatch(engine, shape, batchSize),
      );
      if (manifest?.golden) await checkGolden(model, manifest.golden, manifestFile(file));
      return model;
    } catch (error) {
      await engine.close();
      throw error;
    }
  });
}

function describe(
  file: string,
  converted: ReadyConversion,
  manifest: Manifest | null,
  engine: string,
  check: LoadCheck,
): ModelDescription {
  const { format, patchHeight, patchWidth, method, camLayer, activation, bias, preprocessing, layers } = converted;
  return {
    file,
    companions: converted.companions,
    title: modelTitle(file),
    format,
    classes: classNames(converted.outputs, manifest, converted.classNames, manifestFile(file)),
    patchHeight,
    patchWidth,
    cellRows: check.rows,
    cellColumns: check.columns,
    method,
    camLayer,
    activation,
    bias,
    preprocessing,
    resolution: manifest?.resolution,
    background: manifest?.background,
    engine,
    layers,
    check: { difference: check.difference, largestLogit: check.largestLogit },
    warnings: warnings(converted, manifest, manifestFile(file)),
    fingerprint: '',
  };
}

/** Puts the file's name before a problem that names neither it nor its manifest; one line, whatever names it holds. */
async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Problem)) {
      const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
      throw new Problem('unreadable-model', `${file}: cannot be read: ${reason}`, { cause: error });
    }
    const named = [file, manifestFile(file)].some((name) => error.message.startsWith(`${name}: `));
    const message = named ? error.message : `${file}: ${error.message}`;
    throw new Problem(error.code, message.replace(/\s*[\r\n]\s*/g, ' '), { cause: error });
  }
}

async function startEngine(start: () => Promise<Engine>, engineName: string): Promise<Engine> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof Problem) throw error;
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw new Problem('unreadable-model', `${engineName} cannot load the network: ${reason}`, { cause: error });
  }
}

function runningModel(
  engine: Engine,
  description: ModelDescription,
  batchSize: number,
  secondsPerPatch: number,
): Model {
  const { patchHeight, patchWidth, cellRows, cellColumns, activation } = description;
  const outputs = description.classes.length;
  const patchBytes = patchHeight * patchWidth * 3;
  const cellCount = cellRows * cellColumns * outputs;
  return {
    description,
    batchSize,
    secondsPerPatch,
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
